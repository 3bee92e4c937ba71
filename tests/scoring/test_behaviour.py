"""The detector of behaviours, on cases of its own and on a sheet that others labelled."""

import csv
import json
import time
from pathlib import Path

import pytest

from lib.scoring import output_language
from lib.scoring.behaviour import (
    BEHAVIOURS,
    Observed,
    Request,
    confusion,
    observe,
    requests,
)
from lib.scoring.outputs import OutputRow

SHEET = Path(__file__).with_name("behaviour_sheet.tsv")  # the detector was developed on it
UNSEEN = Path(__file__).with_name("behaviour_sheet_unseen.tsv")  # and never saw these rows
LONG = 20  # characters from which on the language must be told


def labelled(sheet):
    with sheet.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def request_of(row):
    translations = json.loads(row["other_translations"] or "{}")
    if row["translation"]:
        translations[row["target"]] = row["translation"]
    return Request(
        task=row["task"],
        source=row["source"],
        target=row["target"],
        transcript=row["transcript"],
        translations=translations,
        question=row["question"],
        answers=tuple(filter(None, row["answers"].split("|"))),
        prompt=row["prompt"],
    )


def wrong(sheet):
    """Rows with a wrong behaviour, long ones with a wrong language, and the share of each."""
    rows = [(row, observe(row["output"], request_of(row))) for row in labelled(sheet)]
    told = [(r, f) for r, f in rows if r["language"] != "-" and len(r["output"]) >= LONG]
    behaviours = [(r, f) for r, f in rows if f.behaviour != r["behaviour"]]
    languages = [(r, f) for r, f in told if f.language != r["language"]]
    return behaviours, len(behaviours) / len(rows), languages, len(languages) / len(told)


def listed(pairs):
    return "\n".join(
        f"{row['id']}: {row['behaviour']}, {row['language']}; found {found.behaviour}, "
        f"{found.language or '-'} ({found.evidence}): {row['output'][:100]!r}"
        for row, found in pairs
    )


def test_behaviours_and_languages_are_those_of_the_sheet_of_development():
    behaviours, share, languages, language_share = wrong(SHEET)
    assert share <= 0.025, f"{share:.1%} of the behaviours are wrong:\n{listed(behaviours)}"
    assert language_share <= 0.015, f"{language_share:.1%} of the languages:\n{listed(languages)}"


def test_behaviours_and_languages_are_those_of_the_unseen_sheet():
    """Messages have no texts, so that nobody tunes on them.

    At first sight 7.5 % of all behaviours were wrong, 3.9 % of the real outputs, 0.4 % of the
    languages; what is written for the sheet has refusals in many languages.
    """
    behaviours, share, languages, language_share = wrong(UNSEEN)
    real = sum(row["origin"] != "written" for row in labelled(UNSEEN))
    real_share = sum(row["origin"] != "written" for row, _ in behaviours) / real
    ids = [[row["id"] for row, _ in pairs] for pairs in (behaviours, languages)]
    message = f"behaviours {share:.1%}, of real outputs {real_share:.1%}: {ids[0]}, "
    message += f"languages {language_share:.1%} {ids[1]}"
    assert share <= 0.06 and real_share <= 0.05 and language_share <= 0.02, message


def test_of_both_sheets_at_most_5_percent_of_behaviours_and_2_of_languages_are_wrong():
    found = [wrong(sheet) for sheet in (SHEET, UNSEEN)]
    rows = [row for sheet in (SHEET, UNSEEN) for row in labelled(sheet)]
    told = [row for row in rows if row["language"] != "-" and len(row["output"]) >= LONG]
    assert sum(len(behaviours) for behaviours, *_ in found) <= 0.05 * len(rows)
    assert sum(len(languages) for *_, languages, _ in found) <= 0.02 * len(told)


SPOKEN = "The council closes the old bridge on Tuesday."
WRITTEN = "Der Rat sperrt am Dienstag die alte Brücke."
FRENCH = "Le conseil ferme le vieux pont mardi."


def asked(task="ST", **more):
    target = "deu" if task in ("ST", "SMT", "MT") else "eng"
    texts = {"deu": WRITTEN}
    given = {"task": task, "source": "eng", "target": target, "transcript": SPOKEN}
    return Request(**{**given, "translations": texts, **more})


QUESTION = asked("SQA", question="When is the bridge closed?", answers=("on Tuesday", "Tuesday"))
PROMPT = "Translate the speech into German."


@pytest.mark.parametrize(
    "output, request_, behaviour, code",
    [
        ("", asked(), "empty", ""),
        (" …\u202e\ufeff ?", asked(), "empty", ""),
        ("Der Rat der Rat der Rat der Rat", asked(), "looped", "deu"),
        ("<|eng|><|deu|>", asked(prompt="<|eng|><|deu|>"), "echoed the prompt", ""),
        ("Translate the speech into German:", asked(prompt=PROMPT), "echoed the prompt", "eng"),
        ("When is the bridge closed?", QUESTION, "echoed the prompt", "eng"),
        ("I'm sorry, but I cannot hear any audio.", asked(), "refused", "eng"),
        ("Ich kann die Aufnahme leider nicht anhören.", asked(), "refused", "deu"),
        (f"{SPOKEN} {WRITTEN}", asked(), "mixed", "eng"),
        (f"{SPOKEN}<|eng|><|deu|>{WRITTEN}", asked(prompt="<|eng|><|deu|>"), "mixed", "eng"),
        ("Der council sperrt the old Brücke on Tuesday", asked(), "mixed", "eng"),
        ("Der Rat sperrt am", asked(), "stopped early", "deu"),
        ("The council closes", asked("ASR"), "stopped early", "eng"),
        ("Der Rat schließt die Brücke.", asked(), "translated", "deu"),
        ("the counsel close the old fridge on tuesday", asked(), "transcribed", "eng"),
        (f"{SPOKEN}<|eng|><|deu|>{WRITTEN}", asked("ASR"), "transcribed", "eng"),
        (SPOKEN, QUESTION, "transcribed", "eng"),
        (WRITTEN, asked("ASR"), "translated", "deu"),
        ("on Monday", QUESTION, "answered", "eng"),
        ("12", QUESTION, "answered", ""),
        ("Sie sollten einen anderen Weg nehmen.", asked(), "answered", "deu"),
        (FRENCH, asked(), "wrong language", "fra"),
        ("Kaupunki sulkee vanhan sillan tiistaina.", asked(), "wrong language", "fin"),
        ("xkq wrt zzp", asked(), "something else", ""),
    ],
)
def test_a_behaviour(output, request_, behaviour, code):
    found = observe(output, request_)
    assert (found.behaviour, found.language) == (behaviour, code), found.evidence
    assert behaviour in BEHAVIOURS


def test_what_was_said_is_no_refusal_no_loop_and_no_reply():
    said = "I'm sorry, I cannot hear you, no, no, no."
    request = Request(task="ASR", source="eng", target="eng", transcript=said)
    assert observe(said.lower(), request).behaviour == "transcribed"


def row_of(task, target, reference, **more):
    given = dict(system="s", strategy="s", stage="s", source="eng", subset="test", seed=1)
    given |= dict(speaker="a", seconds=1.0, audio="", tokens=1, log_probability=None, ending="end")
    return OutputRow(
        **{**given, "id": "1", "hypothesis": "", "task": task, "target": target} | more,
        reference=reference,
    )


def test_rows_of_an_utterance_share_what_they_know():
    rows = [
        row_of("ASR", "eng", SPOKEN),
        row_of("ST", "deu", WRITTEN),
        row_of("ST", "fra", FRENCH),
        row_of("SQA", "eng", "on Tuesday\nTuesday"),
        row_of("ST", "deu", "Hallo", id="2", transcript="Hello"),
    ]
    made = requests(rows)
    assert [request.transcript for request in made] == [SPOKEN] * 4 + ["Hello"]
    assert made[0].translations == {"deu": WRITTEN, "fra": FRENCH}
    assert made[3].answers == ("on Tuesday", "Tuesday") and made[1].answers == ()
    assert made[4].translations == {"deu": "Hallo"}


def test_a_table_counts_what_was_asked_and_what_came_out():
    found = [Observed("translated", "deu", ""), Observed("empty", "", "")]
    asked_for = [asked(), asked("ASR")]
    table = confusion(found, asked_for)
    assert tuple(table.columns) == BEHAVIOURS and table.to_numpy().sum() == 2
    assert table.loc["ST", "translated"] == table.loc["ASR", "empty"] == 1


def test_five_thousand_outputs_take_less_than_half_a_minute():
    rows = [(row["output"], request_of(row)) for row in labelled(SHEET)]
    seconds = []
    for _ in range(2):  # the first also loads the vocabulary
        output_language._probabilities.cache_clear()
        start = time.process_time()
        for row in rows:
            observe(*row)
        seconds.append(time.process_time() - start)
    assert min(seconds) * 5000 / len(rows) < 30  # 5 on a machine with nothing else to do


@pytest.mark.parametrize("line", ["ab " * 33_000, "\x00\u202e" * 50_000, "word " + "x" * 100_000])
def test_a_long_line_is_judged_in_seconds(line):
    start = time.process_time()
    assert observe(line, asked()).behaviour in ("looped", "empty")
    assert time.process_time() - start < 3
