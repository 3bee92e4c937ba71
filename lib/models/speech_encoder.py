"""Speech encoders of speech language models: w2v-BERT 2.0 and Whisper, by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor
from transformers import AutoConfig, PretrainedConfig

from lib.data.features import FeatureExtractor
from lib.models.bridges.bridge import EncoderShape, States, StatesMask
from lib.models.hub import source
from lib.models.w2v_bert import load_w2v_bert
from lib.models.whisper_encoder import load_whisper_encoder
from lib.tasks import Example


@runtime_checkable
class SpeechEncoder(Protocol):
    """What a speech language model asks of its encoder; implementations are `nn.Module`s."""

    @property
    def config(self) -> PretrainedConfig: ...

    @property
    def shape(self) -> EncoderShape: ...

    def cost(self, example: Example) -> float: ...

    def feature_extractor(self, max_seconds: float) -> FeatureExtractor: ...

    def frame_states(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]: ...

    def layer_states(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]: ...

    def save(self, folder: Path | str) -> None: ...


def load_speech_encoder(path: str | Path, pad_to_window: bool = True) -> SpeechEncoder:
    """The encoder of a checkpoint of the hub or of this machine, by its configuration.

    Args:
        pad_to_window: of Whisper; see `WhisperSpeechEncoder`.

    Raises:
        ValueError: there is none, or it is of another kind, or its weights do not fit.
    """
    try:
        kind = AutoConfig.from_pretrained(**source(path)).model_type
    except (OSError, ValueError) as error:
        raise ValueError(f"no speech encoder at {path}: {str(error)[:200]}") from error
    if kind == "whisper":
        return load_whisper_encoder(path, pad_to_window)
    if kind == "wav2vec2-bert":
        return load_w2v_bert(path)
    raise ValueError(f"{path} holds a {kind}; speech encoders are w2v-BERT 2.0 and Whisper")
