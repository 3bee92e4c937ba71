"""Whisper-large-v3's encoder for counts of parameters, a minute one for everything else."""

import torch

from lib.models.bridges.bridge import EncoderShape
from lib.models.bridges.build import build_bridge

LARGE = EncoderShape(
    width=1280, input_width=128, heads=20, feed_forward=5120, stack=2, layers=32
)
WIDTH, OUTPUT, LAYERS = 8, 12, 3
SMALL = EncoderShape(
    width=WIDTH, input_width=160, heads=2, feed_forward=16, stack=2, layers=LAYERS
)


def build(config, seed=1):
    """A bridge to a language model of width 12, in eval mode, whose biases are not zero."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = build_bridge(config, SMALL, OUTPUT)
        for name, parameter in made.named_parameters():
            if name.endswith("bias"):  # biases of zero would hide errors of padding
                torch.nn.init.normal_(parameter, std=0.4)
    return made.eval()


def states(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def ones(*shape):
    return torch.ones(*shape, dtype=torch.long)


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())
