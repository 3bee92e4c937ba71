"""Executed notebooks as they are committed, and when they are not."""

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lib.workbook import reference
from lib.workbook.__main__ import main
from lib.workbook.collect import collect
from lib.workbook.notebooks import BadParameter
from lib.workbook.reference import keep_reference
from tests.workbook.cases import score_row, use_folder, write_notebook, write_record

PNG = b"\x89PNG not a picture"
OWN = '<script>alert("&#47;")</script><p onclick="x()">shown <a href="javascript:x()">it</a></p>'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A workbook of the notebooks 10 and 11, and of 90, which is in no run of it."""
    use_folder(monkeypatch, tmp_path)
    for number, runs in (("10", [{}]), ("11", [{}]), ("90", [])):
        parameters = 'scale = "smoke"\nseed = 1'
        write_notebook(tmp_path, number=number, parameters=parameters, metadata={"runs": runs})
    return tmp_path


def write_run(number, text="tere", parameters=None, **changes):
    """A run with an executed notebook."""
    run = write_record(number, parameters=parameters or {}, **changes)
    html = {"text/html": f"<p>{text} {run.folder}</p>", "text/plain": "Page(body=...)"}
    shown = new_output("execute_result", html)
    cell = new_code_cell("1", outputs=[shown])
    nbformat.write(new_notebook(cells=[cell]), run.folder / "notebook.ipynb")
    return run


def write_figure(run, name="gains"):
    (run.folder / "figures").mkdir(exist_ok=True)
    (run.folder / "figures" / f"{name}.png").write_bytes(PNG + run.name.encode())


def keep(folder, **options):
    collect("smoke")
    return keep_reference("smoke", folder / "kept", **options)


def test_the_notebooks_of_the_workbook_and_of_finished_readers_are_kept(folder):
    for number in ("10", "11", "90"):
        write_run(number)
    write_run("10", parameters={"seed": 2})
    names = [path.name for path in sorted(keep(folder).glob("*_test.ipynb"))]
    assert names == ["10_test.ipynb", "11_test.ipynb", "90_test.ipynb"]


def test_a_kept_notebook_is_stamped_with_its_commit(folder):
    for number in ("10", "11"):
        write_run(number, dirty=number == "11")
    found = [nbformat.read(p, 4).cells[0].source for p in sorted(keep(folder).rglob("*.ipynb"))]
    stamps = ("commit 0123456789 (clean tree)", "commit 0123456789 (with uncommitted changes)")
    assert [stamp in text for stamp, text in zip(stamps, found, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (None, "not run: 11"),
        ({"exit": "failed: cell 3: ValueError"}, "not finished (failed): 11"),
        ({"lib_hash": "b"}, "made by another state of lib than most: 11"),
        ({"notebook_hash": "b"}, "made from another version of the notebook: 11"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused_unless_asked_for(folder, changes, message):
    write_run("10")
    write_run("90")
    if changes:
        write_run("11", **changes)
    with pytest.raises(BadParameter) as caught:
        keep(folder)
    assert (message in str(caught.value), (folder / "kept").exists()) == (True, False)
    assert message in (keep(folder, partial=True) / "README.md").read_text()


def test_the_refusal_is_a_line_of_the_command(folder, capsys):
    code = main(["reference", "--scale", "smoke", "--folder", str(folder / "kept")])
    lines = capsys.readouterr().err.splitlines()
    assert (code, len(lines), "not run: 10, 11" in lines[0]) == (2, 1, True)


def test_a_folder_that_would_be_too_large_is_refused_with_its_largest_files(folder, monkeypatch):
    write_run("10", text="long " * 20_000)
    write_run("11")
    monkeypatch.setattr(reference, "MAX_MB", 0.1)
    with pytest.raises(BadParameter, match=r"at most 0\.1 .* smoke/10_test\.ipynb 0\.2 MB"):
        keep(folder)
    assert not (folder / "kept").exists()


def test_other_files_of_the_folder_count_and_stay(folder, monkeypatch):
    for number in ("10", "11"):
        write_run(number)
    other = folder / "kept" / "tiny-scores.csv"
    other.parent.mkdir()
    other.write_bytes(b"0" * 200_000)
    keep(folder)
    monkeypatch.setattr(reference, "MAX_MB", 0.1)
    with pytest.raises(BadParameter, match=r"tiny-scores\.csv 0\.2 MB"):
        keep(folder)
    assert other.stat().st_size == 200_000


def test_a_notebook_that_is_no_longer_there_goes(folder):
    for number in ("10", "11", "90"):
        write_run(number)
    keep(folder)
    (write_run("90").folder / "manifest.json").unlink()
    assert not (keep(folder) / "90_test.ipynb").exists()


def test_the_page_has_what_was_run_and_how_long_it_took(folder):
    packages = {"torch": "2.11.0", "transformers": "4.57.6"}
    device = {"kind": "cpu", "name": "x86_64", "cores": 2, "threads": 1}
    for number in ("10", "11"):
        write_run(number, title="A | B", packages=packages, device=device)
    text = (keep(folder) / "README.md").read_text()
    parts = ("[10_test](10_test.ipynb)", "A \\| B", "torch: 2.11.0", "2 cores, cpu (x86_64)")
    parts += ("2.0 core-minutes", "(scores.csv)", "2026-01-01")
    assert [part for part in parts if part not in text] == []


def test_nothing_that_is_kept_names_the_folder_of_the_outputs(folder):
    row = f"claim,run,paper,seeds,pair,measured,measurement\nX-1,10,,1,,1,at {folder}/outputs/a\n"
    for number in ("10", "11"):
        write_run(number, data=[], claims=[])
    (folder / "outputs" / "smoke").mkdir(exist_ok=True)
    collect("smoke")
    (folder / "outputs" / "smoke" / "claims.csv").write_text(row)
    kept = keep_reference("smoke", folder / "kept")
    texts = [path.read_text() for path in kept.rglob("*") if path.is_file()]
    assert not any(str(folder) in text for text in texts)


@pytest.mark.parametrize("name", ["scores.csv", "claims.csv", "gains.png"])
def test_tables_and_marked_figures_are_kept(folder, name):
    figures = [{"name": "gains", "caption": "", "reference": "gains"}]
    write_figure(write_record("10", figures=figures))
    assert (keep(folder, partial=True) / name).exists()


def test_of_a_figure_the_run_with_the_notebooks_own_parameters_counts(folder):
    figures = [{"name": "gains", "caption": "", "reference": "gains"}]
    for given in ({"seed": 2}, {}):
        write_figure(write_record("10", parameters=given, figures=figures))
    path = keep(folder, partial=True) / "gains.png"
    assert path.read_bytes() == PNG + b"10"


def test_other_figures_are_not_kept(folder):
    write_figure(write_record("10", figures=[{"name": "gains", "caption": ""}]))
    assert not (keep(folder, partial=True) / "gains.png").exists()


# ---- a study ----


@pytest.fixture
def study(folder, monkeypatch):
    """A study of notebook 11 with two seeds, which notebook 90 reads, beside a run of 10."""
    reader = {"runs": [], "reads_records": True}
    write_notebook(folder, number="90", parameters='scale = "smoke"', metadata=reader)
    made = [write_run("11", parameters={"seed": seed}, scores=[score_row()]) for seed in (1, 2)]
    made.append(write_run("90"))
    write_run("10", scores=[score_row()])
    monkeypatch.setattr(reference, "study_runs", lambda name, scale, parameters: made)
    return made


def test_a_study_has_the_rows_of_its_notebooks_and_the_copies_of_its_readers(folder, study):
    kept = keep(folder, study="gmu")
    table = pd.read_csv(kept / "scores.csv", dtype=str)
    assert (kept.name, sorted(table["run"])) == ("smoke-gmu", ["11", "11,seed=2"])
    assert [path.name for path in kept.glob("*.ipynb")] == ["90_test.ipynb"]
    assert (kept / "README.md").read_text().startswith("# Study gmu at `smoke`\n")


def test_a_study_with_a_missing_run_is_refused(folder, study):
    (study[1].folder / "manifest.json").unlink()
    with pytest.raises(BadParameter, match=r"not run: 11,seed=2.* --scale smoke --study gmu"):
        keep(folder, study="gmu")


def test_the_picture_of_all_studies_lies_above_them(folder, study):
    assert (keep(folder, study="gmu").parent / "smoke-studies.png").read_bytes()[1:4] == b"PNG"


def test_the_page_names_the_parameters_of_the_study(folder, study):
    page = (keep(folder, study="gmu", parameters={"source": "mdw"}) / "README.md").read_text()
    assert "reference --scale smoke --study gmu -p source=mdw`" in page


def test_a_study_keeps_the_measures_of_its_runs(folder, study):
    write_run("11", parameters={"seed": 2}, measures={"cer": 50.0})
    table = pd.read_csv(keep(folder, study="gmu") / "measures.csv", dtype=str)
    assert table[["run", "measure", "value"]].values.tolist() == [["11,seed=2", "cer", "50.0"]]
