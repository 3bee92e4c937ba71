import pytest
from transformers import SeamlessM4TTokenizer

from lib.languages import language
from lib.models.tokenizer import (
    add_seamless_language,
    seamless_languages,
    text_ids,
    train_seamless_tokenizer,
    unknown_subwords,
)

LETTERS = "l’été, œuf ñ à 12 €, Ġermaniż ?"


@pytest.fixture
def tokenizer(tokenizer_folder):
    return SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)


def test_special_ids_are_the_published_ones(tokenizer):
    names = ("pad_token_id", "unk_token_id", "bos_token_id", "eos_token_id")
    assert [getattr(tokenizer, name) for name in names] == [0, 1, 2, 3]


def test_letters_come_back(tokenizer):
    text = LETTERS.replace("€", "")
    decoded = tokenizer.decode(text_ids(tokenizer, text), skip_special_tokens=True)
    assert decoded.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text, count", [(LETTERS, 1), ("l’été, œuf ñ", 0), ("", 0)])
def test_unknown_subwords_are_counted(tokenizer, text, count):
    assert unknown_subwords(tokenizer, [text]) == count


def test_unknown_words_are_counted(tokenizer):
    assert unknown_subwords(tokenizer, ["Ελλάδα", "Ελλάδα"]) >= 2


def test_digits_are_single_subwords(tokenizer):
    subwords = tokenizer.convert_ids_to_tokens(text_ids(tokenizer, "1234"))
    assert "".join(subwords).strip("▁") == "1234"
    assert len([subword for subword in subwords if subword != "▁"]) == 4


def test_texts_have_no_language_and_no_end(tokenizer):
    assert not set(text_ids(tokenizer, "üks päev")) & set(tokenizer.all_special_ids)


def test_a_new_language_has_the_next_id(tokenizer):
    known = len(tokenizer)
    assert add_seamless_language(tokenizer, "que", rows=known + 1) == known
    assert add_seamless_language(tokenizer, "que", rows=known + 1) == known


def test_no_spare_row_is_refused(tokenizer):
    with pytest.raises(ValueError, match=f"for __bem__: all {len(tokenizer)} rows have a token"):
        add_seamless_language(tokenizer, "bem", rows=len(tokenizer))


def test_training_is_deterministic(spec, tmp_path):
    texts = [text for sentence in spec.sentences(50) for text in sentence.values()]
    vocabularies = [
        train_seamless_tokenizer(texts, ["est", "eng"], 400, tmp_path / name).get_vocab()
        for name in ("a", "b")
    ]
    assert vocabularies[0] == vocabularies[1]


def test_seamless_languages_have_its_codes():
    assert {"est", "gle", "zho"} <= set(seamless_languages())
    assert not {"que", "bem"} & set(seamless_languages())
    assert language("zho").token == "__cmn__"
