"""The cascade on recordings: its corpora, rows, baselines, limits and pages."""

from dataclasses import replace
from statistics import median

import pytest

from lib.corpora.audio import BadAudio
from lib.systems.recordings import views
from lib.systems.recordings.baselines import baseline_rows
from lib.systems.recordings.corpus import joined, load_recordings
from lib.systems.recordings.experiment import CASCADE, CTC, HEARD, translate
from lib.systems.recordings.limits import RECOGNISER, TRANSLATOR, Limits, limits
from lib.tasks import MT
from tests.scoring.cases import make_estimate

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def mt_rows(recordings):
    translators = recordings.translators()
    rows = recordings.mt_rows(translators)
    rows += recordings.translation.baselines(translators[0].system, rows)
    return rows + recordings.mt_rows(recordings.heard_translators())


@pytest.fixture(scope="module")
def st_rows(recordings, transcripts):
    rows = recordings.cascade_rows(transcripts)
    return rows + baseline_rows(recordings, rows, transcripts)


@pytest.fixture(scope="module")
def found(recordings, transcripts, mt_rows, st_rows):
    return limits(recordings.asr_rows(transcripts), mt_rows, st_rows)


# ---- corpora ----


def test_the_heard_corpus_has_both_transcripts_of_each_training_clip(recordings):
    experiment = recordings.heard_translators()[0].experiment
    train = recordings.corpus.split("train")
    own = {u.id: u for u in experiment.corpus.split("train")}
    assert [u.id for u in train] == [id for id in own if not id.endswith("/heard")]
    for utterance in train:
        heard = own[f"{utterance.id}/heard"]
        assert heard.texts["spa"] == utterance.texts["spa"]
        assert own[utterance.id].texts == utterance.texts


def test_development_transcripts_are_heard_and_test_ones_are_true(recordings):
    experiment = recordings.heard_translators()[0].experiment
    dev = recordings.corpus.split("dev")
    heard = recordings.transcribe(dev)
    assert [u.texts["que"] for u in experiment.corpus.split("dev")] == [h.text for h in heard]
    assert experiment.corpus.split("test") == recordings.corpus.split("test")


def test_a_share_keeps_the_test_set(recordings, cache):
    given = {"corpus": "phrasebook", "folder": ""}
    half = load_recordings("smoke", "que", "spa", 1, cache, **given, share=0.5)
    whole = recordings.corpus
    assert len(half.split("train")) == len(whole.split("train")) // 2
    assert half.split("test") == whole.split("test")
    assert half.hash != whole.hash


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5])
def test_a_share_that_is_none_is_refused(cache, share):
    with pytest.raises(ValueError, match=f"share={share}"):
        load_recordings("smoke", "que", "spa", 1, cache, "phrasebook", "", share=share)


def test_texts_are_joined_in_their_order(recordings):
    train = recordings.corpus.split("train")
    made = joined(train, 3, "que", "spa")
    assert len(made) == -(-len(train) // 3) - (len(train) % 3 == 1)
    first = made[0]
    assert first.texts["spa"] == " ".join(u.texts["spa"] for u in train[:3])
    assert first.seconds == sum(u.seconds for u in train[:3])
    assert joined(train, 1, "que", "spa") == []


def test_clips_are_joined_where_the_test_has_longer_ones(recordings):
    assert recordings.joined_clips == 1
    typical = median(u.seconds for u in recordings.corpus.split("train"))
    longer = [
        replace(u, seconds=3.2 * typical) if u.split == "test" else u
        for u in recordings.corpus.utterances
    ]
    corpus = replace(recordings.corpus, utterances=longer)
    other = replace(recordings, translation=recordings.translation.with_corpus(corpus))
    assert other.joined_clips == 3


def test_a_corpus_without_transcripts_is_refused(cache, tmp_path, recordings):
    lines = ["audio\tsource\ttarget\ttranslation\tspeaker\tsplit"]
    for number, u in enumerate(recordings.corpus.utterances):
        copy = tmp_path / f"{number}.flac"
        copy.write_bytes(u.audio.read_bytes())
        lines.append(f"{copy.name}\tque\tspa\t{u.texts['spa']} {number}\tx{u.split}\t{u.split}")
    (tmp_path / "own.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"no transcripts in que.*notebook 10"):
        load_recordings("smoke", "que", "spa", 1, cache, "own", str(tmp_path / "own.tsv"))


# ---- rows ----


def test_each_test_clip_has_a_row_of_everything(recordings, st_rows):
    names = {row.strategy for row in st_rows}
    assert names == {
        CASCADE,
        "constant",
        "shuffled_audio",
        "silence",
        "nearest_duration",
        "nearest_transcript",
        "copied_transcript",
    }
    ids = [u.id for u in recordings.st_clips()]
    for name in names:
        assert [row.id for row in st_rows if row.strategy == name] == ids, name
    assert {row.system for row in st_rows if row.strategy != CASCADE} == {"baseline"}


def test_translators_differ_and_vote(recordings):
    test = recordings.translation.test(MT)
    translators = recordings.translators()
    assert len({one.system.folder for one in translators}) == recordings.recipe.translators == 2
    found = translate(translators, test)
    beams = recordings.translation.recipe.beams
    lists = [one.experiment.decode(one.system, test, beams) for one in translators]
    for example, hypothesis, *own in zip(test, found, *lists, strict=True):
        given = {h.text for best in own for h in (best, *best.others)}
        assert hypothesis.id == example.id and hypothesis.text in given


def test_files_are_translated_as_the_test_clips(recordings, st_rows):
    rows = [row for row in st_rows if row.strategy == CASCADE][:3]
    found = recordings.translate_files([u.sound for u in recordings.st_clips()[:3]])
    assert [translation for _, translation in found] == [row.hypothesis for row in rows]


def test_a_file_that_is_no_audio_is_named(recordings, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no")
    with pytest.raises(BadAudio, match=r"bad\.wav"):
        recordings.translate_files([tmp_path / "bad.wav"])


def test_silence_has_one_output(recordings, st_rows):
    silent = {row.hypothesis for row in st_rows if row.strategy == "silence"}
    heard = {row.hypothesis for row in st_rows if row.strategy == CASCADE}
    assert len(silent) <= len(heard)


def test_outputs_of_the_parts_have_their_names(recordings, transcripts, mt_rows):
    assert {row.strategy for row in recordings.asr_rows(transcripts)} == {CTC}
    assert {"mt", HEARD, "constant"} <= {row.strategy for row in mt_rows}


# ---- limits ----


def test_the_limits_are_differences_of_scores(found, mt_rows, st_rows):
    from lib.scoring.comparisons import row_statistics, rows_of

    def score(rows, name):
        return row_statistics(rows_of(rows, name), "chrF++").corpus_score

    assert found.mt_over_constant.value == pytest.approx(
        score(mt_rows, "mt") - score(mt_rows, "constant")
    )
    assert found.lost_to_errors.value == pytest.approx(
        score(mt_rows, HEARD) - score(st_rows, CASCADE)
    )


def test_every_limit_is_a_measure_with_its_interval(found):
    assert len(found.measures) == 15
    assert found.measures["cer_low"] <= found.measures["cer"] <= found.measures["cer_high"]


def interval(low, high):
    return make_estimate((low + high) / 2, (high - low) / 2, metric="chrF++")


@pytest.mark.parametrize(
    "lost, gained, parts",
    [
        (interval(1, 3), interval(1, 2), (RECOGNISER,)),
        (interval(-1, 3), interval(-1, 2), (TRANSLATOR,)),
        (interval(1, 3), interval(-3, -2), (RECOGNISER, TRANSLATOR)),
        (interval(-1, 1), interval(1, 2), ()),
    ],
)
def test_what_limits_follows_from_intervals(lost, gained, parts):
    other = interval(0, 1)
    made = Limits(
        cer=other,
        mt_over_constant=gained,
        lost_to_errors=lost,
        st_over_shuffled=other,
        st_over_constant=other,
    )
    assert made.limited_by == parts
    page = views.limits(made).body
    assert all(part in page for part in parts)


# ---- pages ----


def test_the_account_names_splits_and_languages(recordings):
    assert "train" in views.sizes(recordings.corpus).body
    page = views.words(recordings.corpus, ("que", "spa")).body
    assert "Quechua" in page and "Spanish" in page


def test_expectations_say_where_nothing_is_known():
    assert "nobody knows" in views.expectations([], 1.0).body


def test_expectations_warn_of_too_little(found):
    from lib.scoring.learning_curve import CurvePoint

    poor = CurvePoint(corpus="x", hours=0.5, measures={**found.measures, views.EFFECT: -1.0})
    assert "Too little for this scale" in views.expectations([poor], 0.4).body
    good = replace(poor, measures={**found.measures, views.EFFECT: 1.0})
    assert "did listen" in views.expectations([good], 0.4).body


def test_a_curve_has_a_row_for_each_measure_and_is_drawn(found):
    from lib.scoring.learning_curve import CurvePoint

    points = [CurvePoint(corpus="x", hours=h, measures=found.measures) for h in (0.5, 0.25)]
    page = views.curve(points).body
    assert "15 min" in page and "30 min" in page and "+0.0" in page
    figure = views.curve_figure(points)
    assert [axes.get_ylabel() for axes in figure.axes][0] == "character error rate, %"
