"""Zero-resource translation on recordings in published layouts: FLEURS, then Common Voice."""

from dataclasses import replace

import pytest

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.systems.zero_resource.experiment import open_experiment
from lib.systems.zero_resource.held_out import PairedHeldOut, check_corpus
from lib.systems.zero_resource.strategies import STRATEGIES
from lib.tasks import ST
from tests.systems.llm_srt.test_recordings import (
    COMMON_VOICE,
    FLEURS,
    SIZES,
    write_common_voice,
    write_fleurs,
)

LOCALES = {"nld": ("nl_nl", "nl")}


@pytest.fixture(scope="module")
def recorded(zero_resource, tmp_path_factory):
    """English, German and Dutch in both corpora; Dutch is held out."""
    folder, codes = tmp_path_factory.mktemp("recordings"), (*FLEURS, *LOCALES)
    book = Phrasebook(spoken=(), written=codes, train=0, dev=0, test=0, breadth=TINY_BREADTH)
    sentences = book.sentences(60)
    with pytest.MonkeyPatch.context() as patch:
        for code, (fleurs, common_voice) in LOCALES.items():
            patch.setitem(FLEURS, code, fleurs)
            patch.setitem(COMMON_VOICE, code, common_voice)
        one = write_fleurs(folder / "fleurs", sentences)
        two = write_common_voice(folder / "cv", sentences, codes)
    corpora = f"fleurs={one} common_voice={two}"
    given = {"languages": "eng deu nld", "held_out": "nld", "corpora": corpora}
    return open_experiment("smoke", 1, zero_resource.cache, **given)


def trained_on(experiment, name):
    train, _ = experiment._training_examples(STRATEGIES[name])
    return {(e.id.partition("/")[0], e.source, e.target) for e in train}


def test_held_out_recordings_of_the_second_corpus_are_there_and_not_trained_on(recorded):
    clips = recorded.corpus.split("train", "nld")
    assert {u.source for u in clips} == {"fleurs", "common_voice"}
    assert {source for _, source, _ in trained_on(recorded, "multi-task")} == {"eng", "deu"}


def test_transcripts_are_learnt_from_both_and_translations_where_they_are(recorded):
    """Common Voice has none."""
    found = trained_on(recorded, "multi-task")
    transcribed = {(corpus, s) for corpus, s, t in found if s == t}
    assert transcribed == {(c, s) for c in ("fleurs", "common_voice") for s in ("eng", "deu")}
    assert {own for own in found if own[1] != own[2]} == {("fleurs", "deu", "eng")}


def test_a_held_out_language_is_tested_on_the_first_corpus(recorded):
    test = recorded.test(ST)
    assert {(e.id.partition("/")[0], e.source) for e in test} == {
        ("fleurs", "deu"),
        ("fleurs", "nld"),
    }
    assert len(test) == 2 * SIZES["test"]


def test_a_recording_of_a_held_out_language_stops_a_training(recorded):
    smuggled = [e for e in recorded.test(ST) if e.source == "nld"]
    with pytest.raises(PairedHeldOut, match=r"fleurs/.* \(ST, nld to eng\) is paired data"):
        recorded.system.mix(STRATEGIES["multi-task"], [smuggled], seed=1)


def test_a_sound_in_both_corpora_under_two_labels_stops_the_run(recorded):
    """Curation looks at each corpus by itself."""
    corpus = recorded.corpus
    dutch = corpus.split("test", "nld")[0]
    german = next(u for u in corpus.split("train", "deu") if u.source == "common_voice")
    planted = replace(german, audio=dutch.audio)
    others = [planted if u is german else u for u in corpus.utterances]
    with pytest.raises(PairedHeldOut, match="training clip common_voice/.* is labelled deu"):
        check_corpus(replace(corpus, utterances=others), ("nld",), recorded.backbone)


@pytest.mark.slow
def test_both_stages_train_on_recordings(recorded):
    rows = recorded.outputs(recorded.train("multi-task"))
    assert {(r.task, r.source) for r in rows} == {
        *(("ASR", code) for code in ("eng", "deu", "nld")),
        *(("ST", code) for code in ("deu", "nld")),
    }
    assert len(rows) == 5 * SIZES["test"]
