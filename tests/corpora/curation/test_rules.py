"""Rules, and the outcome of a step."""

import pytest

from lib.corpora.cards import card_names, read_card
from lib.corpora.curation.rules import (
    OPEN_LICENCES,
    RUNGS,
    SHARE_ALIKE_LICENCES,
    Rules,
    licence_remedy,
    outcome_of,
    parse_licences,
)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"shared_speakers": "keep"}, "shared_speakers is 'keep'; use 'note' or 'drop'"),
        ({"audio": "some"}, "audio is 'some'; use 'samples', 'header' or 'none'"),
        ({"max_seconds": 0.05}, "min_seconds is 0.1 and max_seconds 0.05"),
        ({"min_seconds": -1.0}, "min_seconds is -1.0"),
    ],
)
def test_impossible_rules_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Rules(**wrong)


@pytest.mark.parametrize(
    "names, licences",
    [
        ("", ()),
        ("open", OPEN_LICENCES),
        ("open-sharealike", OPEN_LICENCES + SHARE_ALIKE_LICENCES),
        ("CC0-1.0, MIT", ("CC0-1.0", "MIT")),
        ("open, MIT, LicenseRef-mine", (*OPEN_LICENCES, "LicenseRef-mine")),
        ("CC-BY-NC-4.0,CC0-1.0", ("CC-BY-NC-4.0", "CC0-1.0")),  # the user's own choice
    ],
)
def test_licences_of_a_notebook_parameter(names, licences):
    assert parse_licences(names) == licences


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize(
    "licence, meaning",
    [
        ("CC-BY-NC-4.0", "non-commercial"),
        ("CC-BY-NC-SA-4.0", "non-commercial"),
        ("cc-by-nd-3.0", "no derivatives"),
    ],
)
def test_what_never_counts_as_open_is_not_named_beside_a_rung(rung, licence, meaning):
    message = rf"{licence} \({meaning}\) never counts as open; .* instead of '{rung}'"
    with pytest.raises(ValueError, match=message):
        parse_licences(f"{rung},{licence}")


def test_no_rung_holds_what_never_counts_as_open():
    parts = {part for rung in RUNGS.values() for name in rung for part in name.split("-")}
    assert parts.isdisjoint({"NC", "ND"})
    assert set(RUNGS["open"]) < set(RUNGS["open-sharealike"])


def test_corpora_that_each_rung_admits():
    """A corpus with parts under another licence (People's Speech) has that of its card here."""
    open_corpora = {"common_voice", "covost2", "fleurs", "librispeech", "mls", "phrasebook"}
    open_corpora |= {"voxpopuli"}
    share_alike = {"peoples_speech", "spoken_squad"}
    licences = {name: read_card(name).licence for name in card_names()}
    admitted = {
        rung: {name for name, licence in licences.items() if licence in parse_licences(rung)}
        for rung in RUNGS
    }
    assert admitted == {"open": open_corpora, "open-sharealike": open_corpora | share_alike}


@pytest.mark.parametrize(
    "licence, allowed, end",
    [
        (
            "CC-BY-SA-4.0",
            ("CC0-1.0", "MIT"),
            "allows CC0-1.0, MIT; 'open-sharealike' would admit it",
        ),
        ("MIT", ("CC0-1.0",), "'open' would admit it"),
        (
            "CC-BY-NC-4.0",
            OPEN_LICENCES,
            "neither 'open' nor 'open-sharealike' admits it: list it by name if you may use it",
        ),
        ("", OPEN_LICENCES, "list it by name if you may use it"),
        ("MIT", OPEN_LICENCES, ""),
        ("CC-BY-NC-4.0", (), ""),
    ],
)
def test_what_to_do_about_a_licence(licence, allowed, end):
    remedy = licence_remedy(licence, allowed)
    assert remedy.endswith(end)
    assert bool(remedy) is bool(end)


@pytest.mark.parametrize(
    "step, split, outcome",
    [
        ("sound", "train", "dropped"),
        ("sound", "test", "noted"),
        ("licence", "train", "dropped"),
        ("licence", "test", "dropped"),
    ],
)
def test_steps_about_quality_keep_dev_and_test(step, split, outcome):
    assert outcome_of(step, split) == outcome
