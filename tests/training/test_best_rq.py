"""BEST-RQ: codes of input frames, spans that are hidden, and a loss of hidden frames alone."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from lib.data.batch import lengths_mask
from lib.data.collate import Collator
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert
from lib.tasks import ASR, examples
from lib.training.best_rq import BestRqObjective, RandomQuantizer
from lib.training.fit import fit
from lib.training.stages import Stage

SIZE = W2vBertSize(hidden=32, heads=2, layers=2, feed_forward=64, stack=4)
WIDTH, CODES = 320, 64


def quantizer(seed=1, codes=CODES):
    return RandomQuantizer(WIDTH, codes, code_width=16, seed=seed)


def frames(*shape, seed=0):
    return torch.randn(*shape, WIDTH, generator=torch.Generator().manual_seed(seed))


def objective(mask_start=0.1, mask_frames=5, codes=CODES, size=SIZE):
    model = build_w2v_bert(size, seed=1)
    return BestRqObjective(model, codes, 16, mask_start, mask_frames, seed=1).eval()


@pytest.fixture(scope="module")
def given(corpus):
    """Clips without their texts."""
    found = examples(corpus.split("train"), ASR)
    return [replace(example, target_text="") for example in found]


@pytest.fixture(scope="module")
def batch(given):
    """Five clips of unequal length."""
    made = objective()
    clips = sorted(given, key=lambda example: example.seconds)[::8]
    extractor = build_w2v_bert(SIZE, seed=1).feature_extractor(30.0)
    found = Collator(made, extractor)(clips)
    assert len(set(found.speech_mask.sum(1).tolist())) > 2
    return found


def seeded(made, batch, seed=1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return made(batch)


# ---- the quantizer ----


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_codes_are_those_of_the_seed(seed, same):
    given, before = frames(4, 30), torch.get_rng_state()
    assert torch.equal(quantizer()(given), quantizer(seed)(given)) is same
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("scale", [0.01, 100.0])
def test_the_loudness_of_a_frame_does_not_change_its_code(scale):
    given, found = frames(4, 30), quantizer()
    assert torch.equal(found(scale * given), found(given))


def test_a_code_is_that_of_the_nearest_vector():
    found, given = quantizer(), frames(2, 20)
    projected = F.normalize(given @ found.projection, dim=-1)
    codebook = F.normalize(found.codebook, dim=-1)
    distances = (projected[:, :, None] - codebook).norm(dim=-1)
    assert torch.equal(found(given), distances.argmin(-1))


def test_all_codes_are_vectors_of_length_one():
    lengths = quantizer().codebook.norm(dim=-1)
    assert torch.allclose(lengths, torch.ones(CODES))


def test_many_codes_are_in_use():
    assert len(quantizer()(frames(10, 200)).unique()) > 0.9 * CODES


def test_the_quantizer_is_saved_and_not_trained():
    found = quantizer()
    assert list(found.parameters()) == []
    assert found.state_dict().keys() == {"projection", "codebook"}


# ---- what is hidden ----


def spans(row):
    """Lengths of the runs of hidden frames, with their ends."""
    found, run = [], 0
    for index, hidden in enumerate([*row.tolist(), False]):
        if not hidden and run:
            found.append((run, index))
        run = run + 1 if hidden else 0
    return found


@pytest.mark.parametrize("start", [0.0, 0.02, 0.3])
def test_each_clip_has_a_hidden_frame_and_none_in_its_padding(start):
    made, mask = objective(start), lengths_mask([40, 1, 3, 17])
    torch.manual_seed(1)
    for _ in range(200):
        hidden = made.masked(mask)
        assert hidden.any(1).all()
        assert not (hidden & ~mask.bool()).any()


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_span_is_as_long_as_it_should_be_unless_the_clip_ends(width):
    made, mask = objective(0.05, width), lengths_mask([40, 23])
    torch.manual_seed(1)
    for _ in range(100):
        for row, length in zip(made.masked(mask), (40, 23), strict=True):
            assert all(run >= width or end == length for run, end in spans(row))


def test_a_single_span_is_drawn_where_none_would_begin():
    made, mask = objective(0.0, 5), lengths_mask([40])
    torch.manual_seed(1)
    drawn = [spans(made.masked(mask)[0]) for _ in range(1000)]
    assert all(len(found) == 1 and found[0][0] <= 5 for found in drawn)
    assert {end for ((_, end),) in drawn} == set(range(5, 41))  # anywhere in the clip


def test_the_share_of_hidden_frames_is_that_of_the_settings():
    """A frame is seen where none of the last five frames began a span."""
    made, mask = objective(0.04, 5), torch.ones(50, 400).long()
    torch.manual_seed(1)
    share = made.masked(mask)[:, 5:].float().mean().item()
    assert share == pytest.approx(1 - 0.96**5, abs=0.02)


def test_spans_are_drawn_anew_each_time():
    made, mask = objective(), lengths_mask([40])
    torch.manual_seed(1)
    assert not torch.equal(made.masked(mask), made.masked(mask))


# ---- the loss ----


@torch.no_grad()
def test_the_loss_is_of_the_codes_of_hidden_frames_alone(batch, monkeypatch):
    made, hidden = objective(), torch.zeros_like(batch.speech_mask).bool()
    hidden[0, 2:6] = hidden[1, 1] = True
    monkeypatch.setattr(made, "masked", lambda mask: hidden)
    torch.manual_seed(1)
    noise = torch.randn_like(batch.speech)
    found = seeded(made, batch)
    heard = torch.where(hidden[..., None], 0.1 * noise, batch.speech)
    logits = made.output(made.encoder(heard, attention_mask=batch.speech_mask).last_hidden_state)
    codes = made.quantizer(batch.speech)
    wanted = F.cross_entropy(logits[hidden], codes[hidden], reduction="sum")
    assert found.count == 5
    assert found.total.item() == pytest.approx(wanted.item(), rel=1e-5)


@torch.no_grad()
def test_a_hidden_frame_is_not_heard(batch, monkeypatch):
    """Its code is the aim; nothing of it may reach the encoder."""
    made, hidden, heard = objective(), torch.zeros_like(batch.speech_mask).bool(), []
    hidden[0, 2:6] = True
    monkeypatch.setattr(made, "masked", lambda mask: hidden)
    made.encoder.register_forward_pre_hook(lambda module, given: heard.append(given[0]))
    louder = replace(batch, speech=batch.speech.clone())
    louder.speech[0, 2:6] += 3.0
    for each in (batch, louder):
        seeded(made, each)
    assert torch.equal(*heard)
    assert heard[0][0, 2:6].std().item() == pytest.approx(0.1, rel=0.15)
    assert torch.equal(heard[0][1:], batch.speech[1:])


@torch.no_grad()
def test_what_padded_frames_hold_does_not_matter(batch):
    made = objective()
    noisy = batch.speech.masked_fill(~batch.speech_mask.bool().unsqueeze(-1), 5.0)
    assert not torch.equal(noisy, batch.speech)
    one, other = seeded(made, batch), seeded(made, replace(batch, speech=noisy))
    assert other.count == one.count
    assert other.total.item() == pytest.approx(one.total.item(), rel=1e-5)


def test_all_weights_but_the_quantizers_are_trained(batch):
    made = objective().train()
    seeded(made, batch).total.backward()
    unused = [n for n, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    # a bias of keys adds the same number to all scores of a softmax
    assert [n for n in unused if not n.endswith("linear_k.bias")] == []


def test_it_needs_no_text(given):
    layout = objective().layout(given[0], 128)
    assert (layout.prefix, layout.labels) == ([0], [-100])


@pytest.mark.parametrize("state", [1, 2])
def test_the_output_layer_is_that_of_the_seed(state):
    torch.manual_seed(state)  # torch's own seed differs from process to process
    own = objective().output.weight
    torch.manual_seed(3)
    assert torch.equal(own, objective().output.weight)


@pytest.mark.slow
def test_hidden_speech_is_predicted_better_than_by_chance(given, tmp_path):
    size = replace(SIZE, hidden=64, feed_forward=128)
    made = objective(0.04, 5, codes=32, size=size)
    extractor = build_w2v_bert(size, seed=1).feature_extractor(30.0)
    stage = Stage(
        name="best_rq", updates=300, learning_rate=3e-3, warmup_updates=20, batch_seconds=24.0
    )
    result = fit(made, stage, given, Collator(made, extractor), tmp_path, seed=1)
    losses = [row["loss"] for row in result.history]
    batch = Collator(made, extractor)(given)
    codes = made.quantizer(batch.speech)[batch.speech_mask.bool()]
    shares = codes.bincount(minlength=32) / len(codes)
    entropy = -torch.special.xlogy(shares, shares).sum().item()
    last = sum(losses[-20:]) / 20
    assert losses[0] > entropy + 0.5
    # better than knowing how frequent each code is, which is much less than log(32)
    assert last < entropy - 0.2 < math.log(32) - 1.0
