"""What may not change a result: the batch, its order, its padding, how an update is cut, adapters merged, states kept."""

from dataclasses import replace

import pytest
import torch

from lib.data.collate import Batch, Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.models.lora import ONLY_LORA, add_lora, merge_lora, unmerge_lora
from lib.tasks import Task, examples
from lib.training.encoder_states import EncoderStateCache, encoder_states
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from tests.training.cases import fresh, without_dropout

SEARCH = Search(beams=2, longest=10)
KINDS = {"ST": (Task.ST, "eng"), "MT": (Task.MT, "eng"), "ASR": (Task.ASR, None)}


@pytest.fixture(params=KINDS)
def chosen(request, corpus):
    task, target = KINDS[request.param]
    return examples(corpus.split("train", "est"), task, target)[:6]


def logits(model, batch):
    side = model.encode_speech if batch.speech is not None else model.encode_text
    states, mask = side(batch.speech if batch.speech is not None else batch.text, batch.mask)
    return model.decode(states, mask, batch.prefix)


@torch.no_grad()
def test_logits_of_a_batch_are_those_of_each_alone_in_any_order(model, collate, chosen):
    alone = [logits(model, collate([example]))[0] for example in chosen]
    for order in (chosen, chosen[::-1]):
        together = logits(model, collate(order))
        for row, example in zip(together, order, strict=True):
            one = alone[chosen.index(example)]
            assert torch.allclose(row[: len(one)], one, atol=1e-4), example.id


@torch.no_grad()
@pytest.mark.parametrize("more", [1, 7, 40])
def test_more_padding_changes_nothing(model, collate, chosen, more):
    batch = collate(chosen)
    name = "speech" if batch.speech is not None else "text"
    given = getattr(batch, name)
    filler = 0.0 if name == "speech" else model.tokenizer.pad_token_id
    wider = torch.full((given.shape[0], more, *given.shape[2:]), filler, dtype=given.dtype)
    mask = torch.zeros(given.shape[0], more, dtype=batch.mask.dtype)
    padded = Batch(**vars(batch) | {name: torch.cat([given, wider], 1), "mask": torch.cat([batch.mask, mask], 1)})
    assert torch.allclose(logits(model, batch), logits(model, padded), atol=1e-4)


def test_tokens_of_a_batch_are_those_of_each_alone_in_any_order(model, collate, chosen):
    alone = [decode(model, [example], collate, SEARCH)[0] for example in chosen]
    assert len({h.text for h in alone}) > 1  # else anything would pass
    for order in (chosen, chosen[::-1]):
        together = decode(model, order, collate, SEARCH)
        assert {h.id: h.text for h in together} == {h.id: h.text for h in alone}
        scores = {h.id: h.score for h in together}
        assert [scores[h.id] for h in alone] == pytest.approx([h.score for h in alone], abs=1e-4)


def test_lora_merged_is_unmerged(model, collate, corpus, tmp_path):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:8]
    batch = collate(chosen)
    with torch.no_grad():
        before = logits(model, batch)
        added = add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=("q_proj", "v_proj"))
        assert added > 0 and torch.equal(logits(model, batch), before)  # an adapter starts as nothing
    stage = Stage("lora", 4, 5e-2, 1, batch_seconds=12.0, frozen=(ONLY_LORA,))
    fit(Seq2SeqObjective(model, 0.0), stage, chosen, collate, tmp_path, seed=1)
    from safetensors.torch import load_file

    kept = load_file(tmp_path / "best.safetensors")
    assert kept and all("lora_" in name for name in kept)  # the adapter alone is saved
    with torch.no_grad():
        score_gap = logits(model, batch)
        said = decode(model, chosen, collate, SEARCH)
        assert (score_gap - before).abs().max() > 1e-2
        merge_lora(model)
        assert torch.allclose(logits(model, batch), score_gap, atol=1e-4)
        assert [h.text for h in decode(model, chosen, collate, SEARCH)] == [h.text for h in said]
        unmerge_lora(model)
        assert torch.allclose(logits(model, batch), score_gap, atol=1e-4)


FROZEN = Stage("frozen", 5, 1e-3, 1, batch_seconds=12.0, frozen=("speech_encoder",))


def test_states_kept_on_disk_are_those_computed(model, corpus, tmp_path):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")
    found = {}
    for how in ("computed", "kept", "kept again"):
        twin = fresh(model.tokenizer)
        states = encoder_states(twin, FROZEN, tmp_path / "states") if how != "computed" else None
        objective = Seq2SeqObjective(without_dropout(twin), 0.1, kept=states)
        fitted = fit(objective, FROZEN, chosen, Collator(twin, FbankExtractor(twin.stack)), tmp_path / how, seed=1)
        found[how] = [row["loss"] for row in fitted.history]
        if states:
            assert states.computed == 0 if how == "kept again" else states.computed > 10
    assert found["kept"] == pytest.approx(found["computed"], rel=1e-4) and found["kept again"] == found["kept"]


def test_states_are_not_kept_where_chance_or_training_stands_before_them(model, tmp_path):
    from lib.data.augment import Augment

    assert encoder_states(model, FROZEN, tmp_path)
    assert encoder_states(model, replace(FROZEN, augment=Augment(mel_masks=1)), tmp_path) is None
    assert encoder_states(model, replace(FROZEN, frozen=("speech_encoder.encoder",)), tmp_path) is None


def test_states_of_another_encoder_are_others_and_a_torn_line_is_computed_again(model, collate, corpus, tmp_path):
    batch = collate(examples(corpus.split("train", "est"), Task.ST, "eng")[:3])
    first, _ = EncoderStateCache(tmp_path, model)(batch)
    (index,) = tmp_path.glob("*.jsonl")
    index.write_text(index.read_text()[:-9])
    with open(index.with_suffix(".bin"), "ab") as numbers:
        numbers.write(b"ab")  # half a number
    again = EncoderStateCache(tmp_path, model)
    assert torch.allclose(again(batch)[0], first, atol=1e-5) and again.computed == 1
    with torch.no_grad():
        model.speech.speech_encoder.feature_projection.projection.weight.mul_(2)
    other = EncoderStateCache(tmp_path, model)
    assert not torch.allclose(other(batch)[0], first, atol=1e-2) and other.computed == 3
    model.train()
    with pytest.raises(ValueError, match="train mode"):
        other(batch)
