"""New tokens of a frozen language model: their rows are trained, written, saved and copied."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2ForCausalLM, Qwen2TokenizerFast

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.models.added_tokens import add_tokens, with_plain_embeddings
from lib.models.language_model import QwenSize, build_qwen, train_qwen_tokenizer
from lib.models.protocol import copy_parts
from lib.models.speech_lm.loading import load_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.models.speech_lm.saving import LANGUAGE_MODEL
from lib.models.tokenizer import text_ids
from lib.systems.llm_srt.system import FROZEN_LANGUAGE_MODEL
from lib.tasks import MT, Example
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage, freeze, make_optimizer

SIZE = QwenSize(hidden=16, heads=2, key_value_heads=1, layers=1, feed_forward=32, subwords=300)
TOKENS = ("<|eng|>", "<|deu|>")
STAGE = Stage(
    name="rows", updates=3, learning_rate=0.01, warmup_updates=0, weight_decay=0.5, batch_seconds=9
)
ROWS = "parametrizations.weight.0.rows"
EMBEDDINGS, HEAD = "model.embed_tokens", "lm_head"
ASKED = Example(
    id="1",
    task=MT,
    source="eng",
    target="deu",
    source_text="one day",
    target_text="so<|eng|><|deu|>ein Tag",
    prompt="<|eng|><|deu|>",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen") / "tokenizer"
    train_qwen_tokenizer(["one day", "ein Tag", "so ein Tag"], SIZE.subwords, folder)
    return folder


def plain_model(tokenizer, tied, spare=0):
    """A Qwen2 whose tables are larger than its tokenizer."""
    config = build_qwen(SIZE, tokenizer, seed=1).config
    config.tie_word_embeddings, config.vocab_size = tied, len(tokenizer) + spare
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Qwen2ForCausalLM(config).eval()


@pytest.fixture
def build(folder):
    """`build(tied, spare, tokens)`: a speech language model without speech, and its tables."""

    def build(tied=True, spare=0, tokens=TOKENS):
        tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
        language_model = plain_model(tokenizer, tied, spare)
        with torch.random.fork_rng():
            torch.manual_seed(2)
            return SpeechLm(None, None, language_model, tokenizer, written_tokens=tokens).eval()

    return build


@pytest.fixture(params=[True, False], ids=["tied", "untied"])
def tied(request):
    return request.param


@pytest.fixture(params=[0, 1, 7], ids=["full table", "one spare row", "spare rows"])
def spare(request):
    return request.param


def tables(model):
    """Input and output embeddings as they are used."""
    own = model.language_model
    return own.get_input_embeddings().weight, own.get_output_embeddings().weight


def losses(model, updates=3):
    """Train the rows alone, as the stages of LLM-SRT do."""
    objective = Seq2SeqObjective(model, 0.0)
    freeze(objective, (FROZEN_LANGUAGE_MODEL,))
    optimizer, found = make_optimizer(objective, STAGE), []
    for _ in range(updates):
        loss = model.logits(Collator(model)([ASKED])).logsumexp(-1).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return found


# ---- tokens and tables ----


def test_each_is_one_token_in_plain_text(build):
    model = build()
    first = len(model.tokenizer) - 2
    ids = text_ids(model.tokenizer, ASKED.target_text)
    assert [id for id in ids if id >= first] == [first, first + 1]
    assert model.tokenizer.decode(ids, skip_special_tokens=True) == ASKED.target_text


def test_all_other_rows_are_the_models(build, folder, tied, spare):
    """New rows follow the tokenizer's, in place of spare ones."""
    tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
    known, plain = len(tokenizer), plain_model(tokenizer, tied, spare)
    found = tables(build(tied, spare))
    given = (plain.get_input_embeddings().weight, plain.get_output_embeddings().weight)
    for new, old in zip(found, given, strict=True):
        assert len(new) == max(len(old), known + len(TOKENS))
        assert torch.equal(new[:known], old[:known])
        assert torch.equal(new[known + 2 :], old[known + 2 :])
    assert torch.equal(found[0], found[1]) is tied


def test_new_rows_are_as_large_as_others(build):
    model = build(tokens=tuple(f"<|{number}|>" for number in range(200)))
    table = tables(model)[0]
    assert table[-200:].std().item() == pytest.approx(table[:-200].std().item(), rel=0.05)


@pytest.mark.parametrize("tokens", [("<|a|>", "<|a|>"), ("<|endoftext|>", "<|a|>")])
def test_a_token_that_is_not_new_is_refused(build, tokens):
    with pytest.raises(ValueError, match=r"not all of .*<\|a\|> are new"):
        build(tokens=tokens)


def test_a_text_without_new_tokens_is_read_as_before(build, folder):
    model = build()
    tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
    before = SpeechLm(None, None, plain_model(tokenizer, True), tokenizer).eval()
    example = Example(
        id="1", task=MT, source="eng", target="deu", source_text="one", target_text="a", prompt=":"
    )
    logits = [m.logits(Collator(m)([example])) for m in (before, model)]
    assert torch.allclose(logits[0], logits[1][..., : logits[0].shape[-1]], atol=1e-6)


# ---- training ----


def test_only_the_new_rows_get_gradients(build, tied):
    model = build(tied)
    freeze(Seq2SeqObjective(model, 0.0), (FROZEN_LANGUAGE_MODEL,))
    model.logits(Collator(model)([ASKED])).logsumexp(-1).sum().backward()
    named = {name: p.grad for name, p in model.language_model.named_parameters()}
    own = {f"{EMBEDDINGS}.{ROWS}"} if tied else {f"{EMBEDDINGS}.{ROWS}", f"{HEAD}.{ROWS}"}
    assert {name for name, gradient in named.items() if gradient is not None} == own
    assert all(named[name].abs().sum(1).all() for name in own)


def test_weight_decay_leaves_all_others_equal_to_the_bit(build, tied, spare):
    model = build(tied, spare)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    given = [table.clone() for table in tables(model)]
    first = len(model.tokenizer) - len(TOKENS)
    own = [first, first + 1]
    losses(model)
    changed = [name for name, t in model.state_dict().items() if not torch.equal(t, before[name])]
    assert changed
    assert [name for name in changed if not name.endswith(ROWS)] == []
    for old, new in zip(given, tables(model), strict=True):
        assert (old != new).any(1).nonzero().flatten().tolist() == own


def test_tied_tables_share_their_new_rows_after_training(build, tied):
    model = build(tied)
    losses(model)
    assert torch.equal(*tables(model)) is tied


def test_rows_are_copied_to_a_model_of_the_next_stage(build, tied):
    """Those of the output layer too: they are what an answer is written with."""
    model, other = build(tied), build(tied)
    losses(model)
    assert not torch.equal(tables(model)[1], tables(other)[1])
    copy_parts(model, other, ["added_tokens"])
    for one, two in zip(tables(model), tables(other), strict=True):
        assert torch.equal(one, two)


# ---- use ----


def test_they_are_written(build, tied, spare):
    """With a row that fits every state best, the model writes nothing else."""
    model = build(tied, spare)
    rows = model.language_model.lm_head.parametrizations.weight[0].rows
    seen = []
    model.language_model.model.norm.register_forward_hook(lambda *args: seen.append(args[-1]))
    model.logits(Collator(model)([ASKED]))
    with torch.no_grad():
        rows[1] = 100 * seen[0].mean((0, 1))
    (found,) = decode(model, [ASKED], Collator(model), Search(beams=1, max_new_tokens=3))
    assert found.text == "<|deu|>" * 3


def test_a_saved_model_has_equal_logits_in_plain_transformers(build, tied, spare, tmp_path):
    model = build(tied, spare)
    losses(model)
    model.save(tmp_path / "saved")
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "saved" / LANGUAGE_MODEL).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved" / LANGUAGE_MODEL)
    text = ASKED.source_text + ASKED.prompt + ASKED.target_text
    ids = torch.tensor([tokenizer(text)["input_ids"]])
    assert ids.tolist() == [text_ids(model.tokenizer, text)]
    assert plain.config.vocab_size == len(tables(model)[0])
    assert torch.equal(plain(ids).logits, model.language_model(ids).logits)


def test_a_saved_model_is_loaded_again(build, tied, tmp_path):
    model = build(tied)
    losses(model)
    model.save(tmp_path / "saved")
    batches = [(m, Collator(m)([ASKED])) for m in (model, load_speech_lm(tmp_path / "saved"))]
    one, other = (m.logits(batch) for m, batch in batches)
    assert torch.equal(one, other)


def test_saving_leaves_the_model_as_it_is(build, tied, tmp_path):
    model, other = build(tied), build(tied)
    model.save(tmp_path / "saved")
    assert list(model.state_dict()) == list(other.state_dict())
    assert losses(model) == losses(other)


def test_a_model_without_new_tokens_is_itself(folder):
    language_model = plain_model(Qwen2TokenizerFast.from_pretrained(folder), tied=True)
    assert with_plain_embeddings(language_model) is language_model


def test_the_names_of_the_modules_with_rows(folder, tied):
    tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
    language_model = plain_model(tokenizer, tied)
    found = add_tokens(language_model, tokenizer, TOKENS)
    assert len(found) == (1 if tied else 2)
    rows = [language_model.get_submodule(name).rows for name in found]
    assert [len(own) for own in rows] == [len(TOKENS)] * len(found)
