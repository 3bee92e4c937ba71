import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from lib.data.augment import Augment
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.display.plots import rate_search
from lib.files import read_json
from lib.tasks import Task, examples
from lib.training import checkpoints
from lib.training.checkpoints import WrongCheckpoint, load_weights, save_weights
from lib.training.fit import fit
from lib.training.log import read_listening
from lib.training.lr_finder import find_learning_rate
from lib.training.objectives import Seq2SeqObjective
from lib.training.selection import Evaluated
from lib.training.stages import Stage, freeze, parameter_table, train_mode
from lib.training.step import DoesNotFit
from tests.training.cases import fresh, without_dropout

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

    collate = Collator(model, FbankExtractor(model.stack))
    given = examples(corpus.split("train", examples_of), Task.ST, "eng" if examples_of == "est" else "spa")
    fitted = fit(
        Seq2SeqObjective(model, stage.label_smoothing),
        stage,
        given,
        collate,
        folder,
        seed=seed,
        evaluate=lambda: Evaluated(float(next(scores))),
        watch=watch,
    )
    return fitted, seen


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
    assert (fitted.best, fitted.best_update, fitted.updates) == (5.0, 2, 4)


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


def test_weights_that_give_no_finite_loss_are_refused_before_training(model, corpus, tmp_path):
    with torch.no_grad():
        model.speech.lm_head.weight[0, 0] = math.nan
    with pytest.raises(ValueError, match="the loss is nan before the first update, for a batch with est-train"):
        train(model, corpus, tmp_path, Stage("direct", 50, 1e-3, 2, batch_seconds=12.0))


class Breaking(Seq2SeqObjective):
    """Its loss is not finite in the given calls (two are the rehearsal's)."""

    def __init__(self, model, broken):
        super().__init__(model, 0.0)
        self.calls, self.broken = 0, broken

    def forward(self, batch):
        self.calls += 1
        loss = super().forward(batch)
        return loss._replace(total=loss.total * (math.inf if self.calls in self.broken else 1.0))


def test_an_update_that_is_not_finite_is_left_out_and_counted_and_too_many_stop_with_advice(model, corpus, tmp_path):
    chosen, stage = examples(corpus.split("train", "est"), Task.ST, "eng"), replace(STAGE, clip=1.0, updates=14)
    fitted = fit(Breaking(model, {5}), stage, chosen, Collator(model, FbankExtractor(4)), tmp_path / "one", seed=1)
    assert fitted.not_finite == 1 and math.isinf(fitted.history[2]["loss"]) and math.isfinite(fitted.history[3]["loss"])
    assert all(torch.isfinite(tensor).all() for tensor in weights(model).values())
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        fit(Breaking(model, set(range(3, 99))), stage, chosen, Collator(model, FbankExtractor(4)), tmp_path / "all", seed=1)


def test_accumulation_is_one_large_batch(model, corpus, tmp_path):
    """The loss is the mean over all real tokens, not a mean of batch means."""
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:8]
    losses = []
    for batch_most, accumulate in ((8, 1), (2, 4)):
        twin = fresh(model.tokenizer)
        without_dropout(twin)
        stage = Stage("direct", 1, 1e-3, 1, batch_seconds=99.0, batch_most=batch_most, accumulate=accumulate)
        folder = tmp_path / str(batch_most)
        losses.append(fit(Seq2SeqObjective(twin, 0.0), stage, chosen, Collator(twin, FbankExtractor(4)), folder, seed=1).history[0])
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


def one_update(model, corpus, folder, **changes):
    """A single update without dropout; its row of the log."""
    stage = replace(Stage("direct", 1, 1e-3, 1, batch_seconds=20.0), **changes)
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:6]
    objective = Seq2SeqObjective(without_dropout(model), 0.0)
    return fit(objective, stage, chosen, Collator(model, FbankExtractor(4)), folder, seed=1).history[0]


def test_recomputed_activations_give_the_same_gradient(model, corpus, tmp_path):
    plain, again = (one_update(fresh(model.tokenizer), corpus, tmp_path / str(r), recompute=r) for r in (False, True))
    assert again["loss"] == pytest.approx(plain["loss"], rel=1e-6)
    assert again["gradient_norm"] == pytest.approx(plain["gradient_norm"], rel=1e-5)


def test_bf16_is_near_and_fp16_is_refused_with_the_reason(model, corpus, tmp_path):
    exact, half = (one_update(fresh(model.tokenizer), corpus, tmp_path / p, precision=p) for p in ("fp32", "bf16"))
    assert half["loss"] != exact["loss"] and half["loss"] == pytest.approx(exact["loss"], rel=0.02)
    assert half["gradient_norm"] == pytest.approx(exact["gradient_norm"], rel=0.1)
    with pytest.raises(ValueError, match="fp16 is refused: .* overflow"):
        replace(STAGE, precision="fp16")


def test_parts_have_rates_of_their_own(model, corpus, tmp_path):
    before = weights(model)
    rates = (("text_decoder", 0.0), ("adapter", 1e-2))
    one_update(model, corpus, tmp_path, learning_rate=1e-4, rates=rates)
    # Adam's first step is as long as the rate, for every weight that has a gradient
    moved = {name: (tensor - before[name]).abs().max().item() for name, tensor in weights(model).items()}
    assert all(mt_minus_st == 0 for name, mt_minus_st in moved.items() if "text_decoder.layers" in name)
    adapter = [mt_minus_st for name, mt_minus_st in moved.items() if ".adapter." in name]
    encoder = [mt_minus_st for name, mt_minus_st in moved.items() if "speech_encoder.encoder.layers" in name]
    assert max(adapter) == pytest.approx(1e-2, rel=0.05) and max(encoder) == pytest.approx(1e-4, rel=0.05)
    with pytest.raises(ValueError, match="'adaptor', which matches nothing"):
        one_update(fresh(model.tokenizer), corpus, tmp_path / "b", rates=(("adaptor", 1.0),))
    with pytest.raises(ValueError, match="everything is frozen"):
        one_update(fresh(model.tokenizer), corpus, tmp_path / "c", frozen=(".",))


def test_frozen_parts_have_no_dropout(model):
    freeze(model, ("speech_encoder",))
    train_mode(model)
    assert not any(module.training for module in model.speech.speech_encoder.modules())
    assert all(module.training for module in model.speech.text_decoder.layers.modules())


def test_moving_average_is_kept_evaluated_and_resumed(model, corpus, tmp_path):
    stage = replace(STAGE, ema=0.5, learning_rate=1e-2)
    plain, smooth = fresh(model.tokenizer), fresh(model.tokenizer)
    train(plain, corpus, tmp_path / "plain", replace(stage, ema=0.0))
    train(smooth, corpus, tmp_path / "smooth", stage)
    start, last, mean = (weights(m)["speech.lm_head.weight"] for m in (fresh(model.tokenizer), plain, smooth))
    assert 0.1 < ((mean - start).norm() / (last - start).norm()).item() < 0.95  # it lags behind
    with pytest.raises(Killed):
        train(fresh(model.tokenizer), corpus, tmp_path / "killed", stage, stop_at=5)
    resumed = fresh(model.tokenizer)
    train(resumed, corpus, tmp_path / "killed", stage, scores=range(3, 100))
    assert torch.equal(weights(resumed)["speech.lm_head.weight"], mean)


@pytest.mark.parametrize(("last", "kept"), [(9, "average"), (2, "best")])
def test_the_best_are_averaged_and_the_average_is_kept_where_it_is_better(model, corpus, tmp_path, last, kept):
    stage = replace(STAGE, average=2, learning_rate=1e-2)
    fitted, _ = train(model, corpus, tmp_path, stage, scores=[5, 3, 4, last])  # the last one is the average's own
    assert (fitted.best, fitted.best_update) == ((9.0, 0) if kept == "average" else (5.0, 2))
    assert not (tmp_path / "kept").exists() and not (tmp_path / "checkpoint").exists()


def test_the_rehearsal_says_what_trains_and_what_it_costs(model, corpus, tmp_path):
    train(model, corpus, tmp_path, replace(STAGE, frozen=("speech_encoder",)))
    facts = read_json(tmp_path / "rehearsal.json")
    longest = max(u.seconds for u in corpus.split("train", "est"))
    assert facts["batches"][0]["size"] == pytest.approx(longest, abs=1e-3) and facts["batches"][0]["peak_memory_mb"] > 0
    trains = {row["part"]: row["trainable"] for row in facts["trains"]}
    assert trains["speech.speech_encoder"] == 0 < trains["speech.text_decoder"]
    assert any(part.startswith("model.text_encoder") for part in facts["no_gradient"])  # speech alone is trained on


def test_a_batch_that_does_not_fit_names_the_utterance_and_the_knob(model, corpus, tmp_path):
    class Greedy(Seq2SeqObjective):
        def forward(self, batch):
            torch.empty(1 << 62, dtype=torch.uint8)  # what a machine says that has no memory left

    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")
    longest = max(chosen, key=lambda e: e.seconds)
    with pytest.raises(DoesNotFit, match=rf"whose longest is {longest.id} .*lower batch_seconds \(12\).*recompute"):
        fit(Greedy(model, 0.0), STAGE, chosen, Collator(model, FbankExtractor(4)), tmp_path, seed=1)


def test_no_usable_audio_at_all_is_said_before_training(model, corpus, tmp_path):
    (tmp_path / "nan.wav").write_bytes(b"")
    soundfile.write(tmp_path / "nan.wav", np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT")
    silence_audio = [replace(e, audio=tmp_path / "nan.wav") for e in examples(corpus.split("train", "est"), Task.ST, "eng")]
    with pytest.raises(ValueError, match="no audio can be heard; first: .*nan.wav: it holds NaN"):
        fit(Seq2SeqObjective(model, 0.0), STAGE, silence_audio, Collator(model, FbankExtractor(4)), tmp_path / "run", seed=1)


def test_listening_examples_are_written_at_each_evaluation(model, corpus, tmp_path):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")
    said = iter(range(99))

    def evaluate():
        return Evaluated(1.0, [(chosen[0], f"try {next(said)}")])

    fit(Seq2SeqObjective(model, 0.0), STAGE, chosen, Collator(model, FbankExtractor(4)), tmp_path, seed=1, evaluate=evaluate)
    heard = read_listening(tmp_path)
    assert [(h.update, h.hypothesis) for h in heard] == [(2, "try 0"), (4, "try 1"), (6, "try 2")]
    assert {h.reference for h in heard} == {chosen[0].target_text}
    assert list((tmp_path / "tensorboard").glob("events*"))


def test_a_torn_last_line_of_the_log_is_left_out(model, corpus, tmp_path):
    with pytest.raises(Killed):
        train(model, corpus, tmp_path, stop_at=5)
    table = tmp_path / "training.csv"
    table.write_text(table.read_text() + "6,0,1.2")
    fitted, _ = train(fresh(model.tokenizer), corpus, tmp_path, scores=range(3, 100))
    assert [row["update"] for row in fitted.history] == list(range(1, 7))


def test_augmentation_changes_training_only_and_resumes(model, corpus, tmp_path):
    loud = Augment(speeds=(0.9, 1.1), noise=1.0, time_masks=1, mel_masks=1)
    stage = replace(STAGE, augment=loud)
    plain, _ = train(fresh(model.tokenizer), corpus, tmp_path / "plain")
    whole, _ = train(fresh(model.tokenizer), corpus, tmp_path / "whole", stage)
    with pytest.raises(Killed):
        train(fresh(model.tokenizer), corpus, tmp_path / "killed", stage, stop_at=4)
    resumed, _ = train(fresh(model.tokenizer), corpus, tmp_path / "killed", stage, scores=range(2, 100))
    losses = [[row["loss"] for row in fitted.history] for fitted in (plain, whole, resumed)]
    assert losses[0] != losses[1] == losses[2]


def test_the_rate_finder_leaves_no_trace_and_finds_a_rate_that_learns(model, corpus, tmp_path):
    before, rng = weights(model), torch.get_rng_state()
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")
    collate, stage = Collator(model, FbankExtractor(4)), Stage("direct", 40, 1e-3, 5, "constant", batch_seconds=12.0)
    found = find_learning_rate(Seq2SeqObjective(model, 0.0), stage, chosen, collate, seed=1, updates=50)
    assert torch.equal(rng, torch.get_rng_state())
    assert all(torch.equal(tensor, weights(model)[name]) for name, tensor in before.items())
    assert found.rates[0] < found.suggestion < (found.diverged_at or found.rates[-1])
    losses = [row["loss"] for row in fit(
        Seq2SeqObjective(model, 0.0), replace(stage, learning_rate=found.suggestion), chosen, collate, tmp_path, seed=1
    ).history]  # fmt: skip
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert rate_search(found).axes


def test_a_torn_checkpoint_is_named(model, corpus, tmp_path):
    with pytest.raises(Killed):
        train(model, corpus, tmp_path, stop_at=5)
    torn = tmp_path / "checkpoint" / "optimizer.safetensors"
    torn.write_bytes(torn.read_bytes()[:-100])
    with pytest.raises(WrongCheckpoint, match="optimizer.safetensors is not readable"):
        train(fresh(model.tokenizer), corpus, tmp_path)


def test_weights_that_differ_are_all_named_and_loaded_only_where_that_is_meant(model, tmp_path):
    path = tmp_path / "w.safetensors"
    stored = {name: tensor.clone() for name, tensor in checkpoints.all_weights(model).items() if "adapter" not in name}
    checkpoints.save_tensors(stored | {"extra": torch.ones(1)}, path)
    before = weights(model)
    with pytest.raises(WrongCheckpoint, match="1 not in the model: extra") as caught:
        load_weights(model, path)
    assert set(caught.value.differences["missing"]) == {n for n in checkpoints.all_weights(model) if "adapter" in n}
    with pytest.raises(WrongCheckpoint, match="not in the model"):
        load_weights(model, path, lacks=("adapter",))
    filled = load_weights(model, path, lacks=("adapter",), besides=("^extra$",))
    assert set(filled) == stored.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(model).items())
