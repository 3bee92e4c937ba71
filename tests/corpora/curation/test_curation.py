from collections import Counter

import pytest

from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import OPEN, Rules
from lib.corpora.sources.own import read
from tests.corpora.curation.planted import plant


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("planted") / "own")


@pytest.fixture(scope="module")
def curated(planted, tmp_path_factory):
    folder = planted.manifest.parent
    return curate("own", folder, read(planted.manifest), Rules(licences=OPEN), tmp_path_factory.mktemp("cache"))


def test_twenty_planted_defects_are_found_with_file_line_and_remedy(planted, curated):
    assert len({defect for defect, *_ in planted.expected}) == 20
    found = {(f.step, f.origin, f.outcome): f for f in curated.findings()}
    for defect, step, line, outcome in planted.expected:
        assert (step, f"own.tsv:{line}", outcome) in found, f"{defect} is not found"
    assert all(f.remedy and f.what for f in found.values())


def test_nothing_else_is_found(planted, curated):
    expected = Counter((step, f"own.tsv:{line}", outcome) for _, step, line, outcome in planted.expected)
    assert Counter((f.step, f.origin, f.outcome) for f in curated.findings()) == expected


def test_the_clean_part_goes_through_unchanged(planted, curated):
    kept = {u.id: u for u in curated.store}
    assert list(kept) == list(planted.clean)
    for name, row in planted.clean.items():
        u = kept[name]
        assert u.texts == {"eng": row["transcript"], "fra": row["translation"]} and u.licence == row["licence"]
        assert (u.split, u.speaker, u.language) == (row["split"], row["speaker"], "eng")
        assert u.audio == planted.manifest.parent / row["audio"] and abs(u.seconds - float(row["seconds"])) < 0.01


def test_the_funnel_adds_up(planted, curated):
    by_step = Counter()
    for row in curated.funnel:
        by_step[row["step"]] += row["utterances"]
    dropped = [f for f in curated.findings("dropped")]
    assert by_step["listed"] == len(planted.clean) + len(dropped) and by_step["overlap"] == len(curated.store)
    assert by_step["identifier"] - by_step["licence"] == 1
    hours = sum(row["hours"] for row in curated.funnel if row["step"] == "overlap")
    assert hours == pytest.approx(sum(u.seconds for u in curated.store) / 3600, abs=1e-3)
