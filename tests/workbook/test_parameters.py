import nbformat
import pytest

from lib.workbook import notebooks
from lib.workbook.notebooks import BadParameter, Notebook, notebook, typed
from lib.workbook.plan import PLAN


def made(tmp_path, source, tags=("parameters",), name="77_test.ipynb"):
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["tags"] = list(tags)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A title"), cell]), tmp_path / name)
    return Notebook(tmp_path / name)


def test_parameters_are_read_and_checked(tmp_path):
    book = made(tmp_path, 'scale = "tiny"\nrate = 0.5\nseed = 1\nflag = False')
    assert book.parameters == {"scale": "tiny", "rate": 0.5, "seed": 1, "flag": False} and book.title == "A title"
    assert book.check({"rate": 1})["rate"] == 1  # an int is a float
    for given, why in (
        ({"sed": 2}, "did you mean 'seed'"),
        ({"seed": "2"}, "must be int, such as 1"),
        ({"flag": 1}, "must be bool"),
        ({"scale": "huge"}, "the scales are smoke, tiny, lab, full"),
    ):
        with pytest.raises(BadParameter, match=why):
            book.check(given)


def test_only_literals_and_one_cell(tmp_path):
    with pytest.raises(BadParameter, match="not `name = literal`"):
        _ = made(tmp_path, "seed = int('1')").parameters
    with pytest.raises(BadParameter, match="has 0 cells"):
        _ = made(tmp_path, "seed = 1", tags=()).parameters
    with pytest.raises(BadParameter, match="was executed already"):
        _ = made(tmp_path, "seed = 1", tags=("parameters", "injected-parameters")).parameters


def test_values_from_the_command_line_take_the_type_of_the_default(tmp_path):
    book = made(tmp_path, 'source = "est"\nseed = 1\nflag = False')
    assert (typed(book, "source", "7"), typed(book, "seed", "7"), typed(book, "flag", "True")) == ("7", 7, True)
    with pytest.raises(BadParameter, match="must be int"):
        book.check({"seed": typed(book, "seed", "seven")})


def test_run_names(tmp_path):
    book = made(tmp_path, 'scale = "tiny"\nsource = "est"\nfolder = ""\nseed = 1')
    assert book.run_name(book.check({})) == "77"
    assert book.run_name(book.check({"scale": "lab"})) == "77"
    assert book.run_name(book.check({"source": "que", "seed": 2})) == "77,source=que,seed=2"
    one, other = (book.run_name(book.check({"folder": f"/{where}/own data.tsv"})) for where in "ab")
    assert one != other and one.startswith("77,folder=own-data.tsv,")


def test_plan_is_made_of_notebooks_that_exist():
    for entry in PLAN:
        book = notebook(entry.number)
        book.check({"scale": "tiny", **entry.parameters})
    assert {entry.number for entry in PLAN} == {book.number for book in notebooks.notebooks()}
    with pytest.raises(BadParameter, match="there are 00, 01"):
        notebook("55")


def test_each_system_and_each_claim_once():
    import pandas as pd

    from lib.workbook.collect import CLAIMS, SCORES, of_most_seeds, once

    same = {
        "system": "gmu",
        "strategy": "direct",
        "task": "ST",
        "source": "est",
        "target": "eng",
        "subset": "test",
        "metric": "BLEU",
    }
    rows = [
        same | {"run": "10", "seed": 1, "value": 1.0},
        same | {"run": "11", "seed": 1, "value": 1.0},
        same | {"run": "13,seed=2", "seed": 2, "value": 2.0},
        same | {"run": "13", "seed": 1, "strategy": "asr_init", "value": 3.0},
        same | {"run": "10,corpus=own,folder=talks.tsv,a1b2", "seed": 1, "value": 4.0},
    ]
    kept = once(pd.DataFrame(rows, columns=SCORES))
    assert kept[["run", "value"]].values.tolist() == [["10", 1.0], ["13", 3.0], ["10,corpus=own,folder=talks.tsv,a1b2", 4.0]]
    claims = pd.DataFrame(
        [
            {"claim": "A", "seeds": 1, "run": "11"},
            {"claim": "A", "seeds": 3, "run": "16"},
            {"claim": "B", "seeds": 0, "run": "12"},
        ],
        columns=CLAIMS,
    )
    assert of_most_seeds(claims)["run"].tolist() == ["16", "12"]
