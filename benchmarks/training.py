"""`training`: audio seconds trained on per second, `fit` against transformers' `Seq2SeqTrainer`.

Both load one SeamlessM4T-v2 of the tiny preset's sizes from one folder, learn the same target
tokens from the same utterances in fp32 on the CPU with AdamW, label smoothing and clipping, and use
the same mean audio per update. The peer's side follows the run_speech_recognition_seq2seq example
of transformers, with the Trainer's defaults wherever this file gives no value (its fused AdamW, for
instance). Neither side's time includes feature extraction and tokenization (both done before), the
first updates, evaluation and saving.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from transformers import (
    SeamlessM4TFeatureExtractor,
    SeamlessM4TTokenizer,
    SeamlessM4Tv2ForSpeechToText,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)
from transformers.models.seamless_m4t_v2.modeling_seamless_m4t_v2 import shift_tokens_right

from benchmarks.corpus import SOURCE, TARGET, utterances
from benchmarks.models import SEED, SIZE, save_tiny_model
from benchmarks.side_by_side import Figures, Row, alternate, measure, paired_row
from lib.corpora.audio import read_audio
from lib.data.batch import IGNORED, Batch
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.models.seamless import load_seamless
from lib.tasks import ST, examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective, TokenLoss
from lib.training.stages import Stage
from lib.utterance import SAMPLING_RATE

PEER = "transformers Seq2SeqTrainer"
WARMUP = 5  # updates before the clock starts
# two epochs: group_by_length goes from long to short through an epoch of so few clips
COUNTED = 60  # updates
STAGE = Stage(
    name="benchmark",
    updates=WARMUP + COUNTED,
    learning_rate=1e-3,
    warmup_updates=10,
    batch_seconds=48.0,
    batch_max_items=32,
    clip_norm=1.0,
    label_smoothing=0.1,
    save_every_seconds=math.inf,
)


def rows(repeats: int, updates: int = STAGE.updates) -> list[Row]:
    """Throughput, padding and audio per update, against two batch orders of the Trainer."""
    table, clips = [], len(utterances())
    with tempfile.TemporaryDirectory() as folder:
        model = save_tiny_model(Path(folder))
        for by_length, order in ((False, "random order"), (True, "group_by_length")):

            def measure_theirs(own: Figures, by_length: bool = by_length) -> Figures:
                audio = own["audio_per_update"]
                how = {"updates": updates, "audio_per_update": audio, "by_length": by_length}
                return measure(theirs, model=model, **how)

            pairs = alternate(
                f"training, peer in {order}",
                repeats,
                partial(measure, ours, model=model, updates=updates),
                measure_theirs,
                "audio_per_second",
            )
            peer = f"{PEER}, {order}, {pairs[0][1]['batch_size']:.0f} utterances a batch"
            for key, what, unit in (
                ("audio_per_second", f"training throughput, {clips} clips", "audio s/s"),
                ("padding_share", "padding share of the input", "share"),
                ("audio_per_update", "audio an update", "s"),
            ):
                what = f"{what}, peer in {order}"
                table.append(paired_row(pairs, key, what=what, unit=unit, peer=peer))
    return table


@dataclass
class Clock:
    """What was trained on by the end of each update, and when it ended."""

    speech_seconds: float = 0.0
    real_frames: int = 0
    frames: int = 0  # padding included
    ends: list[tuple[float, float, int, int]] = field(default_factory=list)  # time, then the above

    def add_batch(self, speech_seconds: float, mask: Tensor) -> None:
        """Count a batch that the model receives."""
        self.speech_seconds += speech_seconds
        self.real_frames += int(mask.sum())
        self.frames += mask.numel()

    def end_update(self) -> None:
        """Note the end of an update."""
        counts = (self.speech_seconds, self.real_frames, self.frames)
        self.ends.append((time.perf_counter(), *counts))

    def figures(self) -> Figures:
        """From the end of the warm-up to the end of the last update."""
        first, last = self.ends[WARMUP - 1], self.ends[-1]
        seconds, audio, real, frames = (b - a for a, b in zip(first, last, strict=True))
        return {
            "audio_per_second": audio / seconds,
            "padding_share": 1 - real / frames,
            "audio_per_update": audio / (len(self.ends) - WARMUP),
        }


class TimedObjective(Seq2SeqObjective):
    """The objective, which counts each batch that it receives."""

    clock: Clock

    def forward(self, batch: Batch) -> TokenLoss:
        self.clock.add_batch(batch.speech_seconds, batch.mask)
        return super().forward(batch)


def ours(model: str, updates: int) -> Figures:
    """`fit`, with features in the cache."""
    seamless = load_seamless(model, text=False)
    chosen = examples(utterances(), ST, TARGET)
    collate = Collator(seamless, FbankExtractor(seamless.stack))
    for example in chosen:  # as in every epoch but the first: features and tokens are cached
        collate([example])
    objective = TimedObjective(seamless, STAGE.label_smoothing)
    objective.clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        fit(
            objective,
            replace(STAGE, updates=updates),
            chosen,
            collate,
            Path(folder),
            seed=SEED,
            callback=lambda _progress: objective.clock.end_update(),
        )
    return objective.clock.figures()


class Features(torch.utils.data.Dataset):
    """Features and labels made in advance, as the example's `dataset.map(prepare_dataset)`."""

    def __init__(
        self, extractor: SeamlessM4TFeatureExtractor, tokenizer: SeamlessM4TTokenizer
    ) -> None:
        self.rows = []
        for utterance in utterances():
            features = extractor(read_audio(utterance.audio), sampling_rate=SAMPLING_RATE)
            # by default this tokenizer pads to an even length, and the padding would be learnt
            labels = tokenizer(text_target=utterance.texts[TARGET], padding=False).input_ids
            self.rows.append(
                {
                    "input_features": features.input_features[0],
                    "labels": labels,
                    "seconds": utterance.seconds,
                }
            )

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        return self.rows[index]


@dataclass
class DataCollatorSpeechSeq2SeqWithPadding:
    """The example's collator, with the decoder input that the Trainer's label smoothing needs."""

    extractor: SeamlessM4TFeatureExtractor
    tokenizer: SeamlessM4TTokenizer
    decoder_start_token_id: int
    audio: deque[float] = field(default_factory=deque)  # of batches that were loaded in advance

    def __call__(self, features: list[dict]) -> Mapping[str, Tensor]:
        self.audio.append(sum(feature["seconds"] for feature in features))
        inputs = [{"input_features": feature["input_features"]} for feature in features]
        batch = self.extractor.pad(inputs, return_tensors="pt")
        targets = [{"input_ids": feature["labels"]} for feature in features]
        padded = self.tokenizer.pad(targets, return_tensors="pt")
        labels = padded["input_ids"].masked_fill(padded.attention_mask.ne(1), IGNORED)
        if (labels[:, 0] == self.decoder_start_token_id).all():  # the shift adds it again
            labels = labels[:, 1:]
        batch["labels"] = labels
        batch["decoder_input_ids"] = shift_tokens_right(
            labels, self.tokenizer.pad_token_id, self.decoder_start_token_id
        )
        return batch


class EndOfUpdate(TrainerCallback):
    """Reports each update of the Trainer to the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, *_arguments: object, **_given: object) -> None:
        self.clock.end_update()


def theirs(model: str, updates: int, audio_per_update: float, by_length: bool) -> Figures:
    """`Seq2SeqTrainer`, with the batch size whose mean audio per update is nearest to ours."""
    tokenizer = SeamlessM4TTokenizer.from_pretrained(model, src_lang=SOURCE, tgt_lang=TARGET)
    seamless = SeamlessM4Tv2ForSpeechToText.from_pretrained(model)
    seamless.config.use_cache = False  # else it stores keys and values that only decoding reads
    extractor = SeamlessM4TFeatureExtractor(stride=SIZE.stack)
    data = Features(extractor, tokenizer)
    start = seamless.config.decoder_start_token_id
    collate = DataCollatorSpeechSeq2SeqWithPadding(extractor, tokenizer, start)
    clock = Clock()
    seamless.register_forward_pre_hook(
        lambda _model, _args, inputs: clock.add_batch(
            collate.audio.popleft(), inputs["attention_mask"]
        ),
        with_kwargs=True,
    )
    batch_size = round(audio_per_update * len(data) / sum(row["seconds"] for row in data.rows))
    with tempfile.TemporaryDirectory() as folder:
        trainer = Seq2SeqTrainer(
            model=seamless,
            args=_trainer_arguments(folder, updates, batch_size, by_length),
            train_dataset=data,
            data_collator=collate,
            processing_class=extractor,
        )
        trainer.add_callback(EndOfUpdate(clock))
        trainer.train()
    return clock.figures() | {"batch_size": batch_size}


def _trainer_arguments(
    folder: str, updates: int, batch_size: int, by_length: bool
) -> Seq2SeqTrainingArguments:
    return Seq2SeqTrainingArguments(
        output_dir=folder,
        max_steps=updates,
        per_device_train_batch_size=batch_size,
        learning_rate=STAGE.learning_rate,
        warmup_steps=STAGE.warmup_updates,
        lr_scheduler_type=STAGE.schedule,
        adam_beta1=STAGE.betas[0],
        adam_beta2=STAGE.betas[1],
        weight_decay=STAGE.weight_decay,
        max_grad_norm=STAGE.clip_norm,
        label_smoothing_factor=STAGE.label_smoothing,
        group_by_length=by_length,
        dataloader_num_workers=0,
        remove_unused_columns=False,
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=SEED,
    )
