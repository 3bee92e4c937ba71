import pytest
import torch
from transformers import SeamlessM4Tv2Config, SeamlessM4Tv2ForSpeechToText, SeamlessM4Tv2ForTextToText

from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.models.seamless import load_seamless
from lib.models.tokenizer import add_language, unknown_pieces
from lib.tasks import Task, examples, text_examples


def test_full_size_parameter_counts():
    """GMU's logs: speech tied 1501.84M, text 1370.53M."""
    with torch.device("meta"):
        speech = SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config())
        text = SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config())
    assert sum(p.numel() for p in speech.parameters()) / 1e6 == pytest.approx(1501.84, abs=0.01)
    assert sum(p.numel() for p in text.parameters()) / 1e6 == pytest.approx(1370.53, abs=0.01)


def test_text_and_speech_share_one_decoder_and_one_table(model):
    assert model.reader.text_decoder is model.speech.text_decoder
    tables = [model.speech.shared, model.text_encoder.embed_tokens, model.speech.text_decoder.embed_tokens, model.speech.lm_head]
    assert len({table.weight.data_ptr() for table in tables}) == 1
    assert model.text_encoder.embed_tokens.embed_scale == pytest.approx(32**0.5)  # scaled, unlike `shared`


def test_saved_and_loaded_is_the_same(model, collate, corpus, tmp_path):
    model.language_id("que")
    model.save(tmp_path / "m")
    assert not list((tmp_path / "m").glob("*.bin")) and list((tmp_path / "m").glob("*.safetensors"))
    again = load_seamless(tmp_path / "m").eval()
    speech = collate(examples(corpus.split("test", "est"), Task.ST, "eng")[:3])
    text = collate(text_examples([{"est": "üks päev", "eng": "one day"}], [("est", "eng")]))
    for one, other in (
        (model.decode(*model.encode_speech(speech.speech, speech.mask), speech.prefix),
         again.decode(*again.encode_speech(speech.speech, speech.mask), speech.prefix)),
        (model.decode(*model.encode_text(text.text, text.mask), text.prefix),
         again.decode(*again.encode_text(text.text, text.mask), text.prefix)),
    ):  # fmt: skip
        assert torch.allclose(one, other, atol=1e-5)
    assert again.language_id("que") == model.language_id("que")


def test_the_published_class_reads_our_checkpoint(model, tmp_path):
    model.save(tmp_path / "m")
    _, said = SeamlessM4Tv2ForSpeechToText.from_pretrained(tmp_path / "m", output_loading_info=True)
    assert not said["missing_keys"] and not said["mismatched_keys"]


def test_a_checkpoint_with_weights_missing_is_refused(model, tmp_path):
    from safetensors.torch import load_file, save_file

    model.save(tmp_path / "m")
    path = tmp_path / "m" / "model.safetensors"
    state = load_file(path)
    gone = next(name for name in state if "text_decoder.layers.0.ffn.fc1" in name)
    save_file({name: tensor for name, tensor in state.items() if name != gone}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks"):
        load_seamless(tmp_path / "m")
    save_file(state | {gone: state[gone][:-1].clone()}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"has in another shape 1 weights of SeamlessM4Tv2ForSpeechToText: {gone}"):
        load_seamless(tmp_path / "m")
    with pytest.raises(ValueError, match="no Seamless checkpoint"):
        load_seamless(tmp_path / "nothing")


def test_new_language_takes_a_spare_row(model):
    rows, known = model.config.vocab_size, len(model.tokenizer)
    identity = model.language_id("que")
    assert known <= identity < rows == model.speech.shared.num_embeddings
    assert model.speech.generation_config.text_decoder_lang_to_code_id["que"] == identity
    assert model.tokenizer.encode("__que__ tak", add_special_tokens=False)[0] == identity
    assert model.language_id("est") < known  # a known language keeps its id
    with pytest.raises(ValueError, match="no spare embedding row"):
        add_language(model.tokenizer, "bem", rows=len(model.tokenizer))


def test_a_batch_gives_what_one_gives(model, corpus):
    """Hugging Face's length adaptor lets padding in; with it masked, states do not depend on the rest of the batch."""
    collate = Collator(model, FbankExtractor(model.stack))
    chosen = sorted(examples(corpus.split("train", "est"), Task.ST, "eng"), key=lambda e: e.seconds)
    chosen = [chosen[0], chosen[len(chosen) // 2], chosen[-1]]
    whole = collate(chosen)
    states, mask = model.encode_speech(whole.speech, whole.mask)
    logits = model.decode(states, mask, whole.prefix)
    for row, example in enumerate(chosen):
        one = collate([example])
        alone, alone_mask = model.encode_speech(one.speech, one.mask)
        assert alone_mask.sum() == mask[row].sum()
        real = int(alone_mask.sum())
        assert torch.allclose(states[row, :real], alone[0, :real], atol=1e-4)
        said = model.decode(alone, alone_mask, one.prefix)
        assert torch.allclose(logits[row, : said.shape[1]], said[0], atol=1e-4)


def test_pieces_that_cannot_be_written_are_counted(model):
    assert unknown_pieces(model.tokenizer, ["Ελλάδα"]) > 0 == unknown_pieces(model.tokenizer, ["l’été, œuf ñ"])
