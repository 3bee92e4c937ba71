"""Runs of one name have equal parameters, and values that cannot be are refused before a start."""

from contextlib import suppress

import pytest

from lib.files import content_hash
from lib.systems import registry
from lib.workbook import run_names
from lib.workbook.completion import finished
from lib.workbook.identity import check_runs, own_record
from lib.workbook.manifest_reader import RECORD
from lib.workbook.notebooks import BadParameter
from lib.workbook.plan import NotebookRun, notebook_run, study_runs, workbook_runs
from lib.workbook.runner import run_all
from tests.workbook.cases import use_folder, write_notebook, write_record

PARAMETERS = """
scale = "smoke"
source = "est"
target = "eng"
corpus = "phrasebook"
folder = ""
licences = ""
hours = 0.0
seed = 1
processes = 1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters=PARAMETERS)
    return tmp_path


def colliding():
    """Two values of one form in names whose hashes begin alike, so that runs have one name."""
    seen = {}
    for number in range(2000):
        names = f"{number}/MIT"
        other = seen.setdefault(content_hash({"licences": names}, 4), names)
        if other != names:
            return other, names
    raise AssertionError("no collision")


@pytest.fixture
def collision(folder, monkeypatch):
    """Two runs of one name, the first of which is finished."""
    monkeypatch.setattr(run_names, "HASH_DIGITS", 4)
    runs = [notebook_run("77", {"scale": "smoke", "licences": names}) for names in colliding()]
    assert len({run.name for run in runs}) == 1
    write_record(parameters=runs[0].parameters)
    return runs


def test_a_run_is_not_done_by_one_of_the_same_name(collision):
    assert finished(collision[0])
    assert finished(collision[1]) is None
    assert own_record(collision[1]) is None


def test_a_run_of_the_same_name_is_refused_and_kept(collision):
    path = collision[0].folder / RECORD
    before = path.read_bytes()
    with pytest.raises(BadParameter, match="which stays") as error:
        check_runs(collision[1:])
    assert all(run.parameters["licences"] in str(error.value) for run in collision)
    with pytest.raises(BadParameter, match="which stays"):
        run_all(collision[1:], fresh=True)
    assert path.read_bytes() == before


def test_two_runs_of_one_name_are_refused_together(collision):
    (collision[0].folder / RECORD).unlink()
    with pytest.raises(BadParameter, match="another of these runs"):
        check_runs(collision)


def test_a_record_from_before_a_parameter_is_of_the_same_run(folder):
    run = write_record()
    write_notebook(folder, parameters=f"{PARAMETERS}ablate = False")
    check_runs([notebook_run("77", run.parameters)])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"source": "en"}, "unknown language 'en': did you mean 'eng'"),
        ({"target": "fr-FR"}, "unknown language 'fr-FR': did you mean 'fra'"),
        ({"source": "-" * 3000}, "unknown language"),
        ({"source": ""}, "source is empty"),
        ({"target": "xxx"}, "unknown language 'xxx'"),
        ({"source": "eng"}, "source and target are both 'eng'"),
        ({"source": "mdw"}, "no CLDR items"),
        ({"target": "aeb"}, "no CLDR items"),
        ({"corpus": "nonsense"}, "there is no corpus 'nonsense'"),
        ({"corpus": "../mls"}, "there is no corpus '../mls'"),
        ({"corpus": "mls"}, "corpus=mls needs folder="),
        ({"corpus": "own"}, "the path of a manifest"),
        ({"corpus": "mls", "folder": "/nowhere"}, "/nowhere does not exist"),
        ({"corpus": "mls", "folder": "x" * 3000}, "File name too long"),
        ({"folder": "/tmp"}, "corpus=phrasebook is made here"),
        ({"folder": "/tmp\0"}, r"holds '\\x00', which is not text"),
        ({"folder": "/tmp\ud800"}, r"holds '\\ud800', which is not text"),
        ({"folder": "/tmp\x1b[2J"}, r"holds '\\x1b', which is not text"),
        ({"licences": "open,CC-BY-NC-4.0"}, "never counts as open"),
        ({"licences": "x" * 5000}, "has 5,000 characters"),
        ({"seed": -1}, "seed is -1; it must be from 0 to 4,294,967,295"),
        ({"seed": 10**4000}, "seed is 1000"),
        ({"processes": 0}, "processes is 0; it must be from 1"),
        ({"hours": float("nan")}, "hours is nan"),
        ({"hours": float("inf")}, "hours is inf"),
    ],
)
def test_a_value_that_cannot_be_is_refused(folder, given, message):
    with pytest.raises(BadParameter, match=message) as error:
        check_runs([notebook_run("77", {"scale": "smoke", **given})])
    assert len(str(error.value)) < 1000
    assert not (folder / "outputs").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"source": "que", "target": "spa"},
        {"corpus": "own", "folder": __file__, "source": "mdw", "target": "fra"},
        {"corpus": "mls", "folder": "/tmp", "licences": "open"},
        {"hours": 1},
        {"seed": 2**32 - 1},
    ],
)
def test_values_that_can_be_are_not_refused(folder, given):
    check_runs([notebook_run("77", {"scale": "smoke", **given})])


def test_what_reads_records_takes_a_corpus_as_a_name(folder):
    write_notebook(folder, parameters=PARAMETERS, metadata={"reads_records": True})
    check_runs([notebook_run("77", {"scale": "smoke", "corpus": "mls", "source": "mdw"})])


def test_a_skipped_run_is_not_checked(folder):
    run = notebook_run("77", {"scale": "smoke", "corpus": "mls"})
    skipped = {"notebook": run.notebook, "parameters": run.parameters, "minutes": 1.0}
    check_runs([NotebookRun(**skipped, skip="no corpus")])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"system": "nonsense"}, "there is no system 'nonsense'"),
        ({"strategy": "nonsense"}, "zero_resource has no strategy 'nonsense'"),
        ({"change": "nonsense=1"}, "nonsense"),
        ({"change": "lora.rank=4; lora.rank=8"}, "lora.rank is changed twice"),
        ({"change": "recipe.nonsense=1"}, "has no 'nonsense'"),
        ({"system": "gmu", "strategy": "direct"}, "gmu needs source="),
        ({"change": "corpora=fleurs"}, "corpus=fleurs needs folder="),
        ({"change": "corpora=nonsense=/tmp"}, "there is no corpus 'nonsense'"),
        ({"change": "folder=5"}, "give the whole path"),
        (
            {"system": "gmu", "strategy": "direct", "change": "source=xx; target=eng"},
            "unknown language 'xx'",
        ),
    ],
)
def test_a_strategy_that_cannot_be_is_refused(tmp_path, monkeypatch, given, message):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    with pytest.raises(BadParameter, match=message):
        check_runs([notebook_run("04", {"scale": "smoke", **given})])


@pytest.mark.parametrize(
    ("number", "given", "message"),
    [
        ("30", {"zero_shot": "deu-deu"}, "no direction"),
        ("30", {"ablate": "nonsense"}, "unknown ablation 'nonsense'"),
        ("40", {"held_out": "cat xxx"}, "unknown language 'xxx'"),
        ("40", {"corpora": "fleurs"}, "corpus=fleurs needs folder="),
        ("60", {"strategies": "direct; nonsense"}, "gmu has no strategy 'nonsense'"),
        ("60", {"strategies": "direct; direct"}, "two different ones"),
        ("61", {"systems": "it_ist nonsense"}, "there is no system 'nonsense'"),
    ],
)
def test_names_that_cannot_be_are_refused(tmp_path, monkeypatch, number, given, message):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    with pytest.raises(BadParameter, match=message):
        check_runs([notebook_run(number, {"scale": "smoke", **given})])


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["smoke", "tiny"])
def test_all_that_the_workbook_plans_is_accepted(tmp_path, monkeypatch, scale):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    runs = workbook_runs(scale)
    for name in registry.study_names():
        with suppress(BadParameter):  # some are made for other scales
            runs += study_runs(name, scale, {})
    assert len(runs) > 50
    check_runs(runs)
