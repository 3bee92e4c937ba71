import re
from dataclasses import dataclass, replace

import pytest

from lib.files import atomic_path, read_json, write_json
from lib.models.hub import pinned
from lib.systems import seamless_presets
from lib.systems.backbones import (
    KINDS,
    BackboneRecipe,
    TrainedBackbone,
    backbone_recipe,
    get_backbone,
    training_lock,
)
from lib.training.finished import FitResult


@pytest.fixture(scope="module")
def again(experiment):
    """The smoke backbone a second time, and the calls of its callback."""
    calls = []
    backbone = get_backbone("seamless", "smoke", experiment.cache, callback=calls.append)
    return backbone, calls


def test_it_is_found_again(experiment, again):
    assert again[0].path == experiment.backbone.path


def test_it_is_not_trained_twice(again):
    assert again[1] == []


def test_its_stages_are_remembered(experiment, again):
    assert [stage.stage for stage in again[0].stages] == ["ctc", "text", "joint"]
    assert again[0].stages == experiment.backbone.stages


def test_its_name_is_that_of_its_folder(experiment):
    backbone = experiment.backbone
    name = backbone.recipe.folder(backbone.corpus, experiment.cache).name
    assert backbone.name == name
    assert name.startswith("seamless-")


def test_another_recipe_has_another_folder(experiment):
    recipe, corpus = experiment.backbone.recipe, experiment.backbone.corpus
    other = replace(recipe, sentences=61)
    assert other.folder(corpus, experiment.cache) != recipe.folder(corpus, experiment.cache)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab"])
def test_another_seed_has_another_folder(kind, scale, tmp_path):
    recipe = backbone_recipe(kind, scale)
    folders = [replace(recipe, seed=seed).folder(None, tmp_path) for seed in (1, 2)]
    assert recipe.folder(None, tmp_path) == folders[0] != folders[1]


def test_another_corpus_has_another_folder(experiment):
    recipe, corpus = experiment.backbone.recipe, experiment.backbone.corpus
    other = replace(corpus, hash="other")
    assert recipe.folder(other, experiment.cache) != recipe.folder(corpus, experiment.cache)


def test_another_version_has_another_folder(experiment, monkeypatch):
    recipe, corpus = experiment.backbone.recipe, experiment.backbone.corpus
    before = recipe.folder(corpus, experiment.cache)
    monkeypatch.setattr(type(recipe), "version", 99)
    assert recipe.folder(corpus, experiment.cache) != before


@pytest.mark.parametrize("text", [False, True])
def test_loading_with_and_without_text_encoder(experiment, text):
    model = experiment.backbone.load(text=text)
    assert (model.text_encoder is not None) is text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_presets(kind):
    assert backbone_recipe(kind, "tiny").kind == kind


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="unknown scale 'huge'"):
        backbone_recipe("seamless", "huge")


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_backbone_is_not_trained(kind, tmp_path):
    backbone = get_backbone(kind, "full", tmp_path, seed=2)
    assert backbone.path == backbone.name == pinned(backbone_recipe(kind, "full").hub)
    # the others' commits are resolved at first use
    assert ("@" in backbone.path) is (kind not in ("nllb", "mt5"))
    assert backbone.stages == []
    assert backbone.corpus is None
    assert list(tmp_path.iterdir()) == []


@dataclass(frozen=True, kw_only=True)
class Stub(BackboneRecipe):
    """A recipe whose training is counted and may fail."""

    kind = "stub"
    version = 1
    hub: str | None = None
    seed: int = 1
    fails: bool = False

    @property
    def seen(self):
        return ("est",)

    def identity(self):
        return ["stub", self.seed]

    def corpus(self, cache, progress):
        return None

    def train(self, job):
        job.folder.mkdir(exist_ok=True)
        with open(job.folder / "trainings", "a") as file:
            file.write("x")
        if self.fails:
            raise RuntimeError("killed")
        result = FitResult(stage="only", updates=1, seconds=0.0, best=None, best_update=0)
        return StubModel(), [result]

    def load(self, path, text):
        return StubModel()


class StubModel:
    def save(self, folder):
        with atomic_path(folder) as new:
            new.mkdir()
            (new / "config.json").write_text("{}")


@pytest.fixture
def stub(monkeypatch, tmp_path):
    """`stub(fails, seed)`: the backbone of the stub recipe, in an empty cache."""

    def get(fails=False, seed=1):
        presets = {"smoke": Stub(fails=fails)}
        monkeypatch.setattr(seamless_presets, "PRESETS", presets)
        return get_backbone("seamless", "smoke", tmp_path, seed=seed)

    return get


def test_a_training_that_failed_is_made_again(stub, tmp_path):
    with pytest.raises(RuntimeError, match="killed"):
        stub(fails=True)
    assert isinstance(stub(), TrainedBackbone)
    (folder,) = tmp_path.glob("stub-*")
    assert (folder / "trainings").read_text() == "xx"


def test_a_finished_training_is_not_made_again(stub, tmp_path):
    stub()
    stub()
    (folder,) = tmp_path.glob("stub-*")
    assert (folder / "trainings").read_text() == "x"
    assert read_json(folder / "stages.json")["stages"][0]["stage"] == "only"


@pytest.mark.parametrize("name", ["model/config.json", "stages.json"])
def test_a_damaged_backbone_is_named_and_made_again(stub, tmp_path, capsys, name):
    stub()
    (folder,) = tmp_path.glob("stub-*")
    (folder / name).write_text((folder / name).read_text()[:-1] + "x")
    assert stub().stages[0].stage == "only"
    assert (folder / "trainings").read_text() == "xx"
    assert re.search(f"{name} .*; it is made again", capsys.readouterr().err)


def test_a_finished_training_is_read_while_another_holds_its_lock(stub, tmp_path):
    stub()
    (folder,) = tmp_path.glob("stub-*")
    with training_lock(folder, print):
        assert stub().stages


def test_stages_of_an_older_version_are_read(stub, tmp_path):
    stub()
    (folder,) = tmp_path.glob("stub-*")
    write_json(folder / "stages.json", read_json(folder / "stages.json")["stages"])
    assert stub().stages[0].stage == "only"


def test_each_seed_is_trained_by_itself(stub, tmp_path):
    backbones = [stub(seed=seed) for seed in (1, 2, 1)]
    assert [backbone.recipe.seed for backbone in backbones] == [1, 2, 1]
    assert backbones[0].path == backbones[2].path != backbones[1].path
    trainings = [folder / "trainings" for folder in tmp_path.glob("stub-*")]
    assert [path.read_text() for path in trainings] == ["x", "x"]


def test_a_failure_frees_the_lock(tmp_path):
    folder = tmp_path / "a"
    with pytest.raises(RuntimeError), training_lock(folder, print):
        raise RuntimeError
    with training_lock(folder, print):
        assert (tmp_path / ".a.lock").exists()
