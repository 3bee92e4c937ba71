"""What tests of training share, and the functions that `launch` calls by name."""

import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from lib.data.batch import IGNORED, Batch
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.files import write_json
from lib.models.seamless import build_seamless
from lib.progress import no_callback
from lib.tasks import MT, Example
from lib.training.distributed import Ranks
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective, sum_losses
from lib.training.selection import Evaluation
from lib.training.stages import Stage
from lib.training.step import take_step
from tests.conftest import SMALL_SIZE

STAGE = Stage(
    name="case",
    updates=6,
    learning_rate=1e-3,
    warmup_updates=2,
    batch_seconds=12.0,
    label_smoothing=0.2,
    evaluate_every=2,
    save_every_seconds=0.0,
)


def fresh(tokenizer):
    return build_seamless(SMALL_SIZE, tokenizer, ["est", "eng", "spa"], seed=3)


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "activation_dropout", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):  # some Hugging Face layers
                setattr(module, name, 0.0)
    return model


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def losses(result):
    return [row["loss"] for row in result.history]


def equal(model, other):
    """Whether two models have the same weights, to the last bit."""
    own = weights(other)
    return all(torch.equal(tensor, own[name]) for name, tensor in weights(model).items())


class Killed(Exception):
    """Ends a training between two updates."""


def kill_after(update):
    """A callback that ends training after an update."""

    def callback(progress):
        if progress.update == update:
            raise Killed

    return callback


def fit_speech(model, chosen, folder, stage=STAGE, scores=None, objective=None, **how):
    """`fit` with given scores (1, 2, 3 ... unless told) instead of decoding."""
    scores = iter(scores or range(1, 100))
    return fit(
        objective or Seq2SeqObjective(model, stage.label_smoothing),
        stage,
        chosen,
        Collator(model, FbankExtractor(model.stack)),
        folder,
        **{"seed": 1, "evaluate": lambda: Evaluation(float(next(scores)))} | how,
    )


def fit_from_folder(tokenizer_folder, chosen, folder, stage, callback=no_callback, dropout=False):
    """Train a small model with real evaluations, as a process of its own can be told to."""
    from transformers import SeamlessM4TTokenizer

    model = fresh(SeamlessM4TTokenizer.from_pretrained(tokenizer_folder))
    objective = Seq2SeqObjective(model if dropout else without_dropout(model), 0.1)

    few = [chosen[index] for index in range(3)]  # an ExampleStore has no slices

    def evaluate():
        collate = Collator(model, FbankExtractor(model.stack))
        found = decode(model, few, collate, Search(beams=1, max_new_tokens=8))
        outputs = [(e, h.text) for e, h in zip(few, found, strict=True)]
        return Evaluation(sum(hypothesis.score for hypothesis in found), outputs)

    how = {"evaluate": evaluate, "callback": callback, "objective": objective}
    return fit_speech(model, chosen, Path(folder), stage, **how), objective


# ---- loss means on a model small enough for float64 formulas ----

LENGTHS = ((5, 2), (1,), (3, 3, 1), (4,))  # target tokens of the sentences of four batches
VOCABULARY = 7


class Unigram(nn.Module):
    """One distribution for all positions, in float64."""

    def __init__(self, sentence_mean=False):
        super().__init__()
        self.logits = nn.Parameter(torch.linspace(-1, 1, VOCABULARY, dtype=torch.float64))
        self.sentence_mean = sentence_mean

    def forward(self, batch):
        losses = -self.logits.log_softmax(0)[batch.labels.clamp(min=0)]
        return sum_losses(losses, batch.labels != IGNORED, self.sentence_mean)


def token_batch(lengths, seed=0):
    """A batch of text with random labels of the given lengths."""
    rng = torch.Generator().manual_seed(seed)
    labels = torch.randint(VOCABULARY, (len(lengths), max(lengths)), generator=rng)
    for row, length in enumerate(lengths):
        labels[row, length:] = IGNORED
    one = Example(id="a", task=MT, source="est", target="eng", target_text="")
    return Batch(
        examples=[replace(one, id=f"{seed}-{row}") for row in range(len(lengths))],
        prefix=labels.clamp(min=0),
        labels=labels,
        prompt_lengths=[1] * len(lengths),
        text=labels.clamp(min=0),
        text_mask=(labels != IGNORED).long(),
    )


def token_batches():
    return [token_batch(lengths, seed) for seed, lengths in enumerate(LENGTHS)]


def one_update(loss_mean, ranks, batches):
    """One step of plain gradient descent; its `Step` and gradient."""
    model = Unigram(sentence_mean=loss_mean == "sentence")
    stage = replace(STAGE, loss_mean=loss_mean, accumulate=len(LENGTHS))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    stand_in = token_batch((2,))
    own = list(ranks.own_draws(batches))
    step = take_step(ranks.wrap(model), optimizer, own, stage, ranks, cost, stand_in)
    return step, model.logits.grad


def cost(example):
    return float(len(example.id))


def average_losses(folder, callback):
    """Write each loss mean's loss and gradient over all processes."""
    ranks = Ranks("cpu")
    unusable = [*token_batches()[:3], None]  # of process 1
    for name, batches in (("all", token_batches()), ("unusable", unusable)):
        for loss_mean in ("token", "batch", "sentence"):
            step, gradient = one_update(loss_mean, ranks, batches)
            if ranks.is_main:
                facts = {"loss": step.loss, "gradient": gradient.tolist(), "tokens": step.tokens}
                write_json(Path(folder) / f"{name}-{loss_mean}.json", facts)


if __name__ == "__main__":  # tokenizer, examples, folder, file for the last update, updates
    from lib.data.store import ExampleStore

    tokenizer, listing, folder, update_file, updates = sys.argv[1:]
    stage = replace(
        STAGE,
        updates=int(updates),
        evaluate_every=0,
        batch_seconds=10.0,
        save_every_seconds=1e9,
    )

    def report(progress):
        Path(update_file).write_text(str(progress.update))
        time.sleep(0.05)

    fit_from_folder(tokenizer, ExampleStore(listing), folder, stage, report, dropout=True)
