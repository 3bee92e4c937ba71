import pytest
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

from lib.languages import LANGUAGES, code_of_tag, iso_code_of, language, parse_languages

NLLB = {row.code: row.nllb for row in LANGUAGES.values()}


@pytest.mark.parametrize("code", ["est", "gle", "mar", "mlt"])
def test_sources_of_gmu_that_seamless_knows(code):
    assert language(code).seamless == code


@pytest.mark.parametrize("code", ["aeb", "bem", "bho", "fon", "que"])
def test_sources_of_gmu_that_seamless_lacks(code):
    assert language(code).seamless is None


@pytest.mark.parametrize("code, token", [("zho", "__cmn__"), ("que", "__que__")])
def test_language_tokens(code, token):
    assert language(code).token == token


def test_nllb_has_every_language_but_mboshi():
    assert [code for code, nllb in NLLB.items() if nllb is None] == ["mdw"]


@pytest.mark.parametrize("nllb", sorted(set(NLLB.values()) - {None}))
def test_codes_of_nllb_are_those_of_its_tokenizer(nllb):
    assert nllb in FAIRSEQ_LANGUAGE_CODES


def test_nllb_has_macrolanguages_as_one_of_their_members():
    members = {code: nllb for code, nllb in NLLB.items() if nllb and not nllb.startswith(code)}
    assert members == {"que": "quy_Latn", "swa": "swh_Latn", "ara": "arb_Arab"}


@pytest.mark.parametrize("code, nllb", [("zho", "zho_Hans"), ("yue", "yue_Hant")])
def test_scripts_of_chinese(code, nllb):
    assert language(code).nllb == nllb


@pytest.mark.parametrize("code, tokenizer", [("eng", "13a"), ("zho", "char"), ("kor", "char")])
def test_bleu_tokenizers(code, tokenizer):
    assert language(code).bleu_tokenizer == tokenizer


def test_names_may_contain_spaces():
    assert language("apc").name == "North Levantine Arabic"


@pytest.mark.parametrize(
    "resource, code, found",
    [("nllb", "quy_Latn", "que"), ("common_voice", "ga-IE", "gle"), ("fleurs", "xx_yy", None)],
)
def test_iso_codes_of_resources(resource, code, found):
    assert iso_code_of(resource, code) == found


@pytest.mark.parametrize(
    "code, hint", [("es", "'spa'"), ("Estonian", "'est'"), ("xyz", "add a row")]
)
def test_an_unknown_language_is_refused_with_a_hint(code, hint):
    with pytest.raises(ValueError, match=hint):
        language(code)


# ---- lists of languages ----


@pytest.mark.parametrize("text", ["eng deu", "eng,deu", " eng, deu eng "])
def test_languages(text):
    assert parse_languages(text) == ("eng", "deu")


@pytest.mark.parametrize("text", ["", " , "])
def test_no_language_is_refused(text):
    with pytest.raises(ValueError, match="no language is given; write them as: eng deu"):
        parse_languages(text)


def test_an_unknown_language_of_a_list_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown language 'xyz'"):
        parse_languages("eng xyz")


@pytest.mark.parametrize(
    "tag, code",
    [("EN", "eng"), ("Fra", "fra"), ("fre", "fra"), ("pt-BR", "por"), ("zh_Hant_HK", "zho")]
    + [("zh-yue", "yue"), ("arb", "ara"), ("quy", "que"), ("fra_Latn", "fra"), (" ga-IE ", "gle")]
    + [("french", None), ("xxx", None), ("", None), ("-", None), ("nan", None)],
)
def test_a_code_that_means_a_language_of_the_table(tag, code):
    assert code_of_tag(tag) == code


@pytest.mark.parametrize("row", LANGUAGES.values(), ids=lambda row: row.code)
def test_the_codes_of_a_language_mean_it(row):
    tags = (row.code, row.locale, row.seamless, row.whisper, row.nllb)
    assert {code_of_tag(tag) for tag in tags if tag} == {row.code}
