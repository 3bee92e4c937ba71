import csv
import json
import random
import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.stats import kendalltau, pearsonr

from lib.scoring import rating_sheets
from lib.scoring import ratings as module
from lib.scoring.rating_sheets import make_sheet, read_ratings
from lib.scoring.ratings import (
    agreement,
    disagreements,
    krippendorff_alpha,
    metric_correlations,
    preference_shares,
    rater_rows,
    self_agreement,
    system_scores,
    unit_scores,
)
from tests.scoring.cases import make_rows

GOOD, POOR, CONSTANT = "gmu goodstrategy", "gmu poorstrategy", "baseline constantstrategy"
TRUE_MEANS = {GOOD: 80.0, POOR: 50.0, CONSTANT: 25.0}


def outputs(clips=40):
    """A good and a poor system, and a baseline, on clips of half a second with tagged audio."""
    return (
        make_rows("goodstrategy", 1, 0.1)[:clips]
        + make_rows("poorstrategy", 1, 0.5)[:clips]
        + make_rows("constantstrategy", 1, 1.0, system="baseline")[:clips]
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("goodstrategy") / "poorstrategy.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as sound:
        sound.title = "poorstrategy"
        sound.write(np.full(4000, 0.5))
    return [replace(row, audio=str(path)) for row in outputs()]


@pytest.fixture
def folder(rows, tmp_path):
    return make_sheet(rows, seed=3, repeats=0.25).write(tmp_path / "sheet")


def key_of(folder):
    return json.loads((folder / "key.json").read_text())


def cells(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def fill(folder, rater, judge, change=None):
    """A sheet as a rater hands it in.

    Args:
        judge: what to answer, given the clip, the names of systems in their order, and whether the
            item is a repeat.
        change: of the finished rows.
    """
    key, lines = key_of(folder), cells(folder / "sheet.csv")
    for line in lines:
        entry = key["items"][line["item"]]
        answers = judge(entry["clip"], entry["systems"], entry["repeat"])
        columns = [name for name in line if "0-100" in name or "better" in name]
        line |= dict(zip(columns, answers, strict=True))
    lines = change(lines) if change else lines
    path = folder / f"{rater}.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def clip_effect(clip):
    return random.Random(clip).randint(-10, 10)


def biased(bias, noise=0, seed=0):
    """A rater who knows the true means, with a bias and noise of their own."""
    rng = random.Random(seed)
    return lambda clip, systems, _: [
        str(TRUE_MEANS[name] + clip_effect(clip) + bias + rng.uniform(-noise, noise))
        for name in systems
    ]


def better(systems, name):
    return ["AB"[systems.index(name)] if name in systems else "same"]


def good_from_20(clip, systems, _):
    """Prefer the poor system on the first 20 clips."""
    return better(systems, POOR if clip < "clip-020" else GOOD)


# the sheet


def test_no_name_of_a_system_is_where_raters_look(folder):
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix == ".wav"]
    texts = [(folder / name).read_text("utf-8") for name in ("sheet.csv", "pearmut.json")]
    sounds = [(folder / name).read_bytes().decode("latin-1") for name in names]
    assert len(names) == 50
    for text in [*names, *texts, *sounds]:
        assert not re.search("gmu|strategy|baseline|speaker|clip-", text)


def test_the_key_restores_who_wrote_each_output(rows, folder):
    written = {(row.id, f"{row.system} {row.strategy}"): row.hypothesis for row in rows}
    for line in cells(folder / "sheet.csv"):
        entry = key_of(folder)["items"][line["item"]]
        expected = [written[entry["clip"], name] for name in entry["systems"]]
        assert [line[letter] for letter in "ABC"] == expected


def test_each_system_is_at_each_place(rows):
    orders = [entry["systems"] for entry in make_sheet(rows, repeats=0).key["items"].values()]
    places = Counter((order.index(name), name) for order in orders for name in TRUE_MEANS)
    assert len(places) == 9 and min(places.values()) > 4  # of 40 clips; 13 on average


def test_a_seed_gives_one_sheet_and_another_seed_another(rows):
    assert make_sheet(rows, seed=1) == make_sheet(rows[::-1], seed=1)
    orders = [
        [entry["systems"] for entry in make_sheet(rows, seed=seed).key["items"].values()]
        for seed in (1, 2)
    ]
    assert orders[0] != orders[1]


def test_the_declared_share_of_clips_comes_again_in_the_second_half(folder):
    entries = list(key_of(folder)["items"].values())
    repeated = [entry["clip"] for entry in entries if entry["repeat"]]
    assert len(repeated) == 10 and len(entries) == 50
    assert set(repeated) <= {entry["clip"] for entry in entries[:20]}
    assert not any(entry["repeat"] for entry in entries[:20])


def test_clips_are_a_sample_of_the_wanted_size(rows):
    sheet = make_sheet(rows, max_clips=7, repeats=0)
    assert len({entry["clip"] for entry in sheet.key["items"].values()}) == 7


def test_preferences_show_each_pair_of_systems_equally_often(rows):
    sheet = make_sheet(rows[:30] + rows[40:70] + rows[80:110], "preference", repeats=0)
    pairs = Counter(tuple(sorted(entry["systems"])) for entry in sheet.key["items"].values())
    assert sorted(pairs.values()) == [10, 10, 10]


def test_context_is_shown_on_demand(rows):
    assert {item["context"] for item in make_sheet(rows).items} == {""}
    shown = make_sheet(rows, context="reference")
    assert {item["context"] for item in shown.items} == {row.reference for row in rows}


def test_a_part_of_a_recording_is_cut_out(tmp_path, rows):
    parts = [replace(row, audio=f"{row.audio}#t=0.1,0.3") for row in rows]
    folder = make_sheet(parts, max_clips=1).write(tmp_path / "sheet")
    (path,) = (folder / "audio").iterdir()
    assert soundfile.info(path).duration == pytest.approx(0.2)


def test_text_without_sound_needs_no_audio(tmp_path):
    folder = make_sheet(outputs(4), context="reference").write(tmp_path / "sheet")
    assert {line["audio"] for line in cells(folder / "sheet.csv")} == {""}
    assert list((folder / "audio").iterdir()) == []


FORMULAS = ["=1+1", "+1", "-x", "@SUM(A1)", "  =1", "'=1", "x;=1", "x\n=1", "\t=1", "＝1", "'tis"]


def test_formulas_become_text_and_come_back(tmp_path):
    texts = [f"{formula} {number}" for number, formula in enumerate(FORMULAS)]
    rows = [
        replace(row, hypothesis=text)
        for name in ("a", "b")
        for row, text in zip(make_rows(name, 1, 0), texts, strict=False)
    ]
    sheet = make_sheet(rows, repeats=0)
    folder = sheet.write(tmp_path / "sheet")
    with (folder / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [line["A"] for line in csv.DictReader(file)]
    parts = [part for text in written for part in re.split("[;\n\t]", text)]
    assert not any(re.match(r"\s*[=+\-@＝]", part) for part in parts)
    back = [row["A"] for *_, row in rating_sheets._sheet_rows(folder / "sheet.csv")]
    assert back == [item["A"] for item in sheet.items]
    assert set(back) == set(texts)


def test_a_filled_sheet_is_not_overwritten(rows, folder):
    (folder / "sheet.csv").write_text("filled in")
    make_sheet(rows, seed=3, repeats=0.25).write(folder)
    assert (folder / "sheet.csv").read_text() == "filled in"
    with pytest.raises(ValueError, match="another sheet; choose another folder"):
        make_sheet(rows, seed=4).write(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows + [replace(rows[0], seed=2)], "two outputs of clip-000; give one seed"),
        (lambda rows: rows[1:], "have clip-000, with one reference; decode one test set"),
        (lambda rows: [replace(rows[0], reference="other"), *rows[1:]], "have clip-000"),
        (lambda rows: rows[:40], "of 1 systems; use"),
    ],
)
def test_outputs_that_cannot_be_compared_are_refused(rows, change, message):
    with pytest.raises(ValueError, match=message):
        make_sheet(change(rows))


@pytest.mark.parametrize("wrong", [{"kind": "stars"}, {"repeats": 0.6}, {"context": "strategy"}])
def test_wrong_parameters_are_refused(rows, wrong):
    with pytest.raises(ValueError, match="'stars'.*; use|repeats 0.6.*; use|'strategy'; use"):
        make_sheet(rows, **wrong)


# pearmut


def test_the_campaign_has_a_document_for_each_item_and_a_task_for_each_rater(rows, tmp_path):
    sheet = make_sheet(rows, seed=3, repeats=0.25)
    campaign = json.loads((sheet.write(tmp_path / "s", raters=2) / "pearmut.json").read_text())
    assert campaign["info"]["assignment"] == "task-based"
    assert campaign["info"]["shuffle"] is False  # the order of the key
    assert campaign["data"][0] == campaign["data"][1] and len(campaign["data"]) == 2
    for (item,), line in zip(campaign["data"][0], sheet.items, strict=True):
        assert item["item_id"] == line["item"]
        assert item["src"] == f"<audio controls src='assets/{line['audio']}'></audio>"
        assert item["tgt"] == {letter: line[letter] for letter in "ABC"}


def test_markup_of_an_output_is_text_to_pearmut(tmp_path):
    # what pearmut's page obeys: its own list of tags anywhere, and a media tag at the start
    obeyed = re.compile(r"</?(?:br|strong|b|i|p|em|h1|h2|h3)>|^<(?:audio|video|img|iframe) ")
    rows = [replace(row, hypothesis="<img src=x onerror=alert(1)> <b>x</b>") for row in outputs(4)]
    folder = make_sheet(rows).write(tmp_path / "sheet")
    ((item,), *_), *_ = json.loads((folder / "pearmut.json").read_text())["data"]
    assert not any(obeyed.search(text) for text in item["tgt"].values())


def annotation(item, scores, rater="ann"):
    """An entry of pearmut's log, as annotate.ts and app.py of pearmut 1.1.6 write it."""
    found = {letter: {"score": score, "error_spans": []} for letter, score in scores.items()}
    return {"user_id": rater, "item_i": 0, "actions": [], "annotation": [found],
            "item": [{"item_id": item, "tgt": dict.fromkeys(scores, "x")}]}


def downloaded(folder, log):
    path = folder / "annotations.json"
    path.write_text(json.dumps({key_of(folder)["id"]: log}))
    return path


def test_pearmut_annotations_are_read_by_item_and_letter(folder):
    name, entry = next(iter(key_of(folder)["items"].items()))
    form = {"user_id": "ann", "item_i": "welcome_0", "item": [{"text": "Name?", "form": "string"}],
            "annotation": ["Ann"]}
    log = [form, annotation(name, {"A": 70, "B": 0, "C": None})]
    found = read_ratings(folder, [downloaded(folder, log)])
    values = dict(zip(found.table["system"], found.table["value"], strict=True))
    assert values == {entry["systems"][0]: 70, entry["systems"][1]: 0}
    assert found.missing == {"ann": 50 * 3 - 2} and found.problems == []


def test_of_pearmut_the_last_answer_counts_and_a_reset_deletes_those_before(folder):
    one, two, *_ = key_of(folder)["items"]
    scores = {"A": 1, "B": 2, "C": 3}
    reset = {"user_id": "ann", "item_i": None, "annotation": "__RESET__"}
    log = [annotation(one, scores), annotation(one, scores, "bob"), reset, annotation(two, scores),
           annotation(two, {"A": 4, "B": 5, "C": 6})]
    table = read_ratings(folder, [downloaded(folder, log)]).table
    values = {place: sorted(own["value"]) for place, own in table.groupby(["rater", "item"])}
    assert values == {("bob", one): [1, 2, 3], ("ann", two): [4, 5, 6]}


@pytest.mark.parametrize(("scores", "value"), [((9, 2), 1), ((2, 9), -1), ((5, 5), 0)])
def test_scores_of_pearmut_are_preferences_in_a_sheet_of_preferences(tmp_path, scores, value):
    folder = make_sheet(outputs(4)[:8], "preference").write(tmp_path / "sheet")
    name, entry = next(iter(key_of(folder)["items"].items()))
    log = [annotation(name, dict(zip("AB", scores, strict=True)))]
    (found,) = read_ratings(folder, [downloaded(folder, log)]).table.to_dict("records")
    assert (found["system"], found["other"]) == (GOOD, POOR)
    assert found["value"] == (value if entry["systems"] == [GOOD, POOR] else -value)


def test_half_a_pair_of_scores_is_no_preference(tmp_path):
    folder = make_sheet(outputs(4)[:8], "preference", repeats=0).write(tmp_path / "sheet")
    log = [annotation(next(iter(key_of(folder)["items"])), {"A": 5, "B": None})]
    found = read_ratings(folder, [downloaded(folder, log)])
    assert (found.missing, found.problems) == ({"ann": 4}, [])


@pytest.mark.parametrize("log", [{"other": []}, [], {"ID": [{"user_id": "ann"}]}, {"ID": ["x"]}])
def test_another_file_than_pearmut_annotations_is_refused(folder, log):
    path = folder / "annotations.json"
    path.write_text(json.dumps(log).replace("ID", key_of(folder)["id"]))
    with pytest.raises(ValueError, match="annotations.json has no annotations of campaign"):
        read_ratings(folder, [path])


# filled sheets


def test_a_filled_sheet_is_read_by_the_names_of_systems(folder):
    found = read_ratings(folder, [fill(folder, "ann", biased(0))])
    assert found.problems == [] and found.missing == {"ann": 0}
    for line in found.table.itertuples():
        assert line.value == TRUE_MEANS[line.system] + clip_effect(line.clip)


def test_missing_answers_are_counted(folder):
    half = lambda lines: [line | {"0-100 for B": ""} for line in lines[:30]]  # noqa: E731
    path = fill(folder, "ann", biased(0), half)
    found = read_ratings(folder, [path, fill(folder, "bob", lambda *_: ["", " ", ""])])
    assert found.missing == {"ann": 50 * 3 - 60, "bob": 150}
    assert found.problems == []


@pytest.mark.parametrize("bad", ["101", "-1", "good", "nan", "inf", "1e999"])
def test_bad_values_are_reported_with_file_line_and_value(folder, bad):
    def spoil(lines):
        lines[4]["0-100 for A"] = bad
        return lines

    found = read_ratings(folder, [fill(folder, "ann", biased(0), spoil)])
    (problem,) = found.problems
    assert f"ann.csv:6: 0-100 for A is '{bad}'; use a number from 0 to 100" in problem
    assert found.missing == {"ann": 1} and len(found.table) == 149


def test_bad_preferences_are_reported(tmp_path):
    folder = make_sheet(outputs(4), "preference", repeats=0).write(tmp_path / "sheet")
    answers = iter(["b", " Same ", "C", "A"])
    found = read_ratings(folder, [fill(folder, "ann", lambda *_: [next(answers)])])
    assert len(found.table) == 3
    assert "ann.csv:4: better (A/B/same) is 'C'; use A, B or same" in found.problems[0]


def test_sheets_of_other_countries_are_read(folder):
    lines = cells(fill(folder, "ann", biased(0.5)))
    frame = pd.DataFrame(lines).map(lambda text: text.replace(".5", ",5"))
    frame.to_csv(folder / "bob.csv", sep=";", index=False, lineterminator="\r\n")
    found = read_ratings(folder, [folder / "bob.csv"])
    assert found.missing == {"bob": 0} and found.problems == []
    assert set(found.table["value"] % 1) == {0.5}


def test_a_sheet_whose_columns_were_sorted_apart_is_reported(folder):
    def turn(lines):
        texts = [line["A"] for line in lines][::-1]
        return [line | {"A": text} for line, text in zip(lines, texts, strict=True)]

    found = read_ratings(folder, [fill(folder, "ann", biased(0), turn)])
    assert len(found.problems) > 40 and "ann.csv:2: A of " in found.problems[0]


def test_rows_in_another_order_empty_rows_and_notes_do_no_harm(folder):
    def turn(lines):
        noted = [line | {"note": "unclear"} for line in lines]
        return [*noted[::-1], dict.fromkeys(noted[0], "")]

    given, turned = (
        read_ratings(folder, [fill(folder, "ann", biased(0), change)]) for change in (None, turn)
    )
    assert turned.problems == []
    assert given.table.sort_values(["item", "system"]).reset_index(drop=True).equals(
        turned.table.sort_values(["item", "system"]).reset_index(drop=True)
    )


def test_an_item_that_is_there_twice_counts_once(folder):
    path = fill(folder, "ann", biased(0), lambda lines: [*lines, lines[0]])
    found = read_ratings(folder, [path])
    assert "ann has rated" in found.problems[0] and len(found.table) == 150


def test_texts_that_pandas_would_take_for_nothing_are_texts(tmp_path):
    rows = [replace(row, hypothesis="NA") for row in outputs(4)]
    folder = make_sheet(rows).write(tmp_path / "sheet")
    assert read_ratings(folder, [fill(folder, "ann", biased(0))]).problems == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item,score\n{name},5\n", "or its columns are not those of"),
        ("item,0-100 for A,0-100 for B,0-100 for C\nother-001,5,5,5\n", "'other-001' or its c"),
        ('item,A\n"1,2\n', "not CSV in UTF-8"),
        (b"item,A\n\xff,1\n", "not CSV in UTF-8"),
        ("", "not CSV in UTF-8"),
    ],
)
def test_another_file_than_the_sheet_is_refused(folder, content, message):
    path, name = folder / "ann.csv", next(iter(key_of(folder)["items"]))
    data = content if isinstance(content, bytes) else content.replace("{name}", name).encode()
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_ratings(folder, [path])


# agreement

_ = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, sections C and D
FOUR_OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
])
# the example of the English Wikipedia's article
THREE_CODERS = np.array([
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
])


@pytest.mark.parametrize(
    ("table", "nominal", "published"),
    [
        (FOUR_OBSERVERS, True, 0.743),
        (FOUR_OBSERVERS, False, 0.849),
        (THREE_CODERS, True, 0.691),
        (THREE_CODERS, False, 0.811),
    ],
)
def test_alpha_is_that_of_published_examples(table, nominal, published):
    assert krippendorff_alpha(table, nominal) == pytest.approx(published, abs=5e-4)


def test_a_weight_is_a_number_of_copies():
    copies = np.array([0, 3, 1, 2, 1, 1, 0, 1, 2, 1, 1, 1])
    copied = krippendorff_alpha(np.repeat(FOUR_OBSERVERS, copies, axis=1), False)
    weighted = krippendorff_alpha(FOUR_OBSERVERS, False, copies[None].astype(float))
    assert weighted == pytest.approx(copied)


def test_raters_who_say_the_same_agree_fully(folder):
    found = read_ratings(folder, [fill(folder, name, biased(0)) for name in ("ann", "bob")])
    alpha = agreement(found)
    assert (alpha.value, alpha.low, alpha.high) == (1, 1, 1)


def test_agreement_of_biased_raters_is_known(folder):
    # two raters 2d apart disagree by 4d² in each unit; all values vary by that and by the truth
    found = read_ratings(folder, [fill(folder, n, biased(b)) for n, b in (("ann", 8), ("bob", -8))])
    values = found.first["value"]
    expected = 1 - 256 / (2 * values.var(ddof=1))
    alpha = agreement(found)
    assert alpha.value == pytest.approx(expected)
    assert alpha.low < expected < alpha.high


def test_agreement_of_guesses_is_about_zero(folder):
    def guess(seed):
        rng = random.Random(seed)
        return lambda *_: [str(rng.randint(0, 100)) for _ in range(3)]

    alpha = agreement(read_ratings(folder, [fill(folder, n, guess(n)) for n in ("ann", "bob")]))
    assert alpha.low < 0 < alpha.high and abs(alpha.value) < 0.25


def test_agreement_of_one_rater_or_of_equal_values_is_not_defined(folder):
    ann, bob = (fill(folder, name, lambda *_: ["50"] * 3) for name in ("ann", "bob"))
    assert agreement(read_ratings(folder, [ann])) is None
    assert agreement(read_ratings(folder, [ann, bob])) is None
    assert agreement(read_ratings(folder, [])) is None


def test_preferences_agree_as_names(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0).write(tmp_path / "sheet")
    bob = fill(folder, "bob", lambda clip, systems, _: better(systems, GOOD))
    found = read_ratings(folder, [fill(folder, "ann", good_from_20), bob])
    wide = found.table.pivot(index="clip", columns="rater", values="value").to_numpy().T
    assert agreement(found).value == pytest.approx(krippendorff_alpha(wide, True)[0])


def test_self_agreement_is_of_repeated_items(folder):
    def forgetful(clip, systems, repeat):
        return [str(100 - TRUE_MEANS[name] if repeat else TRUE_MEANS[name]) for name in systems]

    found = read_ratings(folder, [fill(folder, "ann", biased(0)), fill(folder, "bob", forgetful)])
    assert self_agreement(found, "ann").value == 1
    assert self_agreement(found, "bob").value < 0
    assert self_agreement(found, "bob").value < self_agreement(found).value < 1


# raters


def test_raters_who_do_not_listen_fail_the_baseline(folder):
    def careless(clip, systems, _):
        return ["70" if clip < "clip-020" and name == CONSTANT else "50" for name in systems]

    paths = [fill(folder, "ann", biased(0)), fill(folder, "bob", careless)]
    paths.append(fill(folder, "eve", lambda *_: [""] * 3))
    ann, bob, eve = rater_rows(read_ratings(folder, paths))
    assert (ann["attention, %"], bob["attention, %"]) == (100, 0)
    assert (ann["answers"], eve["answers"], eve["missing"]) == (150, 0, 150)
    assert np.isnan(eve["attention, %"]) and eve["self-agreement"] is None


def test_attention_of_preferences_is_about_pairs_with_a_baseline(tmp_path, rows):
    folder = make_sheet(rows, "preference", repeats=0).write(tmp_path / "sheet")
    paths = [
        fill(folder, "ann", lambda clip, systems, _: better(sorted(systems), sorted(systems)[1])),
        fill(folder, "bob", lambda clip, systems, _: better(systems, GOOD)),
    ]
    _, bob = rater_rows(read_ratings(folder, paths))
    pairs = Counter(tuple(sorted(e["systems"])) for e in key_of(folder)["items"].values())
    with_baseline = pairs[CONSTANT, GOOD] + pairs[CONSTANT, POOR]
    assert bob["attention, %"] == pytest.approx(100 * pairs[CONSTANT, GOOD] / with_baseline)


# systems


def test_systems_are_ranked_by_their_mean_ratings(folder):
    paths = [fill(folder, n, biased(b, noise=5, seed=b)) for n, b in (("ann", 4), ("bob", -6))]
    scores = system_scores(read_ratings(folder, paths))
    assert [row["system"] for row in scores] == [GOOD, POOR, CONSTANT]
    clips = {entry["clip"] for entry in key_of(folder)["items"].values()}
    shift = np.mean([clip_effect(clip) for clip in clips]) - 1  # the mean bias
    for row in scores:
        assert row["rating"].value == pytest.approx(TRUE_MEANS[row["system"]] + shift, abs=1.5)
        assert row["rating"].low < TRUE_MEANS[row["system"]] + shift < row["rating"].high
        assert row["clips"] == 40


def test_differences_are_paired_by_clip(folder):
    # clips differ by up to 20, systems on a clip by exactly 30
    first, second, _ = system_scores(read_ratings(folder, [fill(folder, "ann", biased(0))]))
    assert first["rating"].high - first["rating"].low > 2
    below = second["below the best"]
    assert (below.value, below.low, below.high) == pytest.approx((30, 30, 30))


def test_the_interval_of_a_mean_is_that_of_clips(folder):
    score = system_scores(read_ratings(folder, [fill(folder, "ann", biased(0))]))[0]["rating"]
    clips = {entry["clip"] for entry in key_of(folder)["items"].values()}
    error = np.std([clip_effect(clip) for clip in clips]) / len(clips) ** 0.5
    assert score.high - score.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_repeats_count_once(folder):
    def louder(clip, systems, repeat):
        return ["100" if repeat else "50"] * 3

    found = read_ratings(folder, [fill(folder, "ann", louder)])
    assert system_scores(found)[0]["rating"].value == 50


def test_shares_of_preferences_are_counted_by_pair(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0.1).write(tmp_path / "sheet")

    def judge(clip, systems, _):
        number = int(clip[-3:])
        return ["same"] if number < 10 else better(systems, GOOD if number < 32 else POOR)

    (row,) = preference_shares(read_ratings(folder, [fill(folder, "ann", judge)]))
    assert (row["system"], row["other"], row["clips"]) == (GOOD, POOR, 40)
    shares = [row[f"{name}, %"].value for name in ("system better", "same", "other better")]
    assert shares == pytest.approx([55, 25, 20])
    found = row["system better, %"]
    assert (55 - found.low, found.high - 55) == pytest.approx((15.4, 15.4), abs=3)  # binomial


def test_preferences_have_no_mean_rating(tmp_path):
    folder = make_sheet(outputs(4), "preference").write(tmp_path / "sheet")
    with pytest.raises(ValueError, match="use preference_shares"):
        system_scores(read_ratings(folder, []))


def test_nothing_rated_gives_nothing(folder, rows):
    empty = read_ratings(folder, [])
    assert system_scores(empty) == preference_shares(empty) == rater_rows(empty) == []
    assert metric_correlations(unit_scores(empty, rows)) == []


# metrics


@pytest.fixture
def units(folder, rows):
    """Raters who follow "COMET" but for one output."""
    comet = {(row.id, f"{row.system} {row.strategy}"): i % 37 for i, row in enumerate(rows)}

    def judge(clip, systems, _):
        values = comet | {("clip-000", GOOD): 100}
        return [str(values[clip, name]) for name in systems]

    more = {"COMET": list(comet.values()), "noWER": [-v for v in comet.values()]}
    more["WER"] = [50 - value for value in comet.values()]
    return unit_scores(read_ratings(folder, [fill(folder, "ann", judge)]), rows, more)


def test_correlations_are_those_of_scipy_without_baselines(units):
    assert len(units) == 80 and CONSTANT not in set(units["system"])
    by_name = {row["metric"]: row for row in metric_correlations(units)}
    assert list(by_name) == ["BLEU", "chrF++", "COMET", "noWER", "WER"]
    for name in ("BLEU", "chrF++", "COMET"):
        pair = units[name], units["rating"]
        assert by_name[name]["Pearson"].value == pytest.approx(pearsonr(*pair).statistic)
        assert by_name[name]["Kendall"].value == pytest.approx(kendalltau(*pair).statistic)
    assert by_name["COMET"]["Kendall"].low > 0.8
    assert by_name["noWER"]["Kendall"].high < -0.8
    assert by_name["WER"]["Pearson"].value == pytest.approx(by_name["COMET"]["Pearson"].value)


def test_weighted_correlations_are_those_of_copies(units):
    copies = np.random.default_rng(1).integers(0, 3, len(units))
    pair = units["chrF++"].to_numpy(), units["rating"].to_numpy()
    copied = [np.repeat(values, copies) for values in pair]
    weights = copies[None].astype(float)
    assert module._pearson(*pair, weights)[0] == pytest.approx(pearsonr(*copied).statistic)
    assert module._kendall(*pair, weights)[0] == pytest.approx(kendalltau(*copied).statistic)


def test_a_metric_that_says_nothing_has_no_correlation(units):
    found = metric_correlations(units.assign(COMET=0.1))
    assert [row["Pearson"] for row in found if row["metric"] == "COMET"] == [None]


def test_the_output_that_a_metric_and_raters_dispute_comes_first(units):
    found = disagreements(units, "COMET").iloc[0]
    assert (found["clip"], found["system"], found["rating"]) == ("clip-000", GOOD, 100)
    assert found["rank difference"] < -0.9  # the metric has it last
    assert found["rank difference"] == disagreements(units, "WER").iloc[0]["rank difference"]


def test_preferences_are_held_against_differences_of_scores(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0).write(tmp_path / "sheet")
    found = read_ratings(folder, [fill(folder, "ann", good_from_20)])
    right = [(row.strategy == "poorstrategy") == (row.id < "clip-020") for row in rows[:80]]
    units = unit_scores(found, rows[:80], {"COMET": [float(value) for value in right]})
    assert set(units["COMET"]) == {1.0, -1.0}
    assert metric_correlations(units)[-1]["Pearson"].value == pytest.approx(1)


def test_ratings_of_outputs_that_are_not_given_are_refused(folder, rows):
    found = read_ratings(folder, [fill(folder, "ann", biased(0))])
    with pytest.raises(ValueError, match="give the rows that the sheet was made of"):
        unit_scores(found, rows[1:])
