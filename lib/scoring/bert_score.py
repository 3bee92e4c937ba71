"""BERTScore (Zhang et al. 2020) by its own package; for `full`, where its models can be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

ENGLISH_MODEL, OTHER_MODEL = "microsoft/deberta-xlarge-mnli", "bert-base-multilingual-cased"
# of checkpoints with more than an encoder: what BERTScore does not need
_UNUSED = ("cls.", "classifier.", "pooler.")


def default_model(code: str) -> str:
    """The hub's model for a language, ISO 639-3: the package's best for English, else mBERT."""
    return ENGLISH_MODEL if code == "eng" else OTHER_MODEL


def bert_score(
    hypotheses: Sequence[str],
    references: Sequence[str],
    model: str,
    layers: int | None = None,
    device: str = "cpu",
) -> list[float]:
    """F1 of BERTScore for each hypothesis, up to 1, without idf and without rescaling.

    Args:
        references: of an answer, all right ones, one a line; the best counts.
        model: name at the hub, or a folder, of an encoder in safetensors.
        layers: of the model, whose last gives the vectors; None: as the package tuned it.

    Raises:
        ValueError: unequal numbers, no checkpoint, an unknown number of layers, or a text that is
            longer than the model reads.
    """
    from bert_score.utils import bert_cos_score_idf, model2layers
    from transformers import MODEL_MAPPING, AutoConfig, AutoTokenizer

    from lib.models.hub import source
    from lib.models.loading import load_checkpoint

    if len(hypotheses) != len(references) or not references:
        raise ValueError(f"{len(hypotheses)} hypotheses for {len(references)} references")
    layers = layers or model2layers.get(model)
    if layers is None:
        raise ValueError(f"BERTScore has no number of layers for {model}; give `layers`")
    try:
        encoder_class = MODEL_MAPPING[type(AutoConfig.from_pretrained(**source(model)))]
    except (OSError, ValueError) as error:  # the hub calls a missing folder a bad name
        raise ValueError(f"no BERTScore checkpoint at {model}: {error}") from error
    # not by the package's own loader, which would read pickles
    encoder = load_checkpoint(encoder_class, model, "BERTScore", _UNUSED).eval().to(device)
    depth, limit = encoder.config.num_hidden_layers, encoder.config.max_position_embeddings
    if not 0 < layers <= depth:
        raise ValueError(f"layers is {layers}, but {model} has {depth}; use 1 to {depth}")
    encoder.encoder.layer = encoder.encoder.layer[:layers]
    # slow, as the package does
    tokenizer = AutoTokenizer.from_pretrained(**source(model), use_fast=False)
    tokenizer.model_max_length = limit
    pairs = [
        (number, hypothesis, right)
        for number, (hypothesis, lines) in enumerate(zip(hypotheses, references, strict=True))
        for right in lines.split("\n")
    ]
    for text in {text for _, *pair in pairs for text in pair}:
        if (length := len(tokenizer.encode(text))) > limit:
            raise ValueError(f"{length} tokens, but {model} reads {limit}: {text:.60}...")
    weights = defaultdict(lambda: 1.0, {tokenizer.sep_token_id: 0.0, tokenizer.cls_token_id: 0.0})
    numbers, found, right = map(list, zip(*pairs, strict=True))
    scores = bert_cos_score_idf(encoder, right, found, tokenizer, weights, device=device)[:, 2]
    best = [float("-inf")] * len(hypotheses)
    for number, score in zip(numbers, scores.tolist(), strict=True):
        best[number] = max(best[number], score)
    return best
