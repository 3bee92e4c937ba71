from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from lib.display.corpus_views import CorpusViews
from tests.display.corpora import LENIENT, SHAPES, TRANSCRIPTS, UNREADABLE, curate_lines, line
from tests.display.outputs import MARKUP, is_escaped


@pytest.fixture(scope="module")
def views_of(tmp_path_factory):
    """Views of the corpus of each shape, curated once."""
    made = {}

    def views(shape):
        if shape not in made:
            folder = tmp_path_factory.mktemp("corpus") / "own"
            made[shape] = CorpusViews(curate_lines(folder, SHAPES[shape]))
        return made[shape]

    return views


FIGURES = ("funnel", "language_map", "durations", "rates", "growth", "speakers")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("figure", FIGURES)
def test_every_shape_is_drawn(views_of, shape, figure):
    drawn = getattr(views_of(shape), figure)()
    drawn.draw_without_rendering()
    assert isinstance(drawn, Figure)


@pytest.mark.parametrize("shape, rows", zip(SHAPES, (3, 3, 3, 0, 0, 0), strict=True))
def test_a_row_per_split_that_is_kept(views_of, shape, rows):
    assert views_of(shape).splits().body.count("<tr>") == (1 + rows if rows else 0)


@pytest.mark.parametrize("shape, rows", zip(SHAPES, (1, 1, 1, 2, 0, 2), strict=True))
def test_a_row_per_step_that_removed_utterances(views_of, shape, rows):
    assert views_of(shape).steps().body.count("<tr>") == (1 + rows if rows else 0)


@pytest.mark.parametrize("shape, percent", zip(SHAPES, (0, 0, 0, 100, 100, 100), strict=True))
def test_the_share_that_was_dropped(views_of, shape, percent):
    assert views_of(shape).dropped_percent() == percent


@pytest.mark.parametrize("shape, count", zip(SHAPES, (1, 1, 1, 1, 0, 1), strict=True))
def test_findings_are_counted(views_of, shape, count):
    assert f"All {count}:" in views_of(shape).findings().body


@pytest.mark.parametrize("shape", SHAPES)
def test_curated_corpora_have_no_leaks(views_of, shape):
    assert views_of(shape).leaks() == 0


def test_speaking_rates_are_characters_per_second(views_of):
    seconds = (1.0, 1.1, 1.2, 1.3)
    expected = sum(len("one more line 0") / length for length in seconds) / 4
    assert views_of("transcripts").mean_rates() == {"eng": pytest.approx(expected)}


def test_without_transcripts_there_is_no_speaking_rate(views_of):
    assert views_of("questions only").mean_rates() == {}


def test_the_vocabulary_grows_with_the_words_read(views_of):
    (curve,) = views_of("transcripts").growth().axes[0].lines
    assert list(zip(*curve.get_data(), strict=True)) == [(0, 0), (4, 4), (8, 5), (12, 6), (16, 7)]


def test_few_speakers_are_bars(views_of):
    labels = views_of("transcripts").speakers().axes[0].get_yticklabels()
    assert {text.get_text() for text in labels} == {"x, train", "x, dev", "x, test"}


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "own"
    return CorpusViews(curate_lines(folder, [*TRANSCRIPTS, UNREADABLE]))


def test_unreadable_lines_are_in_the_funnel(unreadable):
    (legend,) = unreadable.funnel().legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "train",
        "dev",
        "test",
        "not readable",
    ]


def test_the_funnel_counts_unreadable_lines(unreadable):
    notes = [text.get_text() for text in unreadable.funnel().axes[0].texts]
    assert notes == ["4  (−1)", "5"]  # from the last step to the first


def test_unreadable_lines_are_in_the_table_of_steps(unreadable):
    assert "<td>not readable</td>" in unreadable.steps().body


def test_unreadable_lines_count_as_dropped(unreadable):
    assert unreadable.dropped_percent() == pytest.approx(20.0)


def leaks(tmp_path, lines, **rules):
    """Leaks of a corpus that was curated without looking for any."""
    curated = curate_lines(tmp_path / "own", lines, replace(LENIENT, min_overlap_words=99))
    return CorpusViews(replace(curated, rules=replace(LENIENT, **rules))).leaks()


SHARED = [line(0, "train", "one and the same line"), line(1, "test", "One, and the same line!")]


def test_a_sentence_of_train_and_test_is_a_leak(tmp_path):
    assert leaks(tmp_path, SHARED) == 1


def test_short_sentences_are_no_leaks(tmp_path):
    assert leaks(tmp_path, SHARED, min_overlap_words=6) == 0


def test_findings_are_escaped(tmp_path):
    splits = enumerate(("train", "test"))
    lines = [line(n, split, f"line {n}", speaker=MARKUP) for n, split in splits]
    findings = CorpusViews(curate_lines(tmp_path / "own", lines)).findings()
    assert is_escaped(findings.body)
