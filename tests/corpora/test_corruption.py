import importlib.metadata
import random
import unicodedata
from dataclasses import replace

import jiwer
import pytest
from lhotse import CutSet

from lib.corpora.corruption import LEFT_OUT, bare, corrupted, pieces, vocabulary
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook
from lib.corpora.synthesis import _Wrong, synthesize
from lib.files import content_hash, file_hash
from tests.conftest import NARROW

CODES = ("est", "eng", "zho")


@pytest.fixture(scope="module")
def sentences():
    return Phrasebook(CODES, ("tha",), 1, 1, 1, ALL_OF_CLDR).sentences(400)


@pytest.fixture(scope="module")
def wrong(spec, corpora):
    return synthesize(replace(spec, wrong_words=0.4), corpora)


@pytest.fixture(scope="module")
def misspoken(spec, corpora):
    return synthesize(replace(spec, misspoken=0.4), corpora)


def made_wrong(sentences, code, rate, left_out=LEFT_OUT, seed="a"):
    """The texts of a language, and the same with errors."""
    right = [sentence[code] for sentence in sentences]
    words = vocabulary(right, code)
    return right, [corrupted(text, words, rate, random.Random(f"{seed}/{n}"), left_out) for n, text in enumerate(right)]


def edits(right, said, code):
    """What jiwer makes of them, a piece being a word."""
    return jiwer.process_words([" ".join(pieces(text, code)) for text in right], [" ".join(pieces(text, code)) for text in said])


def sampling(rate, count):
    """Four standard deviations of a share that is measured on `count` words."""
    return 4 * (rate * (1 - rate) / count) ** 0.5


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("rate", [0.1, 0.3, 0.7])
def test_the_word_error_rate_is_the_rate(sentences, code, rate):
    right, said = made_wrong(sentences, code, rate)
    found = edits(right, said, code)
    count = found.hits + found.substitutions + found.deletions
    assert count > 2000 and found.wer == pytest.approx(rate, abs=sampling(rate, count))
    assert found.insertions == 0
    shares = found.deletions / (found.deletions + found.substitutions)
    assert shares == pytest.approx(LEFT_OUT, abs=sampling(LEFT_OUT, rate * count))


@pytest.mark.parametrize("code", (*CODES, "tha"))
def test_at_rate_1_every_word_is_one_error_and_a_text_remains(sentences, code):
    right, said = made_wrong(sentences, code, 1.0)
    for text, errors in zip(right, said, strict=True):
        found = edits([text], [errors], code)
        assert found.wer == 1.0 and found.hits == found.insertions == 0
        assert bare(errors) and errors == unicodedata.normalize("NFC", " ".join(errors.split()))
        assert not {bare(piece) for piece in pieces(text, code)} & {bare(piece) for piece in pieces(errors, code)}
    _, replaced = made_wrong(sentences, code, 1.0, left_out=0.0)
    assert edits(right, replaced, code).deletions == 0


def test_a_text_of_one_word_is_never_left_empty():
    words = vocabulary(["Peru Chile", "Spain"], "eng")
    assert {corrupted("Peru,", words, 1.0, random.Random(seed), left_out=1.0) for seed in range(20)} == {"Chile", "Spain"}


def test_rate_0_is_the_same_text(sentences):
    for code in CODES:
        right, said = made_wrong(sentences, code, 0.0)
        assert said == right
        right, said = made_wrong(sentences, code, 1e-9)  # taken apart and put together again
        assert said == right


def test_a_higher_rate_makes_the_same_errors_and_more(sentences):
    for code in CODES:
        right, few = made_wrong(sentences, code, 0.2, left_out=0.0)
        _, many = made_wrong(sentences, code, 0.5, left_out=0.0)
        for rows in zip(right, few, many, strict=True):
            for meant, less, more in zip(*(pieces(text, code) for text in rows), strict=True):
                assert less in (meant, more)


def test_another_seed_makes_other_errors(sentences):
    assert made_wrong(sentences, "est", 0.3)[1] != made_wrong(sentences, "est", 0.3, seed="b")[1]


def test_characters_where_words_are_not_set_apart():
    assert pieces("12 kilomeetrit, ja", "est") == ["12", "kilomeetrit,", "ja"]
    assert pieces("75 小时前", "zho") == ["7", "5", "小", "时", "前"]
    assert pieces("ที่ 3", "tha") == ["ที่", "3"]  # a consonant with its vowel and its tone
    marked = corrupted("75 小时前", vocabulary(["和"], "zho"), 1.0, random.Random(1), left_out=0.0)
    assert marked == "和和 和和和"  # spaces stay


def test_the_hash_of_a_right_corpus_is_what_it_was_before_there_were_rates(spec):
    breadth = dict(territories=8, languages=4, units=4, currencies=2, largest=9, items=(1, 3))
    fields = dict(spoken=("est", "eng"), written=("spa", "que"), train=20, dev=4, test=6, breadth=breadth)
    fields |= dict(seed=1, noise_db=None, reverberation=0.0)
    versions = {name: importlib.metadata.version(name) for name in ("babel", "espeakng-loader")}
    assert spec.facts == fields
    assert spec.hash == replace(spec, wrong_words=0.0, misspoken=0.0).hash == content_hash([1, fields, versions])
    rates = dict(wrong_words=0.1), dict(wrong_words=0.2), dict(misspoken=0.1), dict(wrong_words=0.1, misspoken=0.1)
    assert len({spec.hash, *(replace(spec, **rate).hash for rate in rates)}) == 5


@pytest.mark.parametrize("name", ["wrong_words", "misspoken"])
@pytest.mark.parametrize("rate", [-0.1, 1.01, 30.0, float("nan")])
def test_a_rate_that_is_no_share_is_refused(spec, name, rate):
    with pytest.raises(ValueError, match=f"{name}=.* is no share of words; give a number from 0"):
        replace(spec, **{name: rate})


def test_too_few_words_to_be_wrong_with(tmp_path):
    with pytest.raises(ValueError, match="no training sentence in eng has a word that .* ask for more"):
        synthesize(Phrasebook(("est",), ("eng",), 1, 1, 1, NARROW, wrong_words=0.5), tmp_path)


def test_the_corpus_says_what_is_wrong_in_it(corpus, wrong, misspoken, spec):
    assert corpus.name == "phrasebook est+eng"
    assert wrong.name == "phrasebook est+eng, 40 % of translated words wrong"
    assert misspoken.name == "phrasebook est+eng, 40 % of words misspoken"
    assert replace(spec, wrong_words=0.07, misspoken=0.025).name.endswith(
        ", 7 % of translated words wrong, 2.5 % of words misspoken"
    )


def test_wrong_words_are_in_training_translations_only(corpus, wrong):
    assert [u.id for u in wrong.utterances] == [u.id for u in corpus.utterances]
    errors = words = 0
    for right, said in zip(corpus.utterances, wrong.utterances, strict=True):
        assert said.texts[said.language] == right.texts[right.language] and list(said.texts) == list(right.texts)
        if right.split != "train":
            assert said.texts == right.texts
            continue
        for code in set(right.texts) - {right.language}:
            found = edits([right.texts[code]], [said.texts[code]], code)
            errors += found.substitutions + found.deletions + found.insertions
            words += len(pieces(right.texts[code], code))
    assert words > 300 and errors / words == pytest.approx(0.4, abs=sampling(0.4, words))


def test_audio_is_the_plain_corpus_s_where_nothing_is_misspoken(corpus, wrong):
    assert wrong.hash != corpus.hash
    assert [file_hash(u.audio) for u in wrong.utterances] == [file_hash(u.audio) for u in corpus.utterances]


def test_misspoken_speech_differs_and_its_text_does_not(corpus, misspoken):
    folder = next(p for p in misspoken.utterances[0].audio.parents if p.name.startswith("phrasebook-"))
    said = {cut.id: cut.supervisions[0].custom.get("said") for cut in CutSet.from_file(folder / "cuts.jsonl.gz")}
    errors = words = 0
    for right, other in zip(corpus.utterances, misspoken.utterances, strict=True):
        assert other.id == right.id and other.texts == right.texts
        if right.split != "train" or said[right.id]:
            assert (file_hash(other.audio) == file_hash(right.audio)) == (right.split != "train")
        if right.split == "train":
            found = edits([right.texts[right.language]], [said[right.id] or right.texts[right.language]], right.language)
            assert found.insertions == found.deletions == 0
            errors += found.substitutions
            words += found.hits + found.substitutions
        else:
            assert said[right.id] is None
    assert words > 100 and errors / words == pytest.approx(0.4, abs=sampling(0.4, words))


def test_the_same_errors_on_every_machine_and_in_every_order(spec, wrong, tmp_path):
    both = replace(spec, wrong_words=0.4, misspoken=0.2)
    one, other = synthesize(both, tmp_path / "one"), synthesize(both, tmp_path / "other")
    assert one.hash == other.hash and [u.texts for u in one.utterances] == [u.texts for u in other.utterances]
    assert [file_hash(u.audio) for u in one.utterances] == [file_hash(u.audio) for u in other.utterances]
    # chance goes by utterance and kind: neither misspeaking nor the order changes which words are wrong
    assert [u.texts for u in one.utterances] == [u.texts for u in wrong.utterances]
    written = [spec.texts(content) for content in spec.contents("train", spec.train)]
    errors = _Wrong(both, written)
    for utterance in reversed([u for u in one.utterances if u.split == "train"]):
        right = written[int(utterance.id.rsplit("-", 1)[1])]
        assert errors.texts(utterance.id, utterance.language, right) == utterance.texts


def test_known_errors():
    """Chance by the bytes of a string: were another machine's different, this would fail there."""
    words = vocabulary(["3 päeva pärast", "Hispaania ja Peruu", "12 kilomeetrit"], "est")
    said = [
        corrupted("esmaspäev, 5 eurot ja Eesti", words, 0.5, random.Random(f"1/est-train-{n:06d}/est/wrong")) for n in range(3)
    ]
    assert said == ["pärast eurot päeva", "esmaspäev, 3 päeva Eesti", "päeva kilomeetrit kilomeetrit 12 12"]
