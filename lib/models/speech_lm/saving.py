"""The files of a speech language model: two Hugging Face folders, and what joins them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import save_file

from lib.files import atomic_path, write_json
from lib.models.added_tokens import with_plain_embeddings
from lib.models.bridges.build import bridge_facts
from lib.models.lora import without_lora

if TYPE_CHECKING:
    from lib.models.speech_lm.model import SpeechLm

ENCODER, LANGUAGE_MODEL = "encoder", "language_model"  # folders that plain transformers loads
JOINTS, FACTS = "speech_lm.safetensors", "speech_lm.json"


def save_parts(model: SpeechLm, folder: Path | str) -> None:
    """Write encoder, language model and tokenizer; bridge and tags; and the recipe of the whole."""
    with atomic_path(folder) as new:
        new.mkdir()
        language_model = with_plain_embeddings(without_lora(model.language_model))
        language_model.save_pretrained(new / LANGUAGE_MODEL, safe_serialization=True)
        model.tokenizer.save_pretrained(new / LANGUAGE_MODEL)
        if model.encoder is not None:
            model.encoder.save(new / ENCODER)
        write_json(
            new / FACTS,
            {
                "bridge": bridge_facts(model.bridge.config) if model.bridge else None,
                "pad_to_window": getattr(model.encoder, "pad_to_window", True),
                "tags": model.tag_names,
                "attention": model.attention,
            },
        )
        parts = {"bridge": model.bridge, "tags": model.tags}
        joints = {
            f"{name}.{key}": tensor.detach().contiguous().cpu()
            for name, part in parts.items()
            if part is not None
            for key, tensor in part.state_dict().items()
        }
        save_file(joints, new / JOINTS)
