import pytest
import torch

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.systems.it_ist import alignment
from lib.systems.it_ist.alignment import alignment_signals
from lib.tasks import ASR


@pytest.fixture(scope="module")
def dev(it_ist):
    return it_ist._examples(it_ist.strategy("instruct"), "dev")


@pytest.fixture(scope="module")
def spoken(dev):
    return [e for e in dev if e.task == ASR]


def right(examples):
    return [(e, e.target_text) for e in examples]


def test_the_signals(untrained, dev):
    found = alignment_signals(untrained, right(dev))
    assert set(found) == {"error_rate", "first_token_loss", "cosine", "cosine_others"}
    assert found["error_rate"] == 0.0
    assert found["first_token_loss"] > 0
    assert all(-1 <= found[name] <= 1 for name in ("cosine", "cosine_others"))


def test_only_transcripts_count(untrained, dev, spoken):
    assert alignment_signals(untrained, right(dev)) == alignment_signals(untrained, right(spoken))
    assert alignment_signals(untrained, right([e for e in dev if e.task != ASR])) == {}


def test_the_error_rate_is_over_all_transcripts_together(untrained, spoken):
    """Words of English and German, characters of Chinese; nothing written: all are wrong."""
    assert alignment_signals(untrained, [(e, "") for e in spoken])["error_rate"] == 100.0
    english = [e for e in spoken if e.target == "eng"]
    half = [(e, e.target_text if n else "") for n, e in enumerate(english)]
    words = [len(e.target_text.split()) for e in english]
    found = alignment_signals(untrained, half)["error_rate"]
    assert found == pytest.approx(100 * words[0] / sum(words), rel=0.2)


def test_speech_that_is_its_text_has_a_cosine_of_one(untrained, spoken, monkeypatch):
    batch = Collator(untrained, untrained.feature_extractor(30.0))(spoken)
    embeddings = untrained.embed(batch.labels.clamp(min=0)).detach()
    mask = (batch.labels != IGNORED).long()
    logits = untrained.logits(batch)
    monkeypatch.setattr(untrained, "logits", lambda _: logits)
    monkeypatch.setattr(untrained, "speech_embeddings", lambda _: (7 * embeddings, mask))
    found = alignment_signals(untrained, right(spoken))
    assert found["cosine"] == pytest.approx(1.0, abs=1e-5)
    assert found["cosine_others"] < 0.99


def test_speech_that_is_the_text_of_another_is_no_closer_to_its_own(untrained, spoken, monkeypatch):
    batch = Collator(untrained, untrained.feature_extractor(30.0))(spoken)
    embeddings = untrained.embed(batch.labels.clamp(min=0)).detach().roll(1, 0)
    mask = (batch.labels != IGNORED).long().roll(1, 0)
    logits = untrained.logits(batch)
    monkeypatch.setattr(untrained, "logits", lambda _: logits)
    monkeypatch.setattr(untrained, "speech_embeddings", lambda _: (embeddings, mask))
    assert alignment_signals(untrained, right(spoken))["cosine"] < 0.99


@torch.no_grad()
def test_the_first_token_loss_is_that_of_the_first_target_token(untrained, spoken):
    collate, losses = Collator(untrained, untrained.feature_extractor(30.0)), []
    for example in spoken:
        batch = collate([example])
        logits = untrained.logits(batch)[0, batch.prompt_lengths[0] - 1]
        first = batch.labels[0, batch.prompt_lengths[0] - 1]
        losses.append(-logits.log_softmax(-1)[first].item())
    found = alignment_signals(untrained, right(spoken))["first_token_loss"]
    assert found == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_no_more_than_a_batch_is_measured(untrained, spoken, monkeypatch):
    few = alignment_signals(untrained, right(spoken[:2]))
    monkeypatch.setattr(alignment, "MAX_EXAMPLES", 2)
    found = alignment_signals(untrained, right(spoken))
    assert found["first_token_loss"] == pytest.approx(few["first_token_loss"], rel=1e-5)


def test_one_transcript_has_no_others(untrained, spoken):
    found = alignment_signals(untrained, right(spoken[:1]))
    assert found["cosine_others"] == pytest.approx(0.0, abs=1e-6)


def test_nothing_is_left_for_backpropagation(untrained, spoken):
    alignment_signals(untrained, right(spoken[:2]))
    assert all(parameter.grad is None for parameter in untrained.bridge.parameters())
