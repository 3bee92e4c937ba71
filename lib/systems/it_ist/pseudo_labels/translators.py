"""The MT models that translate transcripts: four of the hub at `full`, below that trained here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoTokenizer,
    NllbTokenizer,
)

from lib.corpora.cldr import Item
from lib.corpora.phrasebook import Phrasebook
from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.files import content_hash
from lib.models.hub import source
from lib.models.loading import load_checkpoint
from lib.models.nllb import Nllb, NllbSize, build_nllb, load_nllb, train_nllb_tokenizer
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.systems.backbones import to_train
from lib.tasks import MT, Example, text_examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from lib.utterance import Utterance

VERSION = 1  # increment when the same recipe gives other weights
SUBWORDS = 500
BATCH = 32  # texts that a hub model translates at once
MAX_TOKENS = 256  # of a text of the hub's models
MAX_PHRASEBOOK_TOKENS = 64  # a weak model may never end by itself


@dataclass(frozen=True, kw_only=True)
class TrainedTranslator:
    """An MT model trained here, and what makes it differ from the others."""

    name: str
    size: NllbSize
    stage: Stage  # more updates: a stronger model
    unseen_share: float  # of the phrasebook's names, drawn by the seed, that it never sees
    seed: int
    licence: str = "Unicode-3.0"  # of CLDR, the only data behind it


@dataclass(frozen=True, kw_only=True)
class HubTranslator:
    """An MT model of the hub. The paper does not name its four; these are ours, openly licensed."""

    name: str
    checkpoints: dict[str, str]  # target language (ISO 639-3) -> name on the hub, or a folder
    licences: dict[str, str]  # target language -> SPDX identifier of the model's licence
    source_token: str = ""  # the tokenizer's `src_lang`
    prefixes: dict[str, str] | None = None  # target language -> what the text begins with
    first_tokens: dict[str, str] | None = None  # target language -> first token of the output


def translate_by_hub(
    translator: HubTranslator,
    texts: Sequence[str],
    target: str,
    device: torch.device | str = "cpu",
    progress: Progress = no_progress,
) -> list[str]:
    """Translate with a model of the hub, greedily. Not run at full size: no weights were at hand.

    Raises:
        ValueError: the checkpoint is missing or has no safetensors; pickled weights are refused,
            so convert those of older repositories first.
    """
    path = translator.checkpoints[target]
    config = AutoConfig.from_pretrained(**source(path))
    cls = MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING[type(config)]
    model = load_checkpoint(cls, path, translator.name).to(device).eval()
    tokenizer = AutoTokenizer.from_pretrained(**source(path))
    if translator.source_token:
        tokenizer.src_lang = translator.source_token
    options: dict[str, Any] = {"num_beams": 1, "do_sample": False, "max_new_tokens": MAX_TOKENS}
    if translator.first_tokens:
        first = tokenizer.convert_tokens_to_ids(translator.first_tokens[target])
        if first in (None, tokenizer.unk_token_id):
            raise ValueError(f"{path} has no token {translator.first_tokens[target]!r}")
        options["forced_bos_token_id"] = first
    prefix = (translator.prefixes or {}).get(target, "")
    found: list[str] = []
    for start in range(0, len(texts), BATCH):
        batch = [prefix + text for text in texts[start : start + BATCH]]
        inputs = tokenizer(
            batch, return_tensors="pt", padding=True, truncation=True, max_length=MAX_TOKENS
        )
        with torch.no_grad():
            ids = model.generate(**inputs.to(device), **options)
        found += [text.strip() for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]
        progress(f"translating into {target} with {translator.name}", len(found), len(texts))
    return found


def train_translator(
    translator: TrainedTranslator,
    book: Phrasebook,
    sentences: int,
    targets: Sequence[str],
    held_out: frozenset[str],
    cache: Path,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> Nllb:
    """The model, from the cache or trained now; another process that trains it is waited for.

    Args:
        book: its training texts; the source is the first of its languages.
        sentences: how many of them.
        held_out: transcripts that it must not see, because they are translated later.
    """
    source = book.codes[0]
    words = _tokenizer(book, sentences, cache)
    facts = [VERSION, asdict(translator), book.hash, sentences, list(targets), sorted(held_out)]
    folder = Path(cache) / f"translator-{content_hash(facts)}"
    with to_train([folder / "model"], folder, progress) as missing:
        if missing:
            contents = book.contents("train", sentences)
            seen = [c for c in contents if not any(_is_unseen(i, translator) for i in c)]
            texts = [book.texts(content) for content in seen]
            examples = text_examples(
                [text for text in texts if text[source] not in held_out],
                [(source, target) for target in targets],
            )
            model = build_nllb(translator.size, words, book.codes, translator.seed)
            objective = Seq2SeqObjective(model, translator.stage.label_smoothing)
            fit(
                objective,
                translator.stage,
                examples,
                Collator(model),
                folder / "mt",
                seed=translator.seed,
                callback=callback,
                device=device,
            )
            model.save(folder / "model")
    return load_nllb(folder / "model").to(device)


def translate(
    model: Nllb,
    utterances: Sequence[Utterance],
    target: str,
    progress: Progress = no_progress,
) -> list[str]:
    """The model's translation of each transcript, greedily; no reference is read."""
    examples = [
        Example(
            id=utterance.id,
            task=MT,
            source=utterance.language,
            target=target,
            target_text="",
            source_text=utterance.texts[utterance.language],
        )
        for utterance in utterances
    ]
    search = Search(beams=1, max_new_tokens=MAX_PHRASEBOOK_TOKENS)
    found = decode(model, examples, Collator(model), search, progress=progress)
    return [hypothesis.text for hypothesis in found]


def _tokenizer(book: Phrasebook, sentences: int, cache: Path) -> NllbTokenizer:
    """One tokenizer for all translators."""
    folder = Path(cache) / f"translators-tokenizer-{content_hash([book.hash, sentences, SUBWORDS])}"
    with to_train([folder], folder, no_progress) as missing:
        if missing:
            texts = [text for texts in book.sentences(sentences) for text in texts.values()]
            train_nllb_tokenizer(texts, book.codes, SUBWORDS, folder)
    return NllbTokenizer.from_pretrained(folder)


def _is_unseen(item: Item, translator: TrainedTranslator) -> bool:
    """True for names that the translator never sees; the same on every machine."""
    digest = content_hash([item.kind, item.key, translator.seed], length=8)
    return int(digest, 16) / 16**8 < translator.unseen_share
