import pytest

from lib.systems.gmu.experiment import seen
from lib.systems.gmu.pairs import PAIRS, STUDY
from lib.systems.gmu.plan import CONVERGENCE_PAIRS, FURTHER_SEEDS, SEEDS, study_runs
from lib.systems.registry import study_runs as registered
from lib.workbook.notebooks import notebook


def numbers(runs, **parameters):
    """The notebooks of the runs that have these parameters."""
    return {run.notebook for run in runs if parameters.items() <= run.parameters.items()}


@pytest.fixture
def corpora(tmp_path):
    """A folder with the corpora of a pair with transcripts, and of one without."""
    for name in (PAIRS["bem-eng"].corpus, PAIRS["gle-eng"].corpus):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def recordings(corpora):
    return study_runs("full", {"folder": str(corpora)})


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab"])
def test_every_run_is_of_a_notebook_with_these_parameters(scale):
    for run in registered("gmu", scale, {}):
        notebook(run.notebook).check({"scale": scale, **run.parameters})


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("source", "target"), STUDY)
def test_every_pair_and_seed_has_all_strategies(source, target, seed):
    runs = study_runs("tiny", {})
    assert numbers(runs, source=source, target=target, seed=seed) >= {"11", "12", "13"}


@pytest.mark.parametrize("seed", FURTHER_SEEDS)
def test_further_seeds_have_the_switches_and_all_synthetic_data(seed):
    runs = study_runs("tiny", {})
    assert "14" in numbers(runs, seed=seed)
    assert "15" in numbers(runs, seed=seed, ablate=True)


@pytest.mark.parametrize("seed", FURTHER_SEEDS)
@pytest.mark.parametrize(("source", "target"), CONVERGENCE_PAIRS)
def test_further_seeds_are_trained_to_convergence(source, target, seed):
    runs = study_runs("tiny", {})
    assert "17" in numbers(runs, source=source, target=target, seed=seed)


def test_convergence_is_of_a_seen_and_of_an_unseen_language():
    assert [seen("tiny", source) for source, _ in CONVERGENCE_PAIRS] == [True, False]
    assert set(CONVERGENCE_PAIRS) <= set(STUDY)


def test_a_seed_repeats_the_backbone_too():
    trained = [run.parameters for run in study_runs("tiny", {}) if "seed" in run.parameters]
    assert {parameters["seed"] for parameters in trained} == set(SEEDS)
    assert [p for p in trained if p["backbone_seed"] != p["seed"]] == []


def test_each_backbone_comes_before_the_runs_that_need_it():
    found = set()
    for run in study_runs("tiny", {}):
        seed = run.parameters.get("backbone_seed")
        if run.notebook == "03":
            found.add(seed)
        assert seed is None or seed in found
    assert found == set(SEEDS)


def test_the_advice_is_last():
    notebooks = [run.notebook for run in study_runs("tiny", {})]
    assert notebooks.index("16") == len(notebooks) - 1


def test_no_run_is_planned_twice():
    runs = [(run.notebook, tuple(run.parameters.items())) for run in study_runs("tiny", {})]
    assert len(set(runs)) == len(runs)


def test_further_parameters_reach_every_run_on_a_pair():
    """Neither the backbones nor the advice take them."""
    runs = study_runs("tiny", {"processes": "2"})
    assert numbers(runs, processes="2") == numbers(runs) - {"03", "16"}


def test_full_needs_recordings():
    with pytest.raises(ValueError, match="needs recordings: add -p folder=DIR"):
        study_runs("full", {})


def test_a_folder_without_corpora_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds none of GMU's corpora"):
        study_runs("full", {"folder": str(tmp_path)})


def test_a_corpus_with_transcripts_gets_all_strategies(recordings):
    assert numbers(recordings, source="bem") == {"10", "11", "12", "13"}


def test_a_corpus_without_transcripts_gets_direct_only(recordings):
    assert numbers(recordings, source="gle") == {"10"}


def test_recordings_get_all_cascades_and_initialisations(recordings):
    assert numbers(recordings, source="bem", ablate=True) == {"11", "13"}


def test_a_run_has_its_corpus_and_folder(recordings, corpora):
    assert numbers(recordings, corpus="bigc", folder=str(corpora / "bigc"))


def test_missing_corpora_are_skipped_with_a_reason(recordings):
    skipped = {run.parameters["source"]: run.skip for run in recordings if run.skip}
    assert skipped.keys() == {pair.source for pair in PAIRS.values()} - {"bem", "gle"}


def test_a_reason_names_the_folder(recordings, corpora):
    (run,) = [run for run in recordings if run.parameters["source"] == "aeb"]
    assert run.skip == (
        f"there is no {corpora / PAIRS['aeb-eng'].corpus}; how to obtain it: "
        "python -m lib.workbook corpora iwslt_aeb_eng"
    )
