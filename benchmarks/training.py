"""`training`: seconds of audio learnt from in a second, `fit` against Hugging Face's `Seq2SeqTrainer`.

Both load one SeamlessM4T-v2 of the tiny preset's sizes from one folder, learn the same target tokens from the same
utterances in fp32 on the CPU with AdamW, label smoothing and clipping, and hear the same mean audio an update. The
peer's side is written as a user of transformers would write it, after the run_speech_recognition_seq2seq example, with the
Trainer's own defaults wherever this file is silent (its fused AdamW among them). Not timed on either side: extracting
features and tokenizing (done before), the first updates, evaluating and saving.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import deque
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

from benchmarks.corpus import SOURCE, SPOKEN, TARGET, utterances
from benchmarks.side_by_side import Figures, Row, alternate, measure, row
from lib.corpora.audio import read_audio
from lib.corpora.voices import SAMPLING_RATE
from lib.data.collate import Batch, Collator
from lib.data.features import FbankExtractor
from lib.models.seamless import build_seamless, load_seamless
from lib.models.tokenizer import train_tokenizer
from lib.systems.backbones import PRESETS
from lib.tasks import Task, examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective, TokenLoss
from lib.training.stages import Stage

PEER = "transformers Seq2SeqTrainer"
SIZE = PRESETS["tiny"].size
WARM = 5  # updates before the clock counts
# 60 counted: about two epochs, for group_by_length goes from long to short through an epoch of so few clips
STAGE = Stage(
    "benchmark",
    WARM + 60,
    learning_rate=1e-3,
    warmup=10,
    batch_seconds=48.0,
    batch_most=32,
    clip=1.0,
    label_smoothing=0.1,
    save_every=math.inf,
)
SEED = 1


def rows(repeats: int, updates: int = STAGE.updates) -> list[Row]:
    """Throughput, padding and audio an update, against the Trainer's default order and against its `group_by_length`."""
    heard = utterances()
    made: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        texts = (text for sentence in SPOKEN.sentences(2000) for text in sentence.values())
        tokenizer = train_tokenizer(texts, [SOURCE, TARGET], SIZE.pieces, Path(folder) / "tokenizer")
        model = str(Path(folder) / "model")
        build_seamless(SIZE, tokenizer, [SOURCE, TARGET], SEED).save(model)
        for grouped, order in ((False, "random order"), (True, "group_by_length")):
            pairs = alternate(
                f"training, peer in {order}",
                repeats,
                partial(measure, ours, model=model, updates=updates),
                lambda said, grouped=grouped: measure(
                    theirs, model=model, updates=updates, audio_an_update=said["audio_an_update"], grouped=grouped
                ),
                "audio_per_second",
            )
            peer = f"{PEER}, {order}, {pairs[0][1]['batch_size']:.0f} utterances a batch"
            for key, what, unit in (
                ("audio_per_second", f"training throughput, {len(heard)} clips", "audio s/s"),
                ("padding_share", "padding share of the input", "share"),
                ("audio_an_update", "audio an update", "s"),
            ):
                made.append(row(pairs, key, f"{what}, peer in {order}", unit, peer))
    return made


@dataclass
class Clock:
    """What was learnt from by the end of each update, and when that was."""

    heard: tuple[float, int, int] = (0.0, 0, 0)  # so far: seconds of real audio, frames that hold something, all frames
    ends: list[tuple[float, float, int, int]] = field(default_factory=list)  # of the updates: the time, and `heard`

    def hear(self, seconds: float, mask: Tensor) -> None:
        """The model is given a batch with so many seconds of real audio."""
        audio, real, frames = self.heard
        self.heard = audio + seconds, real + int(mask.sum()), frames + mask.numel()

    def end(self) -> None:
        """An update is done."""
        self.ends.append((time.perf_counter(), *self.heard))

    def figures(self) -> Figures:
        """From the end of the warm-up to the end of the last update."""
        counted = self.ends[WARM - 1 :]
        seconds, audio, real, frames = (last - first for first, last in zip(counted[0], counted[-1], strict=True))
        return {
            "audio_per_second": audio / seconds,
            "padding_share": 1 - real / frames,
            "audio_an_update": audio / (len(counted) - 1),
        }


class Timed(Seq2SeqObjective):
    """The objective, noting each batch that it is given."""

    def __init__(self, *arguments: object, clock: Clock) -> None:
        super().__init__(*arguments)
        self.clock = clock

    def forward(self, batch: Batch) -> TokenLoss:
        self.clock.hear(sum(example.seconds for example in batch.examples), batch.mask)
        return super().forward(batch)


def ours(model: str, updates: int) -> Figures:
    """`fit`, from features that were heard before."""
    seamless = load_seamless(model, text=False)
    given = examples(utterances(), Task.ST, TARGET)
    collate = Collator(seamless, FbankExtractor(seamless.stack))
    for example in given:  # as in every epoch but the first: the ears and the tokenizer remember
        collate([example])
    clock, stage = Clock(), replace(STAGE, updates=updates)
    objective = Timed(seamless, stage.label_smoothing, clock=clock)
    with tempfile.TemporaryDirectory() as folder:
        fit(objective, stage, given, collate, Path(folder), seed=SEED, watch=lambda tick: clock.end())
    return clock.figures()


class Features(torch.utils.data.Dataset):
    """Features and labels made beforehand, as the example's `dataset.map(prepare_dataset)` does."""

    def __init__(self, extractor: SeamlessM4TFeatureExtractor, tokenizer: SeamlessM4TTokenizer) -> None:
        self.rows = []
        for utterance in utterances():
            heard = extractor(read_audio(utterance.audio), sampling_rate=SAMPLING_RATE)
            # unasked, this tokenizer pads to an even length, and the padding would be learnt as words
            labels = tokenizer(text_target=utterance.texts[TARGET], padding=False).input_ids
            self.rows.append({"input_features": heard.input_features[0], "labels": labels, "seconds": utterance.seconds})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict:
        return self.rows[index]


@dataclass
class DataCollatorSpeechSeq2SeqWithPadding:
    """The example's collator, with the decoder's input, which the Trainer wants given where it smooths labels."""

    extractor: SeamlessM4TFeatureExtractor
    tokenizer: SeamlessM4TTokenizer
    decoder_start_token_id: int
    audio: deque[float] = field(default_factory=deque)  # of batches made and not trained on yet; the loader runs ahead

    def __call__(self, features: list[dict]) -> dict[str, Tensor]:
        self.audio.append(sum(feature["seconds"] for feature in features))
        batch = self.extractor.pad([{"input_features": feature["input_features"]} for feature in features], return_tensors="pt")
        padded = self.tokenizer.pad([{"input_ids": feature["labels"]} for feature in features], return_tensors="pt")
        labels = padded["input_ids"].masked_fill(padded.attention_mask.ne(1), -100)
        if (labels[:, 0] == self.decoder_start_token_id).all():  # it is put back by the shift
            labels = labels[:, 1:]
        batch["labels"] = labels
        batch["decoder_input_ids"] = shift_tokens_right(labels, self.tokenizer.pad_token_id, self.decoder_start_token_id)
        return batch


class EndOfUpdate(TrainerCallback):
    """Tells the clock of each update of the Trainer."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def on_step_end(self, *_arguments: object, **_given: object) -> None:
        self.clock.end()


def theirs(model: str, updates: int, audio_an_update: float, grouped: bool) -> Figures:
    """`Seq2SeqTrainer`, with the batch size whose mean audio an update comes nearest to ours."""
    tokenizer = SeamlessM4TTokenizer.from_pretrained(model, src_lang=SOURCE, tgt_lang=TARGET)
    seamless = SeamlessM4Tv2ForSpeechToText.from_pretrained(model)
    seamless.config.use_cache = False  # else it keeps keys and values that only generation reads
    extractor = SeamlessM4TFeatureExtractor(stride=SIZE.stack)
    data = Features(extractor, tokenizer)
    collate = DataCollatorSpeechSeq2SeqWithPadding(extractor, tokenizer, seamless.config.decoder_start_token_id)
    clock = Clock()
    seamless.register_forward_pre_hook(
        lambda _model, _args, given: clock.hear(collate.audio.popleft(), given["attention_mask"]), with_kwargs=True
    )
    size = round(audio_an_update * len(data) / sum(each["seconds"] for each in data.rows))
    with tempfile.TemporaryDirectory() as folder:
        arguments = Seq2SeqTrainingArguments(
            output_dir=folder,
            max_steps=updates,
            per_device_train_batch_size=size,
            learning_rate=STAGE.learning_rate,
            warmup_steps=STAGE.warmup,
            lr_scheduler_type=STAGE.schedule,
            adam_beta1=STAGE.betas[0],
            adam_beta2=STAGE.betas[1],
            weight_decay=STAGE.weight_decay,
            max_grad_norm=STAGE.clip,
            label_smoothing_factor=STAGE.label_smoothing,
            group_by_length=grouped,  # a Dataset of torch needs no column of lengths: the Trainer measures `input_features`
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
        trainer = Seq2SeqTrainer(
            model=seamless, args=arguments, train_dataset=data, data_collator=collate, processing_class=extractor
        )
        trainer.add_callback(EndOfUpdate(clock))
        trainer.train()
    return clock.figures() | {"batch_size": size}
