"""The recogniser: what it starts from, what is tried, and that it is found again."""

from pathlib import Path

import pytest
import torch

from lib.systems.recordings.recogniser import (
    CtcRecogniser,
    copy_rows,
    load_recogniser,
    trials,
)
from lib.training.ctc import CtcObjective

pytestmark = pytest.mark.slow  # it trains


def test_every_start_and_rate_is_tried(recordings):
    found = trials(recordings.translation.backbone)
    recipe = recordings.recipe
    tried = [(row["start"], row["learning rate"]) for row in found]
    assert tried == [(start, f"{rate:g}") for start in recipe.starts for rate in recipe.rates]
    best = min(found, key=lambda row: row["CER"])
    assert [row for row in found if row["chosen"]] == [best]


def test_it_is_found_again_with_the_same_transcripts(recordings, transcripts, open_smoke):
    again = open_smoke()
    assert again.translation.backbone.path == recordings.translation.backbone.path
    assert again.transcribe(again.st_clips()) == transcripts


def test_every_test_clip_has_a_transcript(recordings, transcripts):
    assert [t.id for t in transcripts] == [e.id for e in recordings.st_clips()]
    assert {t.ending for t in transcripts} == {"end"}


def test_a_clip_that_is_no_audio_is_unheard(recordings, tmp_path):
    from dataclasses import replace

    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    first, second = recordings.st_clips()[:2]
    found = recordings.transcribe([replace(first, audio=bad, start=None), second])
    assert [(t.id, t.ending) for t in found] == [(first.id, "unheard"), (second.id, "end")]


def test_it_writes_letters_of_the_corpus(recordings, transcripts):
    letters = set(recordings.recogniser.character_ids)
    assert set("".join(t.text for t in transcripts)) <= letters


def test_loading_gives_the_trained_weights(recordings):
    backbone = recordings.translation.backbone
    found = load_recogniser(backbone)
    assert isinstance(found, CtcRecogniser)
    for name, tensor in found.state_dict().items():
        assert torch.equal(tensor, recordings.recogniser.state_dict()[name]), name
    assert (Path(backbone.path).parent / "ctc" / "best.safetensors").exists()


# ---- output rows ----


@pytest.fixture
def heads(recordings):
    model = recordings.recogniser.model
    return CtcObjective(model, "abo", seed=1), CtcObjective(model, "aáõx", seed=2)


def test_equal_and_accented_letters_take_their_rows(heads):
    known, made = heads
    before = made.output.weight.detach().clone()
    assert copy_rows(known, made) == 3
    weight, rows = made.output.weight, made.character_ids
    assert torch.equal(weight[0], known.output.weight[0])  # blank
    for letter, other in {"a": "a", "á": "a", "õ": "o"}.items():
        assert torch.equal(weight[rows[letter]], known.output.weight[known.character_ids[other]])
    assert torch.equal(weight[rows["x"]], before[rows["x"]])
