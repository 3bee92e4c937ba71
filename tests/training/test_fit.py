import math

import pytest
import torch

from lib.batches import Collator
from lib.features import Ears
from lib.models.seamless import build_seamless
from lib.tasks import Task, examples
from lib.training.checkpoints import WrongCheckpoint, load_weights, save_weights
from lib.training.fit import fit
from lib.training.losses import Translation
from lib.training.selection import Evaluated
from lib.training.stages import Stage, freeze, parameter_table
from tests.conftest import MINUTE

STAGE = Stage(
    "direct", updates=6, learning_rate=1e-3, warmup=2, batch_seconds=12.0, label_smoothing=0.2, evaluate_every=2, save_every=0.0
)


class Killed(Exception):
    pass


def train(model, corpus, folder, stage=STAGE, seed=1, stop_at=None, scores=None, examples_of="est"):
    seen, scores = [], iter(scores or range(1, 100))

    def watch(tick):
        seen.append(tick.update)
        if tick.update == stop_at:
            raise Killed

    collate = Collator(model, Ears(model.stack))
    given = examples(corpus.split("train", examples_of), Task.ST, "eng" if examples_of == "est" else "spa")
    fitted = fit(
        Translation(model, stage.label_smoothing),
        stage,
        given,
        collate,
        folder,
        seed=seed,
        evaluate=lambda: Evaluated(float(next(scores))),
        watch=watch,
    )
    return fitted, seen


def fresh(tokenizer):
    return build_seamless(MINUTE, tokenizer, ["est", "eng", "spa"], seed=3)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("stop_at", [2, 3, 5])
def test_a_stop_changes_no_bit(model, corpus, tmp_path, stop_at):
    whole, tokenizer = fresh(model.tokenizer), model.tokenizer
    undisturbed, _ = train(whole, corpus, tmp_path / "a")
    with pytest.raises(Killed):
        train(fresh(tokenizer), corpus, tmp_path / "b", stop_at=stop_at)
    resumed = fresh(tokenizer)
    # the evaluations that were made already are not made again
    fitted, seen = train(resumed, corpus, tmp_path / "b", scores=range(1 + stop_at // 2, 100))
    assert fitted.resumed and seen[0] <= stop_at + 1
    assert [row["loss"] for row in fitted.history] == [row["loss"] for row in undisturbed.history]
    assert all(torch.equal(tensor, weights(resumed)[name]) for name, tensor in weights(whole).items())


def test_finished_is_not_trained_again(model, corpus, tmp_path):
    first, _ = train(model, corpus, tmp_path)
    trained = weights(model)
    again = fresh(model.tokenizer)
    second, seen = train(again, corpus, tmp_path)
    assert not seen and second.best == first.best
    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in trained.items())


def test_best_weights_are_kept_and_patience_ends_training(model, corpus, tmp_path):
    stage = Stage("direct", 50, 1e-3, 2, batch_seconds=12.0, evaluate_every=1, patience=2)
    fitted, _ = train(model, corpus, tmp_path, stage, scores=[1, 5, 4, 3, 2, 1, 0])
    assert (fitted.best, fitted.best_update, fitted.updates) == (5.0, 2, 5)


def test_other_recipe_or_data_in_the_folder_is_refused(model, corpus, tmp_path):
    with pytest.raises(Killed):
        train(model, corpus, tmp_path, stop_at=3)
    for change in ({"seed": 2}, {"examples_of": "eng"}):
        with pytest.raises(WrongCheckpoint, match="another recipe"):
            train(fresh(model.tokenizer), corpus, tmp_path, **change)


def test_truncated_checkpoint_and_other_model_are_named(model, tmp_path):
    path = tmp_path / "w.safetensors"
    save_weights(model, path)
    with pytest.raises(WrongCheckpoint, match="weights that differ"):
        load_weights(torch.nn.Linear(2, 2), path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WrongCheckpoint, match="not readable"):
        load_weights(model, path)


def test_loss_that_is_not_finite_stops_with_advice(model, corpus, tmp_path):
    with torch.no_grad():
        model.speech.lm_head.weight[0, 0] = math.nan
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        train(model, corpus, tmp_path, Stage("direct", 50, 1e-3, 2, batch_seconds=12.0))


def test_accumulation_is_one_large_batch(model, corpus, tmp_path):
    """The loss is the mean over all real tokens, not a mean of batch means."""
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:8]
    losses = []
    for batch_most, accumulate in ((8, 1), (2, 4)):
        twin = fresh(model.tokenizer)
        for module in twin.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
            elif isinstance(getattr(module, "dropout", None), float):  # Hugging Face keeps some as plain numbers
                module.dropout = 0.0
        stage = Stage("direct", 1, 1e-3, 1, batch_seconds=99.0, batch_most=batch_most, accumulate=accumulate)
        folder = tmp_path / str(batch_most)
        losses.append(fit(Translation(twin, 0.0), stage, chosen, Collator(twin, Ears(4)), folder, seed=1).history[0])
    assert losses[0]["loss"] == pytest.approx(losses[1]["loss"], rel=1e-3)
    assert losses[0]["gradient_norm"] == pytest.approx(losses[1]["gradient_norm"], rel=1e-2)


def test_frozen_parts_stay_and_a_pattern_that_matches_nothing_is_refused(model, corpus, tmp_path):
    before = weights(model)
    train(model, corpus, tmp_path, Stage("direct", 2, 1e-2, 1, batch_seconds=12.0, frozen=("speech_encoder",)))
    moved = {name for name, tensor in weights(model).items() if not torch.equal(tensor, before[name])}
    assert moved and not any("speech_encoder" in name for name in moved)
    assert {row["trainable"] for row in parameter_table(model) if "speech_encoder" in row["part"]} == {0}
    with pytest.raises(ValueError, match="nothing to freeze"):
        freeze(model, ["speech_encodr"])


def test_schedules():
    inverse = Stage("s", 1000, 1.0, 100)
    assert [inverse.rate(u) for u in (50, 100, 400)] == [0.5, 1.0, 0.5]
    cosine = Stage("s", 1000, 1.0, 100, "cosine")
    assert cosine.rate(550) == pytest.approx(0.5) and cosine.rate(1000) == pytest.approx(0.0)
    with pytest.raises(ValueError, match="known are"):
        Stage("s", 10, 1.0, 1, "polynomial")


def test_training_does_lower_the_loss(model, corpus, tmp_path):
    fitted, _ = train(model, corpus, tmp_path, Stage("direct", 40, 3e-3, 5, "constant", batch_seconds=12.0))
    losses = [row["loss"] for row in fitted.history]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
