"""Put a speech language model together: from an encoder and a language model, or from its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lib.files import read_json, verify
from lib.models.bridges.build import BridgeConfig, bridge_config, build_bridge
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.language_model import load_language_model
from lib.models.lora import Lora, add_lora
from lib.models.speech_encoder import SpeechEncoder, load_speech_encoder
from lib.models.speech_lm.model import SpeechLm
from lib.models.speech_lm.saving import ENCODER, FACTS, JOINTS, LANGUAGE_MODEL
from lib.models.speech_lm.splice import CAUSAL


def join_speech_lm(
    encoder: SpeechEncoder | None,
    language_model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    bridge: BridgeConfig = StridedConvConfig(),
    *,
    tags: Sequence[str] = (),
    attention: str = CAUSAL,
    written_tokens: Sequence[str] = (),
    seed: int = 1,
) -> SpeechLm:
    """An encoder and a language model with a new bridge and new tags, drawn from `seed`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = None
        if encoder is not None:
            width = language_model.get_input_embeddings().weight.shape[1]
            built = build_bridge(bridge, encoder.shape, width)
        return SpeechLm(
            encoder, built, language_model, tokenizer, tags, attention, written_tokens
        )


def adapt_language_model(model: SpeechLm, lora: Lora, seed: int) -> None:
    """Add LoRA to the language model, drawn from `seed`, as a part "lora"."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        add_lora(model.language_model, lora.rank, lora.alpha, lora.targets, lora.dropout)
    ends = ("lora_A", "lora_B")
    model.parts["lora"] = tuple(n for n, _ in model.named_modules() if n.endswith(ends))


def load_speech_lm(folder: Path | str) -> SpeechLm:
    """A model that `save` wrote.

    Raises:
        Damaged: a file is not what was written.
        ValueError: a file or a weight is missing, unexpected or of another shape; names it.
    """
    folder = Path(folder)
    for name in (FACTS, JOINTS):
        if not (folder / name).exists():
            raise ValueError(f"{folder} holds no speech language model: it lacks {name}")
    verify(folder)
    facts = read_json(folder / FACTS)
    language_model = load_language_model(folder / LANGUAGE_MODEL)
    encoder, given = None, {}
    if facts["bridge"]:
        encoder = load_speech_encoder(folder / ENCODER, facts["pad_to_window"])
        given["bridge"] = bridge_config(facts["bridge"])
    model = join_speech_lm(
        encoder,
        *language_model,
        **given,
        tags=facts["tags"],
        attention=facts["attention"],
    )
    joints = load_file(folder / JOINTS)
    own = {n: t for n, t in model.state_dict().items() if n.startswith(("bridge.", "tags."))}
    wrong = sorted(own.keys() ^ joints.keys())
    wrong += [n for n in own.keys() & joints.keys() if own[n].shape != joints[n].shape]
    if wrong:
        raise ValueError(
            f"{folder / JOINTS} does not fit its {FACTS}: {len(wrong)} weights are missing, "
            f"unexpected or of another shape: {', '.join(wrong[:5])}"
        )
    model.load_state_dict(joints, strict=False)
    return model.eval()
