"""COMET (Rei et al. 2022) with the true transcript as source, by COMET's own model class.

COMET's checkpoints are pickles, which may run code when they are loaded. Only the published one
named here is loaded as it is; one in a folder must hold nothing but tensors and plain values, as
those trained here do.
"""

from __future__ import annotations

import contextlib
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub import snapshot_download
from jaxtyping import Float

from lib.files import file_hash
from lib.models.hub import REVISIONS
from lib.scoring.estimates import Estimate, replicates
from lib.scoring.metrics import PROFILES, Statistics, percentage
from lib.scoring.outputs import OutputRow

COMET_22 = "Unbabel/wmt22-comet-da"  # LLM-SRT's, in half precision there; not run at full size
PROFILE = "llm_srt"


@dataclass(frozen=True)
class Comet:
    """A loaded COMET; `statistics` may be given to `lib.scoring.comparisons.score_runs_by`."""

    model: Any  # a `comet.models.RegressionMetric`
    signature: str
    batch_size: int  # utterances

    def score(self, rows: Sequence[OutputRow]) -> Estimate:
        """100 times the mean over the utterances, with its interval."""
        speakers, ids = [row.speaker for row in rows], [row.id for row in rows]
        return replicates([(0, self.statistics(rows))], speakers, ids).score()

    def statistics(self, rows: Sequence[OutputRow]) -> Statistics:
        """The value of each utterance.

        Raises:
            ValueError: there is no row, or one without a transcript.
        """
        silent = [row for row in rows if not row.transcript.strip()]
        if silent or not rows:
            first = f", first {silent[0].id!r} of {silent[0].strategy!r}" if silent else ""
            raise ValueError(
                f"{len(silent)} of {len(rows)} rows have no transcript{first}; COMET reads what "
                "was said: give at least one row, of ST, made with the true transcripts"
            )
        prepare = PROFILES[PROFILE].prepare
        samples = [
            dict(src=prepare(r.transcript), mt=prepare(r.hypothesis), ref=prepare(r.reference))
            for r in rows
        ]
        values = np.stack([self._predict(samples), np.ones(len(rows))], axis=1)
        return Statistics("COMET", values, percentage, self.signature)

    @torch.inference_mode()
    def _predict(self, samples: Sequence[dict[str, str]]) -> Float[np.ndarray, "utterances"]:
        """What COMET's `predict` gives, on any device and without Lightning's trainer."""
        tokenizer, limit = self.model.encoder.tokenizer, self.model.encoder.max_positions - 2
        lengths = [[len(tokenizer(text).input_ids) for text in own.values()] for own in samples]
        if cut := sum(length > limit for own in lengths for length in own):
            warnings.warn(f"COMET cuts {cut} texts after {limit} subwords", stacklevel=2)
        order = sorted(range(len(samples)), key=lambda index: max(lengths[index]))
        scores = np.empty(len(samples))
        for start in range(0, len(order), self.batch_size):
            part = order[start : start + self.batch_size]
            inputs = self.model.prepare_for_inference([samples[index] for index in part])
            inputs = {name: value.to(self.model.device) for name, value in inputs.items()}
            scores[part] = self.model.predict_step(inputs)["scores"].cpu()
        return scores


def load_comet(
    checkpoint: str | Path = COMET_22, device: str = "cpu", batch_size: int = 16
) -> Comet:
    """Load a COMET that reads source, hypothesis and reference.

    Args:
        checkpoint: `COMET_22`, or a folder with hparams.yaml and checkpoints/model.ckpt.

    Raises:
        ValueError: it cannot be had or trusted, or is no regression metric that scores each
            utterance by itself.
    """
    from comet import load_from_checkpoint
    from comet.models import RegressionMetric

    published = str(checkpoint) == COMET_22
    folder = _download() if published else Path(checkpoint).absolute()
    path = folder / "checkpoints" / "model.ckpt"
    if not (path.is_file() and (folder / "hparams.yaml").is_file()):
        raise ValueError(
            f"no COMET at {folder}: give {COMET_22}, or a folder with hparams.yaml and "
            "checkpoints/model.ckpt"
        )
    if not published:  # COMET's loader unpickles anything
        try:
            torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
            raise ValueError(f"{path} holds more than tensors, or none: not loaded") from error
    # a checkpoint may name its encoder relatively, and its model is drawn before it is loaded; the
    # published one may hold names that transformers dropped, so that COMET's default is not strict
    with contextlib.chdir(folder), torch.random.fork_rng(devices=[]):
        model = load_from_checkpoint(str(path), strict=not published).eval().to(device)
    if type(model) is not RegressionMetric:  # a subclass reads no reference
        raise ValueError(f"{folder} is a {type(model).__name__}, not a RegressionMetric")
    if model.layerwise_attention is not None and model.layerwise_attention.layer_norm:
        raise ValueError(f"{folder} has layer_norm: its scores depend on what shares a batch")
    name = COMET_22 if published else folder.name
    facts = f"src:transcript|precision:fp32|version:unbabel-comet-{version('unbabel-comet')}"
    signature = f"model:{name}@{file_hash(path)}|{facts}|profile:{PROFILE}"
    return Comet(model, signature, batch_size)


def _download() -> Path:
    try:
        return Path(snapshot_download(COMET_22, revision=REVISIONS[COMET_22]))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{COMET_22} cannot be downloaded, nor is it in the hub's cache: where there is a "
            "network, download it and xlm-roberta-large, and copy the cache (HF_HOME) here"
        ) from error
