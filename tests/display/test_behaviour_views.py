from dataclasses import replace

import pytest
from matplotlib.colors import to_hex

from lib.display.behaviour_views import (
    COLOURS,
    NOT_TOLD,
    asked_for,
    by_update,
    confusion_explorer,
    disobeyed_clips,
    language_name,
    obeyed_table,
)
from lib.display.explorer import page
from lib.scoring.behaviour import BEHAVIOURS, Observed, Request
from tests.display.outputs import MARKUP, is_escaped, output_rows

TRANSLATE = Request(task="ST", source="est", target="eng")
TRANSCRIBE = Request(task="ASR", source="est", target="est")
# of system gmu, then of it_ist: what was asked, what it did, and the language it wrote
CASES = [
    ("gmu", TRANSLATE, "translated", "eng"),
    ("gmu", TRANSLATE, "transcribed", "est"),
    ("gmu", TRANSCRIBE, "transcribed", "est"),
    ("it_ist", TRANSLATE, "looped", ""),
    ("it_ist", TRANSLATE, "looped", ""),
    ("it_ist", TRANSLATE, "wrong language", "xxx"),
]
OBEYED = [True, False, True, False, False, False]


@pytest.fixture
def asked():
    """Rows, requests, and what was observed, of `CASES`."""
    rows = [
        replace(row, system=system, task=request.task, target=request.target, audio="/gone.wav")
        for row, (system, request, *_) in zip(output_rows("direct"), CASES, strict=False)
    ]
    seen = [Observed(did, code, f"evidence {n}") for n, (_, _, did, code) in enumerate(CASES)]
    return rows, [request for _, request, *_ in CASES], seen


def test_every_behaviour_has_its_own_colour():
    assert set(COLOURS) == set(BEHAVIOURS) and len(set(COLOURS.values())) == len(BEHAVIOURS)


@pytest.mark.parametrize(
    ("code", "name"), [("", NOT_TOLD), ("est", "Estonian"), ("xxx", "xxx")]
)
def test_languages_have_names(code, name):
    assert language_name(code) == name


def test_tasks_are_orders():
    tasks = ("ASR", "ST", "SMT", "SQA", "MT")
    orders = [asked_for(Request(task=task, source="est", target="eng")) for task in tasks]
    assert orders == ["transcribe", "translate", "translate, transcript given", "answer", "MT"]


def test_each_system_has_a_matrix_of_tasks_and_one_of_languages(asked):
    matrices = confusion_explorer(*asked, [50.0] * 6).matrices
    cells = [(m.where["system"], list(m.rows), list(m.columns)) for m in matrices]
    assert cells == [
        ("gmu", ["transcribe", "translate"], ["transcribed", "translated"]),
        ("gmu", ["English", "Estonian"], ["English", "Estonian"]),
        ("it_ist", ["translate"], ["wrong language", "looped"]),
        ("it_ist", ["English"], ["English", "xxx", NOT_TOLD]),
    ]


def test_every_output_is_in_a_cell_of_each_matrix_of_its_system(asked):
    found = confusion_explorer(*asked, [50.0] * 6)
    for matrix in found.matrices:
        own = found.lines[found.lines["system"] == matrix.where["system"]]
        assert set(own[matrix.row]) <= set(matrix.rows)
        assert set(own[matrix.column]) <= set(matrix.columns)


def test_the_reason_of_each_judgement_is_a_column(asked):
    found = confusion_explorer(*asked, [50.0] * 6)
    assert list(found.lines["evidence"]) == [f"evidence {n}" for n in range(6)]
    assert {"asked", "behaviour", "chrF++"} <= set(found.shown) and "task" not in found.shown
    assert len(page.payload(found)["rows"]) == 6


def test_one_of_each_kind_of_failure_is_shown_first(asked):
    clips = disobeyed_clips(*asked, OBEYED, count=3)
    assert [row["behaviour"] for row in clips.rows] == ["transcribed", "looped", "wrong language"]
    assert clips.caption == "3 of 4 requests that were not followed"
    assert [row["evidence"] for row in clips.rows] == ["evidence 1", "evidence 3", "evidence 5"]


def test_all_failures_are_shown_where_there_is_room(asked):
    clips = disobeyed_clips(*asked, OBEYED, count=9)
    assert [row["evidence"][-1] for row in clips.rows] == ["1", "3", "4", "5"]


def test_outputs_and_evidence_are_escaped(asked):
    rows, requests, _ = asked
    rows = [replace(row, hypothesis=MARKUP, reference=MARKUP, system=MARKUP) for row in rows]
    seen = [Observed(MARKUP, MARKUP, MARKUP)] * 6
    assert is_escaped(disobeyed_clips(rows, requests, seen, OBEYED, 9).to_html())
    assert is_escaped(obeyed_table(rows, requests, OBEYED).body)


def test_shares_by_task_are_counted(asked):
    body = obeyed_table(asked[0], asked[1], OBEYED).body
    lines = [
        ("gmu", "transcribe", 1, 1, "100.00"),
        ("gmu", "translate", 2, 1, "50.00"),
        ("it_ist", "translate", 3, 0, "0.00"),
    ]
    for system, task, *numbers in lines:
        cells = "".join(f"<td class='number'>{number}</td>" for number in numbers)
        assert f"<td>{system}</td><td>{task}</td>{cells}" in body
    assert body.count("<tr>") == 4


def test_the_bars_of_an_evaluation_are_all_of_its_outputs(asked):
    _, requests, seen = asked
    figure = by_update({"align 10": requests, "sft 20": requests[:3]},
                       {"align 10": seen, "sft 20": seen[:3]})
    for axes in figure.axes:
        heights = [0.0, 0.0]
        for bar in axes.patches:
            heights[round(bar.get_x() + bar.get_width() / 2)] += bar.get_height()
        assert heights == pytest.approx([100.0, 100.0])
        assert [t.get_text() for t in axes.get_xticklabels()] == ["align 10", "sft 20"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert sorted(titles) == ["to transcribe", "to translate"]


def test_the_share_of_a_behaviour_is_that_of_its_task(asked):
    _, requests, seen = asked
    panels = by_update({"10": requests}, {"10": seen}).axes
    axes = next(axes for axes in panels if axes.get_title(loc="left") == "to translate")
    drawn = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    heights = {name: bars[0].get_height() for name, bars in drawn.items()}
    assert heights == pytest.approx(
        {"translated": 20, "transcribed": 20, "looped": 40, "wrong language": 20}
    )
    colours = {name: to_hex(bars[0].get_facecolor()) for name, bars in drawn.items()}
    assert colours == {name: COLOURS[name] for name in heights}


def test_the_legend_names_what_was_seen_alone(asked):
    _, requests, seen = asked
    (legend,) = by_update({"10": requests[:3]}, {"10": seen[:3]}).legends
    assert [text.get_text() for text in legend.get_texts()] == ["transcribed", "translated"]


def test_an_evaluation_without_a_task_is_not_in_its_panel(asked):
    _, requests, seen = asked
    figure = by_update({"10": requests, "20": requests[:2]}, {"10": seen, "20": seen[:2]})
    labels = [[t.get_text() for t in axes.get_xticklabels()] for axes in figure.axes]
    assert sorted(labels) == [["10"], ["10", "20"]]
