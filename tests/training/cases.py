"""What tests of training share, and what other processes call by name."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.models.seamless import build_seamless
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.selection import Evaluated
from lib.training.stages import Stage
from tests.conftest import MINUTE

STAGE = Stage("case", 6, 1e-3, 2, batch_seconds=10.0, accumulate=2, label_smoothing=0.1)


def fresh(tokenizer):
    return build_seamless(MINUTE, tokenizer, ["est", "eng", "spa"], seed=3)


def without_dropout(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "activation_dropout", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):  # Hugging Face keeps some as plain numbers
                setattr(module, name, 0.0)
    return model


def train(tokenizer_folder, chosen, folder, watch, stage=STAGE, dies="", sends=None, dropout=False, decodes=False):
    """Train a minute model; process 1 may die at update 3, in a named way."""
    from transformers import SeamlessM4TTokenizer

    model = fresh(SeamlessM4TTokenizer.from_pretrained(tokenizer_folder))

    def look(tick):
        watch(tick)
        if sends:
            Path(sends).write_text(str(tick.update))
            time.sleep(0.05)
        if tick.update == 3 and dies and os.environ.get("RANK") == "1":
            if dies == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError("the GPU fell off the bus")

    def evaluate():
        said = decode(model, chosen[:3], Collator(model, FbankExtractor(model.stack)), Search(1, longest=8))
        return Evaluated(sum(h.score for h in said), [(e, h.text) for e, h in zip(chosen, said, strict=False)])

    objective = Seq2SeqObjective(model if dropout else without_dropout(model), stage.label_smoothing)
    collate, scores = Collator(model, FbankExtractor(model.stack)), evaluate if decodes else None
    return fit(objective, stage, chosen, collate, Path(folder), seed=1, watch=look, evaluate=scores), objective


if __name__ == "__main__":  # a process to be told to stop: tokenizer, listing, folder, file that names the update
    from lib.data.store import ExampleStore

    tokenizer, listing, folder, sends, updates = sys.argv[1:]
    stage = replace(STAGE, updates=int(updates), save_every=1e9)
    train(tokenizer, ExampleStore(listing), folder, lambda tick: None, stage, sends=sends, dropout=True)
