import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer, NllbTokenizerFast
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES

from lib.data.collate import Collator
from lib.decoding import GREEDY, Search, decode
from lib.models.nllb import NllbSize, build_nllb, load_nllb, nllb_languages, nllb_token, train_nllb_tokenizer
from lib.models.tokenizer import unknown_pieces
from lib.tasks import text_examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage

MINUTE = NllbSize(32, 2, 1, 2, 64, pieces=500, spare_rows=2)
READS = ["est", "eng", "spa", "que"]
# config.json of facebook/nllb-200-distilled-1.3B
PUBLISHED = {
    "activation_dropout": 0.0, "activation_function": "relu", "attention_dropout": 0.1, "bos_token_id": 0, "d_model": 1024,
    "decoder_attention_heads": 16, "decoder_ffn_dim": 8192, "decoder_layerdrop": 0, "decoder_layers": 24,
    "decoder_start_token_id": 2, "dropout": 0.1, "encoder_attention_heads": 16, "encoder_ffn_dim": 8192,
    "encoder_layerdrop": 0, "encoder_layers": 24, "eos_token_id": 2, "init_std": 0.02, "max_position_embeddings": 1024,
    "pad_token_id": 1, "scale_embedding": True, "vocab_size": 256206,
}  # fmt: skip


@pytest.fixture(scope="module")
def sentences(spec):
    return spec.sentences(200)


@pytest.fixture(scope="module")
def folder(sentences, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nllb") / "tokenizer"
    train_nllb_tokenizer((text for sentence in sentences for text in sentence.values()), READS, MINUTE.pieces, folder)
    return folder


@pytest.fixture
def nllb(folder):
    return build_nllb(MINUTE, NllbTokenizer.from_pretrained(folder), READS, seed=3).eval()


def mixed(sentences):
    """Examples of unlike lengths in several directions."""
    return text_examples(sentences[:4], [("est", "eng"), ("que", "spa"), ("eng", "eng")])


def test_full_size_parameter_count():
    """GMU's logs: 1370.64M."""
    with torch.device("meta"):
        model = M2M100ForConditionalGeneration(M2M100Config(**PUBLISHED))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(1370.64, abs=0.01)


def test_what_is_trained_here_differs_from_the_published_in_sizes_only(nllb):
    ours = nllb.config.to_dict()
    differ = {name for name, value in PUBLISHED.items() if ours[name] != value}
    sizes = {"d_model", "vocab_size", "max_position_embeddings", "init_std"}
    assert differ == sizes | {
        f"{side}_{what}" for side in ("encoder", "decoder") for what in ("attention_heads", "ffn_dim", "layers")
    }


def test_tokens_are_laid_out_as_the_tokenizer_does_it(nllb, sentences):
    """Source `lang tok... </s>`, labels `lang tok... </s>`; Hugging Face starts the decoder with `</s>` before them."""
    (example,) = text_examples(sentences[:1], [("est", "eng")])
    tokenizer = nllb.tokenizer
    tokenizer.src_lang, tokenizer.tgt_lang = "est_Latn", "eng_Latn"
    theirs = tokenizer(example.input_text, text_target=example.target_text, return_tensors="pt")
    batch = Collator(nllb)([example])
    assert torch.equal(batch.text, theirs["input_ids"]) and torch.equal(batch.labels, theirs["labels"])
    assert batch.prefix[0, :2].tolist() == [tokenizer.eos_token_id, nllb.language_id("eng")]
    assert nllb.config.decoder_start_token_id == tokenizer.eos_token_id


@torch.no_grad()
def test_logits_are_hugging_faces(nllb, sentences):
    batch = Collator(nllb)(mixed(sentences))
    theirs = nllb.reader(input_ids=batch.text, attention_mask=batch.mask, labels=batch.labels).logits
    ours = nllb.decode(*nllb.encode_text(batch.text, batch.mask), batch.prefix)
    real = batch.labels != -100
    assert torch.allclose(ours[real], theirs[real], atol=1e-5)


@torch.no_grad()
def test_a_batch_gives_what_one_gives(nllb, sentences):
    collate, chosen = Collator(nllb), mixed(sentences)
    whole = collate(chosen)
    assert whole.mask.min() == 0  # something is padded
    logits = nllb.decode(*nllb.encode_text(whole.text, whole.mask), whole.prefix)
    for row, example in enumerate(chosen):
        one = collate([example])
        alone = nllb.decode(*nllb.encode_text(one.text, one.mask), one.prefix)
        assert torch.allclose(logits[row, : alone.shape[1]], alone[0], atol=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_is_decoded_as_one_by_one(nllb, sentences, beams):
    search, collate, chosen = Search(beams, longest=10), Collator(nllb), mixed(sentences)
    together = decode(nllb, chosen, collate, search)
    alone = [decode(nllb, [example], collate, search)[0] for example in chosen]
    assert [h.text for h in together] == [h.text for h in alone] and [h.id for h in together] == [e.id for e in chosen]
    assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-3)
    assert any(h.text for h in together)


def test_saved_and_loaded_is_the_same(nllb, sentences, tmp_path):
    added = nllb.language_id("mlt")
    nllb.save(tmp_path / "m")
    assert not list((tmp_path / "m").glob("*.bin")) and list((tmp_path / "m").glob("*.safetensors"))
    again = load_nllb(tmp_path / "m").eval()
    batch = Collator(nllb)(mixed(sentences))
    for part in ("text", "prefix", "labels"):
        assert torch.equal(getattr(batch, part), getattr(Collator(again)(mixed(sentences)), part))
    one, other = (m.decode(*m.encode_text(batch.text, batch.mask), batch.prefix) for m in (nllb, again))
    assert torch.equal(one, other)
    assert again.language_id("mlt") == added and len(again.tokenizer) == len(nllb.tokenizer)


def test_a_folder_in_the_published_layout_has_the_same_ids(nllb, tmp_path):
    """The hub's has tokenizer.json, which holds the ids, and no `added_tokens_decoder`."""
    nllb.save(tmp_path / "m")
    NllbTokenizerFast.from_pretrained(tmp_path / "m").save_pretrained(tmp_path / "m")
    path = tmp_path / "m" / "tokenizer_config.json"
    config = json.loads(path.read_text())
    del config["added_tokens_decoder"]
    path.write_text(json.dumps(config))
    (tmp_path / "m" / "added_tokens.json").unlink(missing_ok=True)
    again = load_nllb(tmp_path / "m").tokenizer
    assert again.get_vocab() == nllb.tokenizer.get_vocab()
    assert again.encode("üks päev, 12", add_special_tokens=False) == nllb.tokenizer.encode(
        "üks päev, 12", add_special_tokens=False
    )

    (tmp_path / "m" / "tokenizer.json").unlink()  # as a copy of the SentencePiece file alone would be
    with pytest.raises(ValueError, match="puts <mask> where the model has its first language"):
        load_nllb(tmp_path / "m")


def test_the_ids_of_the_published_tokenizer_are_laid_out_as_ours(sentences, tmp_path):
    """Published: 256000 pieces, eng_Latn 256047, <mask> 256203; so at 256001 + place in the list, and 202 languages further."""
    texts = (text for sentence in sentences for text in sentence.values())
    tokenizer = train_nllb_tokenizer(texts, nllb_languages(), 500, tmp_path / "t")
    first = tokenizer.sp_model.get_piece_size() + 1
    named = {code: tokenizer.convert_tokens_to_ids(nllb_token(code)) for code in nllb_languages()}
    assert list(named.values()) == list(range(first, first + len(named)))
    assert tokenizer.mask_token_id == first + len(named) == len(tokenizer) - 1
    assert FAIRSEQ_LANGUAGE_CODES.index("eng_Latn") == 256047 - 256001 and len(FAIRSEQ_LANGUAGE_CODES) == 256203 - 256001


@pytest.mark.parametrize("change, message", [
    ("less", "lacks 1 weights of M2M100ForConditionalGeneration: model.decoder.layers.0.fc1.weight"),
    ("more", "has besides 1 weights of M2M100ForConditionalGeneration: model.decoder.layers.9.fc1.weight"),
    ("other", "has in another shape 1 weights of M2M100ForConditionalGeneration: model.decoder.layers.0.fc1.weight"),
])  # fmt: skip
def test_a_checkpoint_with_other_weights_is_refused_by_name(nllb, tmp_path, change, message):
    nllb.save(tmp_path / "m")
    path, name = tmp_path / "m" / "model.safetensors", "model.decoder.layers.0.fc1.weight"
    state = load_file(path)
    if change == "more":
        state[name.replace("0", "9")] = state[name].clone()
    else:
        fewer = state.pop(name)[:-1].clone()
        state |= {name: fewer} if change == "other" else {}
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=message):
        load_nllb(tmp_path / "m")


def test_a_path_that_is_none_and_a_tokenizer_that_does_not_fit_are_refused(nllb, tmp_path):
    with pytest.raises(ValueError, match="no NLLB checkpoint"):
        load_nllb(tmp_path / "nothing")
    nllb.tokenizer.add_tokens([f"word{number}" for number in range(MINUTE.spare_rows + 1)])
    nllb.save(tmp_path / "m")
    with pytest.raises(ValueError, match="tokens for .* embedding rows"):
        load_nllb(tmp_path / "m")


def test_a_new_language_takes_a_spare_row_until_none_is_left(nllb):
    known, rows = len(nllb.tokenizer), nllb.config.vocab_size
    assert rows == known + 2 == nllb.reader.get_input_embeddings().num_embeddings
    assert [nllb.language_id(code) for code in ("mdw", "mlt", "mdw")] == [known, known + 1, known]
    assert nllb.tokenizer.convert_ids_to_tokens(known) == "mdw_Latn"  # NLLB has no Mboshi; same form as its own
    assert nllb.language_id("est") < known
    with pytest.raises(ValueError, match="no spare embedding row for bem_Latn"):
        nllb.language_id("bem")


def test_letters_are_written_back_as_they_were(nllb):
    text = "l’été, œuf ñ à 12 €, Ġermaniż ?"
    ids = nllb.tokenizer.encode(text, add_special_tokens=False)
    assert unknown_pieces(nllb.tokenizer, [text]) == text.count("€") == 1
    assert nllb.tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "") == text.replace("€", "").replace(" ", "")


def test_it_learns_a_handful_of_sentences_by_heart(folder, sentences, tmp_path):
    chosen = text_examples(sentences[:6], [("est", "eng"), ("eng", "que"), ("spa", "spa")])
    model = build_nllb(NllbSize(48, 4, 1, 1, 96), NllbTokenizer.from_pretrained(folder), READS, seed=3)
    collate = Collator(model)
    before = decode(model, chosen, collate, GREEDY)
    stage = Stage("read", 150, 5e-3, 20, "cosine", batch_seconds=32.0, clip=1.0)
    fit(Seq2SeqObjective(model, 0.0), stage, chosen, collate, tmp_path, seed=1)
    right = [[h.text == e.target_text for h, e in zip(said, chosen, strict=True)]
             for said in (before, decode(model, chosen, collate, GREEDY))]  # fmt: skip
    assert not any(right[0]) and all(right[1])
