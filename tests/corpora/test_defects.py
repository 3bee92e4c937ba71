import pytest

from lib.corpora import defects
from lib.corpora.catalogue import load_curated
from lib.corpora.curation.rules import Rules
from lib.corpora.sources import covost2
from tests.corpora.manifests import ROWS, curate_own, write_manifest

TEXTS = "one horse and two cats", "un cheval et deux chats"


def test_no_check_without_a_remedy_for_failure():
    failed = defects.card_check("fact", "stated", "found", False, "remedy")
    assert (failed.verdict, failed.remedy) == ("does not hold", "remedy")


def test_a_fact_that_holds_needs_no_remedy():
    assert defects.card_check("fact", "stated", "found", True, "remedy").remedy == ""


def test_exact_lengths_hold(tmp_path):
    assert defects.check_lengths(curate_own(tmp_path)).verdict == "holds"


def test_missing_lengths_hold(tmp_path):
    unlisted = [(*row[:5], "", row[6]) for row in ROWS]
    assert defects.check_lengths(curate_own(tmp_path, unlisted)).stated == "none are listed"


@pytest.fixture(scope="module")
def floored(tmp_path_factory):
    """The check of a corpus whose lengths of 1.2 s are listed as 1 s."""
    texts = [(f"sentence number {n} is here", f"la phrase {n} est là") for n in range(20)]
    rows = [(f"f{n}", "train", *pair, "", "1", 1.2) for n, pair in enumerate(texts)]
    return defects.check_lengths(curate_own(tmp_path_factory.mktemp("floored"), rows))


def test_floored_lengths_do_not_hold(floored):
    assert floored.verdict == "does not hold"


def test_floored_lengths_are_counted(floored):
    assert "20 of 20 are whole numbers" in floored.found


@pytest.fixture(scope="module")
def wrong_units(tmp_path_factory):
    """A corpus with a length in ms and one in ms / 60."""
    rows = [
        *ROWS,
        ("m", "train", "one in ms", "une", "x", "1000.0", 1.0),
        ("n", "train", "two in what", "deux", "x", "16.7", 1.0),
    ]
    return curate_own(tmp_path_factory.mktemp("units"), rows)


def test_lengths_in_milliseconds_do_not_hold(wrong_units):
    assert defects.check_lengths(wrong_units).verdict == "does not hold"


def test_the_unit_of_a_wrong_length_is_guessed(wrong_units):
    assert "(milliseconds?)" in defects.check_lengths(wrong_units).found


def test_milliseconds_divided_by_60_are_found(wrong_units):
    problems = [finding.problem for finding in wrong_units.findings("dropped")]
    assert any("milliseconds divided by 60?" in problem for problem in problems)


@pytest.fixture
def quechua(tmp_path):
    """A Quechua corpus, and the path that the Siminchik text has in it."""
    rules = Rules(check_language=False)
    curated = curate_own(tmp_path, rules=rules, source="que", target="spa")
    text = tmp_path / "own" / "corpus" / defects.SIMINCHIK
    text.parent.mkdir(parents=True)
    return curated, text


def test_without_the_siminchik_text_nothing_is_checked(quechua):
    assert defects.check_quechua_text(quechua[0]).verdict == "not checked"


def test_a_siminchik_text_with_the_test_set_is_reported(quechua):
    curated, text = quechua
    text.write_text("FOUR fishes in the sea.\nsomething else\n")
    assert defects.check_quechua_text(curated).found.startswith("1 of 1 test sentences")


def test_a_siminchik_text_without_the_test_set_holds(quechua):
    curated, text = quechua
    text.write_text("something else\n")
    assert defects.check_quechua_text(curated).verdict == "holds"


def test_the_remedy_for_the_siminchik_text_removes_the_test_set(tmp_path):
    row = ("t", "train", "four fishes in the sea", "cuatro", "", "1.00", 1.0)
    training = write_manifest(tmp_path / "more", [row])
    (tmp_path / "test.que").write_text("Four fishes in the sea\n")
    rules = Rules(held_out=(str(tmp_path / "test.que"),))
    curated = load_curated("own", training, tmp_path / "cache", rules)
    assert [finding.step for finding in curated.findings("dropped")] == ["overlap"]


@pytest.mark.parametrize("name, verdict", [("good", "holds"), (None, "does not hold")])
def test_faulty_clips_of_common_voice_4(tmp_path, name, verdict):
    name = name or min(covost2.FAULTY).removesuffix(".mp3")
    rows = [(name, "train", *TEXTS, "", "1.00", 1.0)]
    rules = Rules(tolerance_seconds=1.0)
    curated = curate_own(tmp_path, rows, rules, suffix=".mp3")
    assert defects.check_covost_cv4(curated).verdict == verdict
