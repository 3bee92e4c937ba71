from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from lib.corpora.audio import read_audio
from lib.data.segments import join_texts, segment
from lib.decoding import GREEDY, Hypothesis, Search, _join, decode, decode_segmented
from lib.tasks import MT, ST, examples
from lib.utterance import media_fragment

RATE = 16_000
FEW = Search(beams=1, max_new_tokens=6)


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("train", "est"), ST, "eng")


def one_by_one(model, given, collate, search):
    return [decode(model, [example], collate, search)[0] for example in given]


def texts(hypotheses):
    return [hypothesis.text for hypothesis in hypotheses]


@pytest.mark.parametrize("beams", [1, 3], ids=["greedy", "beam"])
def test_a_batch_gives_what_single_examples_give(model, collate, chosen, beams):
    search, given = Search(beams=beams, max_new_tokens=12), chosen[:7]
    together = decode(model, given, collate, search)
    alone = one_by_one(model, given, collate, search)
    assert texts(together) == texts(alone)
    scores = [hypothesis.score for hypothesis in alone]
    assert [hypothesis.score for hypothesis in together] == pytest.approx(scores, abs=1e-3)


def test_hypotheses_come_in_the_order_of_the_examples(model, collate, chosen):
    found = decode(model, chosen, collate, FEW)
    assert [hypothesis.id for hypothesis in found] == [example.id for example in chosen]


@pytest.fixture(scope="module")
def mixed(corpus):
    """The same two utterances in two languages and two tasks."""
    utterances = corpus.split("test", "est")[:2]
    speech = [e for target in ("eng", "spa") for e in examples(utterances, ST, target)]
    return speech + examples(utterances, MT, "eng")


def test_languages_and_tasks_may_mix(model, collate, mixed):
    found = decode(model, mixed, collate, FEW)
    assert [hypothesis.id for hypothesis in found] == [example.id for example in mixed]
    assert texts(found) == texts(one_by_one(model, mixed, collate, FEW))


def test_two_prompts_or_questions_about_one_clip_are_two_examples(model, collate, chosen):
    """This model does not read them; each must still get an output of its own."""
    given = [chosen[0], replace(chosen[0], prompt="Translate:"), replace(chosen[0], question="?")]
    calls = []
    decode(model, given, collate, FEW, progress=lambda _, done, total: calls.append((done, total)))
    assert calls[-1] == (3, 3)


def test_the_target_language_changes_the_output(model, collate, mixed):
    found = decode(model, mixed, collate, FEW)
    assert found[0].text != found[2].text


def test_the_tasks_parser_is_applied(model, collate, chosen):
    task = replace(ST, parse=lambda text: f"<{text}>")
    first = replace(chosen[0], task=task)
    (plain,), (parsed,) = (decode(model, [e], collate, FEW) for e in (chosen[0], first))
    assert parsed.text == f"<{plain.text}>"


def test_outputs_on_silence_depend_on_the_length_alone(model, collate, chosen):
    seconds = min(example.seconds for example in chosen[:2])
    equal = [
        replace(example, audio=media_fragment(example.audio, 0.0, seconds), seconds=seconds)
        for example in chosen[:2]
    ]
    first, second = decode(model, equal, collate, FEW, silence=True)
    assert first.text == second.text
    assert first.score == pytest.approx(second.score, abs=1e-5)


def test_silence_changes_the_output(model, collate, chosen):
    plain, silent = (decode(model, chosen, collate, FEW, silence=s) for s in (False, True))
    assert texts(plain) != texts(silent)


@pytest.fixture
def with_unusable(chosen, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"")
    return [replace(chosen[0], id="bad", audio=tmp_path / "bad.wav"), chosen[0]]


def test_unusable_audio_has_an_empty_hypothesis(model, collate, with_unusable):
    bad, good = decode(model, with_unusable, collate, FEW)
    assert (bad.ending, bad.text, bad.score, bad.tokens) == ("unheard", "", None, 0)
    assert good.tokens > 0


def test_unusable_audio_is_named(model, collate, with_unusable):
    decode(model, with_unusable, collate, FEW)
    assert "bad.wav" in collate.dropped["bad"].reason


def test_an_output_stopped_at_the_limit_says_so(model, collate, chosen):
    found = decode(model, chosen[:3], collate, Search(beams=1, max_new_tokens=3))
    assert ("longest", 3) in {(hypothesis.ending, hypothesis.tokens) for hypothesis in found}


def test_a_sharper_distribution_scores_higher(model, collate, chosen):
    before = decode(model, chosen[:3], collate, FEW)
    with torch.no_grad():
        model.speech.lm_head.weight.mul_(3)
    after = decode(model, chosen[:3], collate, FEW)
    for flat, sharp in zip(before, after, strict=True):
        assert flat.score < sharp.score < 0


@pytest.fixture
def long(chosen, tmp_path):
    """Three clips with half a second between them, as one recording."""
    samples = [np.pad(read_audio(e.audio), (0, RATE // 2)) for e in chosen[:3]]
    soundfile.write(tmp_path / "long.wav", np.concatenate(samples), RATE)
    seconds = sum(map(len, samples)) / RATE
    return replace(chosen[0], id="long", audio=tmp_path / "long.wav", seconds=seconds)


def test_long_audio_is_decoded_in_segments(model, collate, chosen, long):
    limit = long.seconds / 2.2
    short, joined = decode_segmented(model, [chosen[1], long], collate, FEW, limit)
    parts = segment(long, limit)
    assert joined.id == "long"
    assert len(parts) > 1
    assert joined.parts == len(parts)
    assert joined.text == join_texts(texts(decode(model, parts, collate, FEW)), "eng")
    assert joined.score is None
    assert short == decode(model, [chosen[1]], collate, FEW)[0]


def test_nothing_of_long_audio_is_cut_off(model, collate, long):
    decode_segmented(model, [long], collate, FEW, long.seconds / 2.2)
    assert not collate.extractor.truncated


@pytest.mark.parametrize(
    "endings, expected",
    [
        (("end", "end"), "end"),
        (("end", "unheard"), "unheard"),
        (("unheard", "longest", "end"), "longest"),
    ],
)
def test_the_ending_of_a_joined_hypothesis(long, endings, expected):
    parts = [Hypothesis(id="", text="", tokens=0, score=None, ending=e) for e in endings]
    assert _join(long, parts, overlap=False).ending == expected


def test_audio_that_cannot_be_cut_has_an_empty_hypothesis(model, collate, long, tmp_path):
    gone = replace(long, audio=tmp_path / "no.wav", seconds=99.0)
    (found,) = decode_segmented(model, [gone], collate, FEW, max_seconds=45.0)
    assert found.ending == "unheard"
    assert "no.wav" in collate.dropped["long"].reason


@pytest.fixture(scope="module")
def n_best():
    return Search(beams=4, max_new_tokens=10, n_best=3)


def test_n_best_are_those_of_a_single_example(model, collate, chosen, n_best):
    together = decode(model, chosen[:4], collate, n_best)
    alone = one_by_one(model, chosen[:4], collate, n_best)
    assert [texts([h, *h.others]) for h in together] == [texts([h, *h.others]) for h in alone]


def test_n_best_are_sorted_by_score(model, collate, chosen, n_best):
    for best in decode(model, chosen[:4], collate, n_best):
        scores = [hypothesis.score for hypothesis in (best, *best.others)]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)


def test_n_best_differ(model, collate, chosen, n_best):
    for best in decode(model, chosen[:4], collate, n_best):
        assert len(set(texts([best, *best.others]))) > 1


def test_the_best_of_n_is_that_of_a_plain_search(model, collate, chosen, n_best):
    plain = decode(model, chosen[:4], collate, replace(n_best, n_best=1))
    assert texts(decode(model, chosen[:4], collate, n_best)) == texts(plain)
    assert not plain[0].others


def test_progress_counts_examples(model, collate, chosen):
    calls = []
    decode(model, chosen[:4], collate, FEW, progress=lambda *call: calls.append(call))
    assert calls[-1] == ("decoding", 4, 4)


def test_greedy_has_one_beam():
    assert GREEDY.beams == 1
