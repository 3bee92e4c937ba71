import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from lib.corpora.audio import read_audio
from lib.files import Damaged, read_json, write_json
from lib.systems.load import load_system
from lib.tasks import ST
from lib.training.weights import WrongCheckpoint

RATE = 16_000
MAX_SECONDS = 3.0  # of a segment in these tests; a system's own limit is 45


@pytest.fixture(scope="module")
def loaded(trained):
    system = load_system(trained("direct").folder)
    system.card["model"]["max_seconds"] = MAX_SECONDS
    return system


@pytest.fixture(scope="module")
def clips(experiment):
    """The test clips that are shorter than a segment."""
    return [e for e in experiment.test(ST) if e.seconds < MAX_SECONDS]


@pytest.fixture(scope="module")
def recording(experiment, tmp_path_factory):
    """A long file: all test clips with half a second between them."""
    path = tmp_path_factory.mktemp("recordings") / "long.wav"
    samples = [np.pad(read_audio(e.audio), (0, RATE // 2)) for e in experiment.test(ST)]
    soundfile.write(path, np.concatenate(samples), RATE)
    return path


@pytest.fixture
def broken(tmp_path):
    """A file that is no audio, and one whose samples are not finite."""
    (tmp_path / "text.wav").write_bytes(b"no audio")
    values = np.full(RATE, np.nan, np.float32)
    soundfile.write(tmp_path / "nan.wav", values, RATE, subtype="FLOAT")
    return tmp_path / "text.wav", tmp_path / "nan.wav"


def test_short_files_have_the_outputs_of_the_experiment(loaded, clips, outputs):
    expected = {row.id: row.hypothesis for row in outputs("direct")}
    found = loaded.translate([clip.audio for clip in clips])
    assert [entry.text for entry in found] == [expected[clip.id] for clip in clips]


def test_a_short_file_is_one_segment(loaded, clips):
    (found,) = loaded.translate([clips[0].audio])
    (segment,) = found.segments
    assert segment.start == 0
    assert segment.end == pytest.approx(clips[0].seconds, abs=1e-3)
    assert found.error == ""


@pytest.fixture(scope="module")
def long(loaded, recording):
    (found,) = loaded.translate([recording])
    return found


def test_a_long_file_is_cut_into_segments(long):
    lengths = [segment.end - segment.start for segment in long.segments]
    assert len(lengths) > 6
    assert max(lengths) <= MAX_SECONDS + 1e-3


def test_segments_are_in_order_and_adjacent(long):
    ends = [segment.end for segment in long.segments[:-1]]
    assert ends == pytest.approx([segment.start for segment in long.segments[1:]], abs=1e-3)


def test_segments_cover_the_file(long, recording):
    assert long.segments[0].start == 0
    assert long.segments[-1].end == pytest.approx(soundfile.info(recording).duration, abs=1e-3)


def test_the_text_is_that_of_the_segments(long):
    assert long.text == " ".join(segment.text for segment in long.segments)


def test_files_come_back_in_their_order(loaded, clips, recording):
    paths = [clips[1].audio, recording, clips[0].audio]
    assert [entry.path for entry in loaded.translate(paths)] == paths


@pytest.mark.parametrize("index, name", [(0, "text.wav"), (1, "nan.wav")])
def test_an_unreadable_file_is_an_error_and_the_others_are_translated(
    loaded, clips, broken, index, name
):
    bad, good = loaded.translate([broken[index], clips[0].audio])
    assert name in bad.error
    assert bad.text == ""
    assert good.error == ""
    assert good.text == loaded.translate([clips[0].audio])[0].text


def test_an_error_does_not_stay_for_the_next_call(loaded, clips, broken):
    loaded.translate([clips[0].audio, broken[1]])
    (again,) = loaded.translate([clips[0].audio])
    assert again.error == ""


def test_only_unreadable_files(loaded, broken):
    assert all(entry.error for entry in loaded.translate(broken))


def test_no_files(loaded):
    assert loaded.translate([]) == []


def test_paths_may_be_relative(loaded, clips, monkeypatch):
    monkeypatch.chdir(clips[0].audio.parent)
    (found,) = loaded.translate([clips[0].audio.name])
    assert found.text == loaded.translate([clips[0].audio])[0].text


def test_progress(loaded, clips):
    calls = []
    loaded.translate([clips[0].audio], progress=lambda *call: calls.append(call))
    assert calls == [("decoding", 1, 1)]


def test_a_recogniser_transcribes(trained, outputs, clips):
    found = load_system(trained("asr").folder).translate([clips[0].audio], source="que")
    expected = {row.id: row.hypothesis for row in outputs("asr")}
    assert found[0].text == expected[clips[0].id]


def test_a_multi_task_system_needs_no_text_encoder(trained, outputs, clips):
    system = load_system(trained("multitask").folder)
    expected = {row.id: row.hypothesis for row in outputs("multitask")}
    assert system.model.text_encoder is None
    assert system.translate([clips[0].audio])[0].text == expected[clips[0].id]


@pytest.mark.parametrize("strategy", ["mt", "nllb"])
def test_a_text_system_refuses_audio(trained, clips, strategy):
    with pytest.raises(ValueError, match=f"gmu-{strategy}-.* translates text, not audio: MT"):
        load_system(trained(strategy).folder).translate([clips[0].audio])


def test_a_text_system_has_the_trained_weights(trained):
    for strategy in ("mt", "nllb"):
        system, model = trained(strategy), load_system(trained(strategy).folder).model
        own = dict(system.model.named_parameters())
        names = [name for name, p in model.named_parameters() if not torch.equal(p, own[name])]
        assert names == []


def test_a_direction_that_was_not_trained_is_refused(loaded, clips):
    with pytest.raises(ValueError, match="que→spa.*any language→eng"):
        loaded.translate([clips[0].audio], target="eng")


@pytest.mark.parametrize("languages", [{}, {"source": "que"}, {"target": "spa"}])
def test_a_single_direction_need_not_be_named(loaded, clips, languages):
    assert loaded.translate([clips[0].audio], **languages)[0].segments


def test_one_of_several_directions_has_to_be_named(loaded, clips):
    several = replace(loaded, card=loaded.card | {"directions": [["que", "spa"], ["que", "eng"]]})
    with pytest.raises(ValueError, match="que→spa, que→eng"):
        several.translate([clips[0].audio], source="que")


@pytest.fixture
def copy(trained, tmp_path):
    """A copy of a system's folder, beside its backbone."""
    source = trained("direct").folder
    folder = source.with_name(f"copy-{tmp_path.name}")
    folder.mkdir()
    for name in ("system.json", "best.safetensors", "done.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    return folder


@pytest.mark.parametrize("name", ["system.json", "best.safetensors", "done.json"])
def test_a_folder_without_a_finished_system_is_refused(copy, name):
    (copy / name).unlink()
    with pytest.raises(ValueError, match=f"finished system: .*{name}"):
        load_system(copy)


@pytest.mark.parametrize("name", ["system.json", "best.safetensors", "done.json"])
def test_a_damaged_file_is_named(copy, name):
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(Damaged, match=f"{name} .*; delete it and run again"):
        load_system(copy)


def test_a_card_does_not_name_what_is_imported(copy):
    card = read_json(copy / "system.json")
    write_json(copy / "system.json", card | {"system": "..workbook"})
    with pytest.raises(Damaged, match="names the system '..workbook'"):
        load_system(copy)


def test_weights_of_another_shape_are_refused(copy):
    weights = load_file(copy / "best.safetensors")
    name = "model.speech.text_decoder.layers.0.ffn.fc1.bias"
    save_file(weights | {name: weights[name][:-1].clone()}, copy / "best.safetensors")
    with pytest.raises(WrongCheckpoint, match="of another shape: speech.text_decoder.layers.0.ffn"):
        load_system(copy)


def test_weights_of_another_model_are_refused(copy):
    weights = load_file(copy / "best.safetensors")
    save_file(weights | {"model.vocoder": torch.ones(1)}, copy / "best.safetensors")
    with pytest.raises(WrongCheckpoint, match="unexpected: vocoder"):
        load_system(copy)


def test_limits_of_the_recipe(trained, experiment):
    collate = load_system(trained("direct").folder).collate
    assert collate.extractor.max_seconds == experiment.recipe.max_test_seconds
    assert collate.max_tokens == experiment.recipe.max_source_tokens


def test_a_cache_may_move(trained, clips, outputs, tmp_path):
    folder = trained("direct").folder
    backbone = Path(read_json(folder / "system.json")["model"]["path"])
    shutil.copytree(folder, tmp_path / folder.name)
    shutil.copytree(folder.parent / backbone, tmp_path / backbone)
    moved = load_system(tmp_path / folder.name)
    expected = {row.id: row.hypothesis for row in outputs("direct")}
    assert not backbone.is_absolute()
    assert moved.translate([clips[0].audio])[0].text == expected[clips[0].id]


def test_search_settings_are_the_cards(copy, clips):
    card = read_json(copy / "system.json")
    card["model"]["search"] |= {"beams": 1, "max_new_tokens": 2}
    write_json(copy / "system.json", card)
    assert len(load_system(copy).translate([clips[0].audio])[0].text.split()) <= 2
