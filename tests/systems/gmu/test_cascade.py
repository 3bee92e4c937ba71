from dataclasses import replace

import pytest

from lib.scoring.error_propagation import bucket_by_wer
from lib.systems.baselines import as_hypothesis
from lib.systems.gmu.cascade import (
    CASCADES,
    nearest_transcript_rows,
    run_cascades,
    transcribe_test,
    transcript_rows,
    translate_transcripts,
)
from lib.systems.gmu.system import strip_text
from lib.tasks import ST

pytestmark = pytest.mark.slow  # it trains, or starts processes

PLAIN, FIVE_BEST = CASCADES["cascade"], CASCADES["cascade 5-best"]


@pytest.fixture(scope="module")
def transcripts(experiment, trained):
    return transcribe_test(experiment, trained("asr"))


@pytest.fixture(scope="module")
def plain(experiment, trained, transcripts):
    """Rows of the plain cascade, and the transcripts behind them."""
    return translate_transcripts(experiment, PLAIN, transcripts, trained("mt"))


def texts(rows):
    return [row.hypothesis for row in rows]


def test_transcripts_have_as_many_hypotheses_as_beams(experiment, transcripts):
    count = experiment.recipe.beams - 1
    assert [len(transcript.others) for transcript in transcripts] == [count] * 6


def test_transcripts_are_sorted_by_score(transcripts):
    for best in transcripts:
        scores = [transcript.score for transcript in (best, *best.others)]
        assert scores == sorted(scores, reverse=True)


def test_transcripts_are_the_recognisers_outputs(transcripts, outputs):
    assert [transcript.text for transcript in transcripts] == texts(outputs("asr"))


def test_transcripts_as_rows(experiment, trained, transcripts, outputs):
    assert transcript_rows(experiment, trained("asr"), transcripts) == outputs("asr")


def test_a_cascade_is_a_speech_translation_system(experiment, plain):
    rows, _ = plain
    assert {(row.system, row.strategy, row.task) for row in rows} == {("gmu", "cascade", "ST")}
    assert [row.id for row in rows] == [example.id for example in experiment.test(ST)]
    assert [row.reference for row in rows] == [e.target_text for e in experiment.test(ST)]


def test_the_plain_cascade_translates_the_best_transcripts(plain, transcripts):
    assert plain[1] == transcripts


@pytest.fixture(scope="module")
def all_rows(experiment, trained, transcripts):
    translators = {name: trained(name) for name in ("mt", "mt_stripped", "nllb")}
    return run_cascades(experiment, transcripts, CASCADES, translators)


@pytest.mark.parametrize("name", CASCADES)
def test_every_cascade_translates_every_clip(all_rows, name):
    assert len([row for row in all_rows if row.strategy == name]) == 6


def test_the_best_of_several_is_chosen_by_the_sum_of_scores(experiment, trained, transcripts):
    """With all weight on the transcript the first one wins."""
    translator = trained("mt")
    sure = replace(FIVE_BEST, transcript_weight=1e6)
    _, chosen = translate_transcripts(experiment, sure, transcripts, translator)
    assert chosen == transcripts


def test_the_translations_score_counts(experiment, trained, transcripts):
    """With no weight on the transcript the translation with the best score wins."""
    translator = trained("mt")
    blind = replace(FIVE_BEST, transcript_weight=0.0)
    rows, _ = translate_transcripts(experiment, blind, transcripts, translator)
    plain, _ = translate_transcripts(experiment, PLAIN, transcripts, translator)
    for best, first in zip(rows, plain, strict=True):
        assert best.log_probability >= first.log_probability - 1e-6


def test_transcripts_can_be_stripped(experiment, trained, transcripts):
    marked = [replace(t, text=f"{t.text.upper()}, Ka!", others=()) for t in transcripts]
    bare = [replace(t, text=strip_text(t.text)) for t in marked]
    translator = trained("mt_stripped")
    stripped, _ = translate_transcripts(
        experiment, CASCADES["cascade stripped in both"], marked, translator
    )
    expected, _ = translate_transcripts(experiment, PLAIN, bare, translator)
    assert texts(stripped) == texts(expected)


def test_an_empty_transcript_is_translated(experiment, trained, transcripts):
    empty = [replace(transcript, text="", others=()) for transcript in transcripts]
    rows, _ = translate_transcripts(experiment, FIVE_BEST, empty, trained("mt"))
    assert len(rows) == 6


def test_a_joined_transcript_without_score_is_translated(experiment, trained, transcripts):
    joined = [replace(transcript, score=None, others=()) for transcript in transcripts]
    rows, _ = translate_transcripts(experiment, FIVE_BEST, joined, trained("mt"))
    assert len(rows) == 6


def test_the_speed_of_a_cascade_is_below_that_of_its_recogniser(experiment, all_rows):
    for name in CASCADES:
        assert 0 < experiment.decoding_speed[name] < experiment.decoding_speed["asr"]


def test_a_cascade_that_was_decoded_before_is_no_faster(experiment, trained, transcripts):
    translate_transcripts(experiment, PLAIN, transcripts, trained("mt"))
    before = experiment.decoding_speed["cascade"]
    translate_transcripts(experiment, PLAIN, transcripts, trained("mt"))
    assert experiment.decoding_speed["cascade"] == before


def test_without_a_recogniser_measured_a_cascade_has_no_speed(experiment, trained, transcripts):
    other = replace(experiment, decoding_speed={})
    translate_transcripts(other, PLAIN, transcripts, trained("mt"))
    assert other.decoding_speed == {}


# ---- the baseline: a memory of the training transcripts ----


@pytest.fixture(scope="module")
def remembered(experiment):
    """Six training clips in another order, for the six test clips."""
    return experiment.corpus.split("train")[6:0:-1]


def heard(experiment, words):
    """Transcripts of the test clips."""
    return [as_hypothesis(e.id, text) for e, text in zip(experiment.test(ST), words, strict=True)]


def test_a_training_transcript_gives_its_translation(experiment, remembered):
    words = heard(experiment, [u.texts["que"] for u in remembered])
    rows = nearest_transcript_rows(experiment, words)
    assert texts(rows) == [u.texts["spa"] for u in remembered]
    assert [row.id for row in rows] == [e.id for e in experiment.test(ST)]
    assert [row.reference for row in rows] == [e.target_text for e in experiment.test(ST)]
    assert {(row.system, row.strategy, row.stage, row.task) for row in rows} == {
        ("baseline", "nearest_transcript", "asr", "ST")
    }


def test_the_nearest_transcript_may_have_other_letters(experiment, remembered):
    words = heard(experiment, [f"{u.texts['que'][:-1]}x" for u in remembered])
    rows = nearest_transcript_rows(experiment, words)
    assert texts(rows) == [u.texts["spa"] for u in remembered]


def test_an_empty_transcript_has_a_nearest_one(experiment):
    rows = nearest_transcript_rows(experiment, heard(experiment, [""] * 6))
    assert set(texts(rows)) <= {u.texts["spa"] for u in experiment.corpus.split("train")}


def test_each_direction_has_translations_in_its_language(experiment, remembered):
    two = replace(experiment, directions=(("que", "spa"), ("que", "eng")))
    words = heard(two, [u.texts["que"] for u in (*remembered, *remembered)])
    rows = nearest_transcript_rows(two, words)
    expected = [u.texts[code] for code in ("spa", "eng") for u in remembered]
    assert texts(rows) == expected
    assert [row.target for row in rows] == ["spa"] * 6 + ["eng"] * 6


# ---- a test clip without a true transcript ----


@pytest.fixture(scope="module")
def poor(experiment):
    """The corpus without the transcript of the first test clip."""
    utterances = [
        replace(u, texts={"spa": u.texts["spa"]}) if u.id == "que-test-000000" else u
        for u in experiment.corpus.utterances
    ]
    return experiment.with_corpus(replace(experiment.corpus, utterances=utterances))


@pytest.fixture(scope="module")
def poor_transcripts(poor, trained):
    return transcribe_test(poor, trained("asr"))


def test_it_is_transcribed_and_translated(poor, poor_transcripts, trained):
    rows, _ = translate_transcripts(poor, PLAIN, poor_transcripts, trained("mt"))
    assert "que-test-000000" in [row.id for row in rows]
    assert len(rows) == 6


def test_it_has_no_word_error_rate(poor, poor_transcripts, trained):
    rows, _ = translate_transcripts(poor, PLAIN, poor_transcripts, trained("mt"))
    found = transcript_rows(poor, trained("asr"), poor_transcripts)
    assert "que-test-000000" not in [row.id for row in found]
    buckets = bucket_by_wer(found, poor.outputs(trained("mt")), rows)
    assert sum(bucket.n for bucket in buckets) == 5


# ---- error propagation of real rows ----


def test_clips_are_divided_by_word_error_rate(outputs):
    gold, asr = outputs("mt"), outputs("asr")
    right = [replace(row, hypothesis=row.reference) for row in asr[:2]]
    mixed = right + [replace(row, hypothesis="x " * 99) for row in asr[2:]]
    found = bucket_by_wer(mixed, gold, [replace(row, task="ST") for row in gold])
    assert [(bucket.name, bucket.n) for bucket in found] == [("none", 2), ("over 50 %", 4)]
    assert [bucket.loss.value for bucket in found] == pytest.approx([0, 0])
