from dataclasses import replace

import pytest

from lib.corpora import cards, catalogue, defects
from lib.corpora.cards import BadCard, Size, check, names, read_card
from lib.corpora.curation.rules import OPEN, Rules
from lib.corpora.sources import SOURCES, covost2
from lib.corpora.sources.reading import NotObtained
from lib.languages import LANGUAGES
from tests.corpora.sources.trees import tone


def manifest(folder, rows, columns="id audio split source target transcript translation speaker seconds"):
    """A manifest with its audio; rows: id, split, transcript, translation, speaker, listed seconds, real seconds."""
    lines = [columns.replace(" ", "\t")]
    for number, (name, split, said, meant, speaker, listed, real) in enumerate(rows):
        lines.append("\t".join((name, f"{name}.wav", split, "eng", "fra", said, meant, speaker, listed)))
        tone(folder / f"{name}.wav", real, pitch=110 + number)
    (folder / "own.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "own.tsv"


ROWS = [
    ("a", "train", "one horse and two cats", "un cheval et deux chats", "x", "1.00", 1.0),
    ("b", "dev", "three birds in a tree", "trois oiseaux dans un arbre", "y", "1.00", 1.0),
    ("c", "test", "four fishes in the sea", "quatre poissons dans la mer", "z", "1.00", 1.0),
]
CARD = replace(
    read_card("librispeech"), licence="CC-BY-4.0", sizes=(), speakers_apart=True, sentences_apart=True, checks=(), spoken=("eng",)
)


def verdicts(tmp_path, rows, card=CARD, rules=Rules()):
    curated = catalogue.load_curated("own", manifest(tmp_path / "own", rows), tmp_path / "cache", rules)
    return {claim.claim: claim for claim in check(card, curated)}


def test_every_source_has_a_card_and_every_card_but_the_phrasebooks_a_source():
    assert set(names()) - {"phrasebook"} == set(SOURCES)
    for name in names():
        card = read_card(name)
        assert card.obtain and card.layout and card.splits and card.intended_use and card.licence
        assert set(card.spoken + card.written) <= set(LANGUAGES) and set(card.checks) <= set(defects.CHECKS), name


def test_a_corpus_as_its_card_says(tmp_path):
    card = replace(CARD, sizes=(Size("eng", "train", hours=1 / 3600, utterances=1, speakers=1), Size("eng", "all", utterances=3)))
    found = verdicts(tmp_path, ROWS, card)
    assert {claim.verdict for claim in found.values()} == {"holds"}, found


@pytest.mark.parametrize(
    "size, says",
    [
        (Size("eng", "train", hours=2 / 3600), "50 % of the corpus"),
        (Size("eng", "all", utterances=4), "75 % of the corpus"),
        (Size("eng", "dev", speakers=2), "another release"),
        (Size("all", "all", utterances=3, speakers=9), "another release"),
    ],
)
def test_wrong_hours_and_missing_speakers_are_reported(tmp_path, size, says):
    claim = verdicts(tmp_path, ROWS, replace(CARD, sizes=(size,)))[f"size: {size.language}, {size.split}"]
    assert claim.verdict == "does not hold" and says in claim.remedy


def test_a_language_that_was_not_read_is_not_checked(tmp_path):
    assert (
        verdicts(tmp_path, ROWS, replace(CARD, sizes=(Size("deu", "all", hours=9),)))["size: deu, all"].verdict == "not checked"
    )


def test_leaked_sentences_and_speakers_on_both_sides_are_reported(tmp_path):
    leaked = ("d", "train", "Four fishes, in the sea!", "quatre poissons", "z", "1.00", 1.0)
    found = verdicts(tmp_path, [*ROWS, leaked, ("e", "train", "five more of them", "cinq de plus", "z", "1.00", 1.0)])
    assert (
        found["sentences of train, dev and test"].verdict == found["speakers of train, dev and test"].verdict == "does not hold"
    )
    assert found["sentences of train, dev and test"].found.startswith("1 utterances")


def test_a_licence_that_does_not_fit_the_run_is_reported(tmp_path):
    rules = Rules(licences=OPEN)
    (claim,) = [c for name, c in verdicts(tmp_path, ROWS, rules=rules).items() if "licence" in name]
    assert claim.verdict == "does not hold" and claim.remedy.startswith("3 utterances were left out")  # the manifest states none


def test_floored_seconds_and_wrong_units_are_reported(tmp_path):
    floored = [(f"f{n}", "train", f"sentence number {n} is here", f"la phrase {n} est là", "", "1", 1.2) for n in range(20)]
    found = verdicts(tmp_path, floored)["listed lengths are exact, and in seconds"]
    assert found.verdict == "does not hold" and "20 of 20 are whole numbers" in found.found
    rows = [
        *ROWS,
        ("m", "train", "one in ms", "une", "x", "1000.0", 1.0),
        ("n", "train", "two in what", "deux", "x", "16.7", 1.0),
    ]
    found = verdicts(tmp_path / "units", rows)["listed lengths are exact, and in seconds"]
    assert found.verdict == "does not hold" and "(milliseconds?)" in found.found
    curated = catalogue.load_curated("own", tmp_path / "units" / "own" / "own.tsv", tmp_path / "cache", Rules())
    assert any("milliseconds divided by 60?" in finding.what for finding in curated.findings("dropped"))


def test_quechua_text_that_holds_the_test_set_is_found(tmp_path):
    rows = [(n, s, q, t, p, x, r) for n, s, q, t, p, x, r in ROWS]
    path = manifest(tmp_path / "own", rows)
    path.write_text(path.read_text().replace("\teng\t", "\tque\t").replace("\tfra\t", "\tspa\t"))
    rules = Rules(language=False)
    curated = catalogue.load_curated("own", path, tmp_path / "cache", rules)
    assert defects.quechua_text(curated).verdict == "not checked"
    text = tmp_path / "own" / "corpus" / defects.SIMINCHIK
    text.parent.mkdir(parents=True)
    text.write_text("FOUR fishes in the sea.\nsomething else\n")
    claim = defects.quechua_text(curated)
    assert claim.verdict == "does not hold" and claim.found.startswith("1 of 1 test sentences")
    # and the remedy takes them out: the text as training material, the test set held out
    training = manifest(tmp_path / "more", [("t", "train", "four fishes in the sea", "cuatro", "", "1.00", 1.0)])
    (tmp_path / "test.que").write_text("Four fishes in the sea\n")
    curated = catalogue.load_curated("own", training, tmp_path / "cache", Rules(held_out=(str(tmp_path / "test.que"),)))
    assert len(curated.store) == 0 and [f.step for f in curated.findings("dropped")] == ["overlap"]


def test_known_faulty_clips_of_common_voice_4(tmp_path):
    rows = [
        (name.removesuffix(".mp3"), "train", f"say {name}", f"dire {name}", "", "1.00", 1.0) for name in sorted(covost2.FAULTY)
    ]
    path = manifest(tmp_path / "own", rows[:1])
    path.write_text(path.read_text().replace(".wav", ".mp3"))
    tone(tmp_path / "own" / f"{rows[0][0]}.mp3", 1.0)
    curated = catalogue.load_curated("own", path, tmp_path / "cache", Rules(tolerance=1.0))
    assert defects.covost_cv4(curated).verdict == "does not hold" and rows[0][0] in defects.covost_cv4(curated).found


def test_a_card_that_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "CARDS", tmp_path)
    read_card.cache_clear()
    for text, why in (
        ("no front matter", "front matter"),
        ("---\nname: x\n---\n", "not a card's"),
        ("---\na: [\n---\n", "not a card's"),
    ):
        (tmp_path / "x.md").write_text(text)
        with pytest.raises(BadCard, match=why):
            read_card("x")
    with pytest.raises(BadCard, match="there is no data card"):
        read_card("y")
    read_card.cache_clear()


def test_what_is_not_there_says_how_to_obtain_it(tmp_path):
    with pytest.raises(
        NotObtained, match=r"(?s)is not there.*Mboshi-French parallel corpus \(not stated\) is not downloaded for you"
    ):
        catalogue.load_curated("mboshi_french", tmp_path, tmp_path / "cache")
    with pytest.raises(ValueError, match="there is no corpus 'librespeech'; there are own, "):
        catalogue.load_curated("librespeech", tmp_path, tmp_path / "cache")
    with pytest.raises(ValueError, match="corpus=fleurs needs folder=, where it lies. FLEURS"):
        catalogue.load_curated("fleurs", "", tmp_path / "cache")


def test_a_split_that_curation_emptied_is_named(tmp_path):
    path = manifest(tmp_path / "own", ROWS)
    curated = catalogue.load_curated("own", path, tmp_path / "cache", Rules(licences=OPEN))
    with pytest.raises(ValueError, match="no train utterance in eng: the last of 1 was left out at the step 'licence'"):
        catalogue.corpus(curated, "eng")
    with pytest.raises(ValueError, match="no train utterance in deu: it lists none"):
        catalogue.corpus(curated, "deu")


def test_every_utterance_has_its_source_and_licence(shared_data, tmp_path):
    folder = shared_data / "mboshi-french-parallel-corpus"
    curated = catalogue.load_curated("mboshi_french", folder, tmp_path, Rules(audio="header"))
    corpus = catalogue.corpus(curated, "mdw")
    assert corpus.licence == "not stated" and corpus.hours() > 0.8 and len(corpus.dropped) == 950 - len(corpus.utterances)
    assert {(u.source, u.licence) for u in curated.store} == {("mboshi_french", "not stated")}
