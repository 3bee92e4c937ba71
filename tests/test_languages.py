import pytest

from lib.languages import LANGUAGES, iso_code_of, language


def test_what_seamless_knows_of_gmus_sources():
    assert {code for code in ("est", "gle", "mar", "mlt") if language(code).seamless} == {"est", "gle", "mar", "mlt"}
    assert not any(language(code).seamless for code in ("aeb", "bem", "bho", "fon", "que"))
    assert language("zho").token == "__cmn__" and language("que").token == "__que__"


def test_nllb_has_every_language_but_mboshi_under_a_code_of_its_own():
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

    codes = {row.code: row.nllb for row in LANGUAGES.values()}
    assert [code for code, theirs in codes.items() if theirs is None] == ["mdw"]
    assert set(codes.values()) - {None} <= set(FAIRSEQ_LANGUAGE_CODES)
    # a macrolanguage is there as one of its members
    assert {code: theirs for code, theirs in codes.items() if theirs and not theirs.startswith(code)} == {
        "que": "quy_Latn", "swa": "swh_Latn", "ara": "arb_Arab",
    }  # fmt: skip
    assert codes["zho"] == "zho_Hans" and codes["yue"] == "yue_Hant" and iso_code_of("nllb", "quy_Latn") == "que"


@pytest.mark.parametrize("code, hint", [("es", "'spa'"), ("Estonian", "'est'"), ("xyz", "add a row")])
def test_unknown_language_says_what_to_do(code, hint):
    with pytest.raises(ValueError, match=hint):
        language(code)
