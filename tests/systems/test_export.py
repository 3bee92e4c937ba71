import contextlib
import io
import re
import shutil

import pytest
import torch
import transformers
import yaml
from safetensors.torch import load_file

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.disk import DiskFull
from lib.files import Damaged, read_json
from lib.models.seamless import load_seamless
from lib.scoring.outputs import score_table
from lib.systems.export import export, model_card
from lib.systems.gmu.strategies import switched
from lib.systems.load import load_system
from lib.tasks import MT, ST, Example
from tests.disks import mounted

SPEECH_CLASS = transformers.SeamlessM4Tv2ForSpeechToText
# untrained models do not end, and plain generate stops where the generation config says
MAX_NEW_TOKENS = 12


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """`exported(strategy)`: the loaded system and the folder of its export."""
    made = {}

    def make(strategy):
        if strategy not in made:
            system = load_system(trained(strategy).folder)
            system.card["model"]["search"]["max_new_tokens"] = MAX_NEW_TOKENS
            generator = getattr(system.model, "speech", None) or system.model.text_model
            generator.generation_config.max_new_tokens = MAX_NEW_TOKENS
            # nor do they avoid embedding rows without a token, as our search does
            unused = range(len(system.model.tokenizer), generator.config.vocab_size)
            generator.generation_config.suppress_tokens = list(unused) or None
            folder = tmp_path_factory.mktemp("exports") / "system"
            made[strategy] = system, export(system, folder)
        return made[strategy]

    return make


@pytest.fixture(scope="module")
def card(exported):
    """The model card of direct fine-tuning: its front matter, and its text."""
    _, front, text = (exported("direct")[1] / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), text


def test_files(exported):
    _, folder = exported("direct")
    names = {path.name for path in folder.iterdir()}
    expected = {"model.safetensors", "config.json", "generation_config.json"}
    expected |= {"tokenizer_config.json", "preprocessor_config.json", "recipe.json", "README.md"}
    assert expected <= names
    assert not [name for name in names if name.endswith((".bin", ".pt"))]


def test_the_recipe_is_the_systems(exported, trained):
    _, folder = exported("multitask")
    recipe = read_json(folder / "recipe.json")
    original = read_json(trained("multitask").folder / "system.json")
    assert recipe["stage"] == original["stage"]
    assert recipe["corpus"] == original["corpus"]


def test_front_matter(card):
    assert card[0] == {
        "library_name": "transformers",
        "license": "mit",
        "language": ["que", "spa"],
    }


@pytest.mark.parametrize(
    "fact",
    [
        "# direct que→spa",
        "ST from Quechua into Spanish",
        "strategy `direct`",
        "scale `smoke`",
        "seed 1",
        "**synthetic speech**",
        "No scores were recorded",
        "SeamlessM4Tv2ForSpeechToText",
        'tgt_lang="spa"',
        "num_beams=5",
    ],
)
def test_facts_of_the_model_card(card, fact):
    assert fact in " ".join(card[1].split())


def test_the_corpus_is_named_with_its_hash(card, experiment):
    assert f"{experiment.corpus.name} ({experiment.corpus.hash})" in card[1]


def test_scores_stand_in_the_model_card(exported, outputs):
    system, folder = exported("direct")
    table = score_table(outputs("direct"))
    lines = re.findall(r"^\| ST que→spa, n=6 .*$", model_card(system, folder, table), re.M)
    assert len(lines) == len(table)
    assert f"| BLEU | {table[0]['value']:.1f} | {table[0]['low']:.1f} to" in lines[0]


def test_a_published_backbone_keeps_its_licence(exported):
    system, folder = exported("direct")
    facts = system.card["model"] | {"hub": True}
    published = load_system(system.folder)
    published.card["model"] = facts
    assert "license: cc-by-nc-4.0" in model_card(published, folder)


def test_real_speech_is_not_called_synthetic(exported):
    system, folder = exported("direct")
    real = load_system(system.folder)
    real.card["synthetic"] = False
    assert "synthetic" not in model_card(real, folder)


def test_a_recogniser_writes_the_spoken_language(exported):
    text = (exported("asr")[1] / "README.md").read_text()
    assert 'tgt_lang="que"' in text
    assert "language: [que]" in text


def run_usage(folder, monkeypatch):
    """What the code of an export's README prints."""
    monkeypatch.chdir(folder.parent)
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S)[1]
    with contextlib.redirect_stdout(io.StringIO()) as printed, torch.no_grad():
        exec(code, {})  # our own README
    return printed.getvalue().rstrip("\n")


@pytest.mark.parametrize("strategy", ["direct", "multitask", "asr", "direct, head untied"])
def test_the_readmes_code_gives_our_output(exported, experiment, monkeypatch, strategy):
    system, folder = exported(switched(strategy) if "," in strategy else strategy)
    clip = experiment.test(ST)[0].audio
    shutil.copy(clip, folder.parent / "speech.wav")
    (found,) = system.translate([clip])
    assert run_usage(folder, monkeypatch) == found.text


@pytest.mark.parametrize("strategy", ["mt", "nllb"])
def test_the_readmes_code_translates_text(exported, monkeypatch, strategy):
    system, folder = exported(strategy)
    example = Example(
        id="a",
        task=MT,
        source="que",
        target="spa",
        target_text="",
        source_text="A text to translate.",
    )
    # Hugging Face counts the language token too
    search = Search(beams=5, max_new_tokens=MAX_NEW_TOKENS - 1)
    (ours,) = decode(system.model, [example], Collator(system.model), search)
    assert run_usage(folder, monkeypatch) == ours.text


def test_an_untied_head_is_exported(exported):
    system, folder = exported(switched("direct, head untied"))
    plain = SPEECH_CLASS.from_pretrained(folder)
    own = system.model.speech
    assert torch.equal(plain.lm_head.weight, own.lm_head.weight)
    assert torch.equal(plain.shared.weight, own.shared.weight)
    assert not torch.equal(plain.lm_head.weight, plain.shared.weight)


def test_the_exported_weights_are_the_trained_ones(exported, trained):
    _, folder = exported("direct")
    best = load_file(trained("direct").folder / "best.safetensors")
    state = SPEECH_CLASS.from_pretrained(folder).state_dict()
    for name, tensor in best.items():
        assert torch.equal(state[name.removeprefix("model.speech.")], tensor)


def test_an_export_may_be_replaced(exported, tmp_path):
    system, _ = exported("direct")
    for _ in range(2):
        export(system, tmp_path / "again")
    assert (tmp_path / "again" / "README.md").exists()


def test_another_folder_is_not_replaced(exported, tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FileExistsError, match="is not an export"):
        export(exported("direct")[0], tmp_path)
    assert (tmp_path / "mine.txt").exists()


def test_an_export_on_a_full_disk_leaves_nothing(exported, tmp_path):
    with mounted(tmp_path, "64k"):
        with pytest.raises(DiskFull, match="no space left to write .*again"):
            export(exported("direct")[0], tmp_path / "again")
        assert not list(tmp_path.iterdir())


def test_a_damaged_export_is_named(exported, tmp_path):
    folder = export(exported("direct")[0], tmp_path / "again")
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-5] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    with pytest.raises(Damaged, match="again/model.safetensors was changed after it was written"):
        load_seamless(folder)
