"""A third kind of model goes through batching, training and decoding as it is."""

from dataclasses import fields, replace

import pytest
import torch
from safetensors.torch import load_file

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.decoding import GREEDY, Search, decode
from lib.models.protocol import TranslationModel, copy_parts, part_names
from lib.models.tokenizer import text_ids
from lib.tasks import MT, ST, examples
from lib.training.fit import fit
from lib.training.multitask_distillation import MultiTask, MultiTaskObjective
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage, parameter_table
from tests.models.third_model import WINDOW_SECONDS, SpeechLanguageModel

PROMPTS = ("Translate.", "Write the translation of the speech.")
FEW = Search(beams=1, max_new_tokens=8)
STAGE = Stage(
    name="instruct",
    updates=60,
    learning_rate=1e-2,
    warmup_updates=5,
    batch_seconds=4 * WINDOW_SECONDS,
    frozen=("speech_encoder",),
)


@pytest.fixture
def third(tokenizer):
    return SpeechLanguageModel(tokenizer).eval()


@pytest.fixture
def third_collate(third):
    return Collator(third, third.feature_extractor(30.0))


@pytest.fixture(scope="module")
def chosen(corpus):
    """Four speech translation examples with prompts of unequal length."""
    made = examples(corpus.split("train", "est")[:4], ST, "eng")
    return [replace(e, prompt=PROMPTS[index % 2]) for index, e in enumerate(made)]


@pytest.fixture(scope="module")
def trained(tokenizer, chosen, tmp_path_factory):
    """The model after `fit`, its result, the folder, and the batches that it saw."""
    model, folder = SpeechLanguageModel(tokenizer, hidden=64), tmp_path_factory.mktemp("third")
    collate = Collator(model, model.feature_extractor(30.0))
    text = examples_of_text(chosen)
    result = fit(Seq2SeqObjective(model, 0.0), STAGE, [*chosen, *text], collate, folder, seed=1)
    return model, result, folder


def examples_of_text(chosen):
    """The same utterances as MT; the translation stands for the source."""
    return [
        replace(e, task=MT, id=f"{e.id}-text", source_text=e.target_text, audio=None, seconds=0.0)
        for e in chosen
    ]


def test_it_is_a_translation_model(third, model):
    assert isinstance(third, TranslationModel)
    assert isinstance(model, TranslationModel)


def test_nothing_is_learnt_on_the_prompt(third, third_collate, chosen):
    batch = third_collate(chosen)
    for row, example in enumerate(chosen):
        target = text_ids(third.tokenizer, example.target_text)
        labels = batch.labels[row][batch.labels[row] != IGNORED].tolist()
        assert labels == [*target, third.tokenizer.eos_token_id]
        assert (batch.labels[row, : batch.prompt_lengths[row] - 1] == IGNORED).all()


def test_labels_are_the_tokens_after_the_prefix(third_collate, chosen):
    batch = third_collate(chosen[:1])
    start = batch.prompt_lengths[0] - 1
    assert torch.equal(batch.labels[0, start:-1], batch.prefix[0, start + 1 :])


def test_prompts_may_have_unequal_lengths(third_collate, chosen):
    assert len(set(third_collate(chosen).prompt_lengths)) > 1


def test_a_clip_costs_a_whole_window(third_collate, chosen):
    assert {third_collate.cost(example) for example in chosen} == {WINDOW_SECONDS}


@torch.no_grad()
def test_logits_do_not_depend_on_the_batch(third, third_collate, chosen):
    batch = third_collate(chosen)
    together = third.logits(batch)
    assert together.shape[:2] == batch.labels.shape
    for row, example in enumerate(chosen):
        alone = third.logits(third_collate([example]))[0]
        assert torch.allclose(together[row, : len(alone)], alone, atol=1e-5)


@pytest.mark.parametrize("beams", [1, 3], ids=["greedy", "beam"])
def test_a_batch_gives_what_single_examples_give(third, third_collate, chosen, beams):
    search = replace(FEW, beams=beams)
    together = decode(third, chosen, third_collate, search)
    alone = [decode(third, [example], third_collate, search)[0] for example in chosen]
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-4)


def test_n_best(third, third_collate, chosen):
    found = decode(third, chosen, third_collate, replace(FEW, beams=3, n_best=2))
    assert [len(hypothesis.others) for hypothesis in found] == [1] * 4
    assert [hypothesis.id for hypothesis in found] == [example.id for example in chosen]


def test_silence_changes_the_output(third, third_collate, chosen):
    plain, silent = (decode(third, chosen, third_collate, FEW, silence=s) for s in (False, True))
    assert [h.text for h in plain] != [h.text for h in silent]


def test_training_lowers_the_loss(trained):
    losses = [row["loss"] for row in trained[1].history]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


@pytest.mark.parametrize("text", [False, True], ids=["speech", "text"])
def test_what_was_trained_is_decoded(trained, chosen, text):
    model, given = trained[0], examples_of_text(chosen) if text else chosen
    found = decode(model, given, Collator(model, model.feature_extractor(30.0)), GREEDY)
    assert [h.text for h in found] == [example.target_text for example in given]


def test_the_frozen_part_is_not_trained(trained, tokenizer):
    model, _, folder = trained
    fresh = SpeechLanguageModel(tokenizer, hidden=64)
    saved = load_file(folder / "best.safetensors")
    assert torch.equal(model.speech_encoder.weight, fresh.speech_encoder.weight)
    assert {name.split(".")[1] for name in saved} == {"language_model"}


def test_parameters_are_counted_by_part(trained):
    rows = parameter_table(Seq2SeqObjective(trained[0], 0.0))
    frozen = [row["part"] for row in rows if not row["trainable"]]
    assert frozen == ["speech_encoder.weight", "speech_encoder.bias"]


@pytest.mark.parametrize("part", ["speech_encoder", "language_model"])
def test_copy_parts_copies_the_named_part_alone(tokenizer, part):
    source, target, before = (SpeechLanguageModel(tokenizer, seed=seed) for seed in (1, 2, 2))
    copy_parts(source, target, [part])
    for name, tensor in target.state_dict().items():
        origin = source if name in part_names(source, part) else before
        assert torch.equal(tensor, origin.state_dict()[name])


def test_parts_cover_all_parameters(third):
    names = [name for part in third.parts for name in part_names(third, part)]
    assert sorted(names) == sorted(third.state_dict())


def test_an_unknown_part_is_refused(third):
    with pytest.raises(ValueError, match="no part 'vocoder'; the model has speech_encoder, lang"):
        part_names(third, "vocoder")


def test_parts_of_another_size_are_refused(tokenizer):
    small, large = (SpeechLanguageModel(tokenizer, hidden=hidden) for hidden in (32, 64))
    with pytest.raises(ValueError, match=r"has shapes \[32, 640\] and \[64, 640\]"):
        copy_parts(small, large, ["speech_encoder"])


def test_parts_of_another_model_are_refused(third, model):
    with pytest.raises(ValueError, match="has different parameters"):
        copy_parts(third, model, ["speech_encoder"])


def test_multi_task_training_needs_a_text_encoder(third):
    with pytest.raises(ValueError, match="load with text=True"):
        MultiTaskObjective(third, MultiTask(), 0.2)


@pytest.mark.parametrize("beams, n_best", [(2, 5), (2, 0)])
def test_as_many_hypotheses_as_beams(beams, n_best):
    with pytest.raises(ValueError, match=f"n_best={n_best} exceeds beams=2"):
        Search(beams=beams, n_best=n_best)


def test_gmus_search():
    defaults = {field.name: field.default for field in fields(Search)}
    assert defaults["beams"] == 5
    assert defaults["length_penalty"] == 1.0
    assert defaults["max_new_tokens"] == 256
