"""Prompts and answers as tokens: nothing is lost between them, and only the answer is learnt."""

import pytest
from transformers import Qwen2TokenizerFast

from lib.corpora.phrasebook import Phrasebook
from lib.data.batch import IGNORED
from lib.models.language_model import QwenSize, build_qwen, train_qwen_tokenizer
from lib.models.speech_lm.model import SpeechLm
from lib.models.tokenizer import text_ids
from lib.systems.llm_srt.prompts import RIGHT, Prompts
from lib.systems.wordings import INSTRUCTION, TAGS
from lib.tasks import ST, Example

BOOK = Phrasebook(spoken=(), written=("eng", "deu", "fra", "zho"), train=0, dev=0, test=0)
SIZE = QwenSize(hidden=32, heads=2, key_value_heads=1, layers=1, feed_forward=64, subwords=400)
PLAIN = (TAGS, INSTRUCTION)  # wordings that need no new tokens


@pytest.fixture(scope="module")
def answers():
    """Answers to SRT in each wording, and their prompts."""
    made = []
    for number, texts in enumerate(BOOK.sentences(30)):
        if number % 2:  # the mark after a tag could be one token with it
            texts = {code: f"({text})" for code, text in texts.items()}
        for wording in PLAIN:
            prompts = Prompts(wording=wording)
            source, target = BOOK.codes[number % 4], BOOK.codes[(number + 1) % 4]
            made.append(
                Example(
                    id=f"{wording}-{number}",
                    task=ST,
                    source=source,
                    target=target,
                    target_text=prompts.answer(source, target, texts[source], texts[target]),
                    prompt=prompts.transcribe_and_translate(source, target),
                )
            )
    return made


@pytest.fixture(scope="module")
def model(answers, tmp_path_factory):
    """A language model whose tokenizer has read prompts and answers."""
    folder = tmp_path_factory.mktemp("qwen") / "tokenizer"
    texts = [example.prompt + example.target_text for example in answers]
    tokenizer = train_qwen_tokenizer(texts, SIZE.subwords, folder)
    return SpeechLm(None, None, build_qwen(SIZE, tokenizer, seed=1), tokenizer)


@pytest.fixture(scope="module")
def tokenizer(model):
    return model.tokenizer


def test_prompt_and_answer_are_the_written_ones(model, tokenizer, answers):
    for example in answers:
        layout = model.layout(example, 128)
        prompt = layout.prefix[: layout.prompt_length]
        assert tokenizer.decode(prompt) == example.prompt
        assert tokenizer.decode(layout.prefix) == example.prompt + example.target_text


def test_labels_start_at_the_answer(model, tokenizer, answers):
    for example in answers:
        layout = model.layout(example, 128)
        first = layout.prompt_length - 1  # the label of the prompt's last token
        assert layout.labels[:first] == [IGNORED] * first
        assert IGNORED not in layout.labels[first:]
        assert layout.labels[-1] == tokenizer.eos_token_id
        assert tokenizer.decode(layout.labels[first:-1]) == example.target_text


def test_no_token_spans_prompt_and_answer(model, tokenizer, answers):
    """Tokenized as one text, some would, which a model that is asked never reads."""
    spanning = 0
    for example in answers:
        layout = model.layout(example, 128)
        apart = [text_ids(tokenizer, text) for text in (example.prompt, example.target_text)]
        assert layout.prefix == [*apart[0], *apart[1]]
        spanning += text_ids(tokenizer, example.prompt + example.target_text) != layout.prefix
    assert spanning > 0


def test_an_answer_is_parsed_from_what_is_decoded(tokenizer, answers):
    """As hypotheses are decoded: without special tokens."""
    for example in answers:
        ids = [*text_ids(tokenizer, example.target_text), tokenizer.eos_token_id]
        written = tokenizer.decode(ids, skip_special_tokens=True)
        assert written == example.target_text
        assert Prompts().parse(written, example.source, example.target).form == RIGHT


def test_a_tag_in_plain_text_is_no_special_token(tokenizer):
    ids = text_ids(tokenizer, "<|eng|>")
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.decode(ids, skip_special_tokens=True) == "<|eng|>"


def test_an_untrained_tokenizer_of_bytes_writes_them_too(tmp_path):
    """A tag that was never seen is split into bytes; nothing is unknown."""
    tokenizer = train_qwen_tokenizer(["a"], 257, tmp_path / "bytes")
    assert isinstance(tokenizer, Qwen2TokenizerFast)
    answer = Prompts().answer("eng", "zho", "Will it rain?", "会下雨吗")
    assert tokenizer.decode(text_ids(tokenizer, answer)) == answer
