"""What may not change a result: the batch, its order and its padding, merged adapters, and cached
encoder states."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import SeamlessM4TTokenizer

from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.models.lora import ONLY_LORA, add_lora, merge_lora, unmerge_lora
from lib.tasks import ASR, MT, ST, examples
from lib.training.encoder_states import encoder_state_cache
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from tests.training.cases import fresh, without_dropout

SEARCH = Search(beams=2, max_new_tokens=10)
INPUTS = {"ST": (ST, "eng"), "MT": (MT, "eng"), "ASR": (ASR, None)}


@pytest.fixture(params=INPUTS)
def chosen(request, corpus):
    task, target = INPUTS[request.param]
    return examples(corpus.split("train", "est"), task, target)[:6]


@torch.no_grad()
@pytest.mark.parametrize("reverse", [False, True])
def test_logits_do_not_depend_on_the_batch(model, collate, chosen, reverse):
    given = chosen[::-1] if reverse else chosen
    for row, example in zip(model.logits(collate(given)), given, strict=True):
        alone = model.logits(collate([example]))[0]
        assert torch.allclose(row[: len(alone)], alone, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("positions", [1, 7, 40])
def test_logits_do_not_depend_on_padding(model, collate, chosen, positions):
    batch = collate(chosen)
    name = "speech" if batch.speech is not None else "text"
    given, filler = getattr(batch, name), 0.0 if name == "speech" else model.pad_token_id
    more = torch.full((given.shape[0], positions, *given.shape[2:]), filler, dtype=given.dtype)
    mask = torch.zeros(given.shape[0], positions, dtype=batch.mask.dtype)
    wider = {name: torch.cat([given, more], 1), f"{name}_mask": torch.cat([batch.mask, mask], 1)}
    padded = replace(batch, **wider)
    assert torch.allclose(model.logits(batch), model.logits(padded), atol=1e-4)


@pytest.mark.parametrize("reverse", [False, True])
def test_outputs_do_not_depend_on_the_batch(model, collate, chosen, reverse):
    given = chosen[::-1] if reverse else chosen
    together = decode(model, given, collate, SEARCH)
    alone = [decode(model, [example], collate, SEARCH)[0] for example in given]
    scores = [hypothesis.score for hypothesis in alone]
    assert len({hypothesis.text for hypothesis in alone}) > 1  # else anything would pass
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.score for h in together] == pytest.approx(scores, abs=1e-4)


# ---- LoRA ----


@pytest.fixture(scope="module")
def adapted(corpus, tokenizer_folder, tmp_path_factory):
    """A model with trained adapters, examples, their logits before, and the stage's folder."""
    model = fresh(SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)).eval()
    collate, folder = Collator(model, FbankExtractor(model.stack)), tmp_path_factory.mktemp("lora")
    given = examples(corpus.split("train", "est"), ST, "eng")[:8]
    with torch.no_grad():
        before = model.logits(collate(given))
    add_lora(model.speech.text_decoder, rank=4, alpha=8, targets=("q_proj", "v_proj"))
    stage = Stage(
        name="lora",
        updates=4,
        learning_rate=5e-2,
        warmup_updates=1,
        batch_seconds=12.0,
        frozen=(ONLY_LORA,),
    )
    fit(Seq2SeqObjective(model, 0.0), stage, given, collate, folder, seed=1)
    return model, collate, given, before, folder


@torch.no_grad()
def test_adapters_change_the_logits(adapted):
    model, collate, given, before, _ = adapted
    assert (model.logits(collate(given)) - before).abs().max() > 1e-2


def test_only_adapters_are_saved(adapted):
    saved = load_file(adapted[-1] / "best.safetensors")
    assert saved
    assert [name for name in saved if "lora_" not in name] == []


@torch.no_grad()
def test_merging_changes_no_logits(adapted):
    model, collate, given, *_ = adapted
    separate = model.logits(collate(given))
    merge_lora(model)
    merged = model.logits(collate(given))
    unmerge_lora(model)
    assert torch.allclose(merged, separate, atol=1e-4)
    assert torch.allclose(model.logits(collate(given)), separate, atol=1e-4)


def test_merging_changes_no_output(adapted):
    model, collate, given, *_ = adapted
    separate = [h.text for h in decode(model, given, collate, SEARCH)]
    merge_lora(model)
    merged = [h.text for h in decode(model, given, collate, SEARCH)]
    unmerge_lora(model)
    assert merged == separate


# ---- encoder states on disk ----

FROZEN = Stage(
    name="frozen",
    updates=5,
    learning_rate=1e-3,
    warmup_updates=1,
    batch_seconds=12.0,
    frozen=("speech_encoder",),
)


@pytest.fixture(scope="module")
def frozen_runs(corpus, tokenizer_folder, tmp_path_factory):
    """Losses and utterances encoded: without a cache, with a new one, and with a filled one."""
    tokenizer = SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)
    folder = tmp_path_factory.mktemp("states")
    given, runs = examples(corpus.split("train", "est"), ST, "eng"), {}
    for name in ("none", "new", "filled"):
        model = without_dropout(fresh(tokenizer))
        cache = None if name == "none" else encoder_state_cache(model, FROZEN, folder / "cache")
        collate = Collator(model, FbankExtractor(model.stack))
        objective = Seq2SeqObjective(model, 0.1, state_cache=cache)
        result = fit(objective, FROZEN, given, collate, folder / name, seed=1)
        losses = [row["loss"] for row in result.history]
        runs[name] = losses, cache.computed if cache else None
    return runs


def test_cached_states_give_the_same_losses(frozen_runs):
    assert frozen_runs["new"][0] == pytest.approx(frozen_runs["none"][0], rel=1e-4)


def test_states_from_disk_give_equal_losses(frozen_runs):
    assert frozen_runs["filled"][0] == frozen_runs["new"][0]


@pytest.mark.parametrize("name, computed", [("new", range(11, 21)), ("filled", range(1))])
def test_each_file_is_encoded_once(frozen_runs, name, computed):
    assert frozen_runs[name][1] in computed
