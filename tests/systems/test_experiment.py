from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.files import read_json
from lib.systems.gmu.strategies import MULTITASK_ABLATION, STRATEGIES, SWITCHES, switched
from lib.tasks import ASR, ST

pytestmark = pytest.mark.slow  # it trains, or starts processes

DIRECT = STRATEGIES["direct"]


def changed(experiment, **changes):
    """The experiment with another recipe."""
    return replace(experiment, recipe=replace(experiment.recipe, **changes))


def equal_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# ---- training, once ----


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_trains(trained, outputs, name):
    system, rows = trained(name), outputs(name)
    most = 2 * STRATEGIES[name].update_factor
    ended = system.fit_result.stopped_by
    assert system.fit_result.updates == most or (ended == "patience" and name.endswith(", long"))
    assert (system.folder / "training.csv").exists()
    assert {row.strategy for row in rows} == {name}
    assert {row.task for row in rows} == {STRATEGIES[name].task.name}
    assert len(rows) == 6


def test_what_was_trained_is_found_again(experiment, trained, outputs):
    trained("asr_init")
    calls = []
    again = replace(experiment, callback=calls.append)
    assert again.outputs(again.train("asr_init")) == outputs("asr_init")
    assert not calls


def test_a_strategy_is_asked_for_by_name_or_given(experiment):
    assert experiment.strategy("direct") is DIRECT
    assert experiment.strategy(DIRECT) is DIRECT


def test_systems_are_named_before_they_are_trained(experiment, tmp_path):
    (tmp_path / "seamless").symlink_to(experiment.backbone.path)
    named = {}

    def remember(name, folder):
        named[name] = folder.exists()

    backbone = replace(experiment.backbone, path=str(tmp_path / "seamless"))
    fresh = replace(experiment, backbone=backbone, cache=tmp_path, on_system=remember)
    fresh.train("asr_init")
    assert named == {"asr_init": False, "asr": False}


def test_the_card_of_a_system(experiment, trained):
    card = read_json(trained("direct").folder / "system.json")
    assert card["system"] == "gmu"
    assert card["strategy"] == "direct"
    assert card["directions"] == [["que", "spa"]]
    assert card["corpus"]["hash"] == experiment.corpus.hash
    assert card["synthetic"] is True


# ---- initialisation ----


@pytest.fixture(scope="module")
def backbone_model(experiment):
    return experiment.start(DIRECT)


@pytest.fixture(scope="module")
def both(experiment):
    return experiment.start(STRATEGIES["both_init"])


def test_the_encoder_is_that_of_the_named_strategy(both, trained, backbone_model):
    encoder = both.speech.speech_encoder
    assert equal_weights(encoder, trained("asr").model.speech.speech_encoder)
    assert not equal_weights(encoder, backbone_model.speech.speech_encoder)


def test_the_decoder_is_that_of_the_named_strategy(both, trained, backbone_model):
    decoder = both.speech.text_decoder
    assert equal_weights(decoder, trained("mt").model.speech.text_decoder)
    assert torch.equal(both.speech.shared.weight, trained("mt").model.speech.shared.weight)
    assert not equal_weights(decoder, backbone_model.speech.text_decoder)


def test_other_parts_are_the_backbones(experiment, backbone_model):
    start = experiment.start(STRATEGIES["asr_init"])
    assert equal_weights(start.speech.text_decoder, backbone_model.speech.text_decoder)


def test_multi_task_training_takes_the_text_encoder_too(experiment, trained):
    start = experiment.start(STRATEGIES["multitask"])
    assert equal_weights(start.text_encoder, trained("mt").model.text_encoder)


def test_from_scratch_starts_from_random_weights(experiment, backbone_model):
    start = experiment.start(STRATEGIES["from_scratch"])
    assert not equal_weights(start.speech.speech_encoder, backbone_model.speech.speech_encoder)
    assert not equal_weights(start.speech.text_decoder, backbone_model.speech.text_decoder)


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_the_random_weights_are_those_of_the_seed(experiment, seed, same):
    other = replace(experiment, seed=seed)
    one, another = (e.start(STRATEGIES["from_scratch"]) for e in (experiment, other))
    assert equal_weights(one.speech, another.speech) is same


# ---- folders: a hash of everything that decides the weights ----


def test_each_strategy_has_its_own_folder(experiment):
    strategies = [*STRATEGIES.values(), *MULTITASK_ABLATION, *map(switched, SWITCHES)]
    assert len({experiment.folder(strategy) for strategy in strategies}) == len(strategies)


def folder_hash(experiment, strategy):
    return experiment.folder(strategy).name.split("-")[-1]


def test_the_name_does_not_decide_the_weights(experiment):
    renamed = replace(DIRECT, name="another name")
    assert folder_hash(experiment, renamed) == folder_hash(experiment, DIRECT)
    assert experiment.folder(renamed) != experiment.folder(DIRECT)


def test_the_seed_decides_the_weights(experiment):
    other = replace(experiment, seed=2)
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


def test_the_corpus_decides_the_weights(experiment):
    other = experiment.with_corpus(replace(experiment.corpus, hash="other"))
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


def test_directions_decide_the_weights(experiment):
    other = replace(experiment, directions=(("que", "eng"),))
    assert folder_hash(other, DIRECT) != folder_hash(experiment, DIRECT)


@pytest.mark.parametrize("name, same", [("asr_init", False), ("direct", True), ("mt", True)])
def test_the_training_of_a_start_decides_what_starts_from_it(experiment, name, same):
    longer = changed(experiment, asr=replace(experiment.recipe.asr, updates=3))
    strategy = STRATEGIES[name]
    assert (longer.folder(strategy) == experiment.folder(strategy)) is same


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"recompute": True}, True),
        ({"save_every_seconds": 1.0}, True),
        ({"learning_rate": 1e-4}, False),
        ({"frozen": ("adapter",)}, False),
    ],
)
def test_how_a_stage_runs_does_not_decide_the_weights(experiment, changes, same):
    other = changed(experiment, st=replace(experiment.recipe.st, **changes))
    assert (other.folder(DIRECT) == experiment.folder(DIRECT)) is same


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"selection_utterances": 3}, False),
        ({"selection_metric": "BLEU"}, False),
        ({"max_new_tokens": 8}, False),
        ({"max_train_seconds": 20.0}, False),
        ({"beams": 2}, True),
        ({"max_test_seconds": 20.0}, True),
        ({"official_max_seconds": 1.0}, True),
        ({"hf_max_seconds": 1.0}, True),
    ],
)
def test_fields_of_the_recipe_that_decide_the_weights(experiment, changes, same):
    other = changed(experiment, **changes)
    assert (other.folder(DIRECT) == experiment.folder(DIRECT)) is same


# ---- selection ----


def test_weights_are_selected_by_the_score_of_decoded_outputs(trained):
    history = trained("direct").fit_result.history
    assert [row["score"] is not None for row in history] == [True, True]
    assert trained("direct").fit_result.best == max(row["score"] for row in history)


@pytest.mark.parametrize("count, expected", [(1, 1), (3, 3), (None, 4)])
def test_as_many_development_utterances_as_the_recipe_says(experiment, count, expected):
    other = changed(experiment, selection_utterances=count)
    found = other._evaluation(other.start(DIRECT), DIRECT)()
    assert len(found.outputs) == expected


def test_selection_is_balanced_over_directions(experiment):
    directions = (("que", "spa"), ("que", "eng"))
    other = replace(changed(experiment, selection_utterances=4), directions=directions)
    outputs = other._evaluation(other.start(DIRECT), DIRECT)().outputs
    assert [example.target for example, _ in outputs] == ["spa", "spa", "eng", "eng"]


def test_the_selection_score_is_the_mean_over_directions(experiment):
    directions = (("que", "spa"), ("que", "eng"))
    several = replace(experiment, directions=directions)
    spa, eng = (example for example in several._examples(DIRECT, "dev", 1))
    scores = [
        several._selection_score([(spa, spa_text), (eng, eng_text)])
        for spa_text, eng_text in [
            (spa.target_text, eng.target_text),
            (spa.target_text, ""),
            ("", ""),
        ]
    ]
    assert scores == pytest.approx([100, 50, 0])


# ---- what training drops ----


@pytest.fixture(scope="module")
def poor(experiment, tmp_path_factory):
    """A corpus with a clip that is no audio, one without a transcript, and one very long text."""
    bad = tmp_path_factory.mktemp("bad") / "bad.wav"
    bad.write_bytes(b"")
    utterances = list(experiment.corpus.utterances)
    first, second, third = [i for i, u in enumerate(utterances) if u.split == "train"][:3]
    utterances[first] = replace(utterances[first], audio=bad)
    utterances[second] = replace(utterances[second], texts={"spa": "sin transcripción"})
    texts = utterances[third].texts | {"spa": "uno dos tres " * 60}
    utterances[third] = replace(utterances[third], texts=texts)
    return experiment.with_corpus(replace(experiment.corpus, utterances=utterances, hash="poor"))


@pytest.fixture(scope="module")
def poor_systems(poor):
    """The system as it was trained, and as it is found again."""
    return poor.train("multitask"), poor.train("multitask")


@pytest.mark.parametrize("index", [0, 1], ids=["trained", "found"])
@pytest.mark.parametrize(
    "name, count",
    [
        ("training_clips_without_a_transcript", 1),
        ("training_clips_unusable", 1),
        ("training_texts_cut", 1),
        ("training_clips_cut", 0),
        ("training_clips_dropped_as_too_long", 0),
    ],
)
def test_what_training_dropped_is_counted_and_remembered(poor_systems, index, name, count):
    assert poor_systems[index].dropped_counts[name] == count


def test_a_poor_corpus_has_outputs_for_each_test_clip(poor, poor_systems):
    assert len(poor.outputs(poor_systems[0])) == 6


# ---- a corpus without transcripts ----


@pytest.fixture(scope="module")
def without_transcripts(experiment):
    utterances = [replace(u, texts={"spa": u.texts["spa"]}) for u in experiment.corpus.utterances]
    return experiment.with_corpus(replace(experiment.corpus, utterances=utterances, hash="bare"))


def test_direct_fine_tuning_needs_no_transcripts(without_transcripts):
    experiment = without_transcripts
    assert len(experiment.outputs(experiment.train("direct"))) == 6


@pytest.mark.parametrize("name", ["asr", "mt", "multitask"])
def test_other_strategies_say_that_transcripts_are_missing(without_transcripts, name):
    with pytest.raises(ValueError, match=r"no utterance has the texts for .*; texts are in \['spa"):
        without_transcripts.train(name)


# ---- several directions on one corpus ----


@pytest.fixture(scope="module")
def two_pairs(experiment):
    """Two pairs of languages on the backbone's corpus, which is spoken in four."""
    directions = (("est", "eng"), ("spa", "fra"))
    return replace(experiment, corpus=experiment.backbone.corpus, directions=directions)


@pytest.fixture(scope="module")
def two_targets(experiment):
    """One spoken language into two."""
    return replace(experiment, directions=(("que", "spa"), ("que", "eng")))


def test_training_examples_are_the_union(two_pairs):
    found, _ = two_pairs._training_examples(DIRECT)
    alone = [
        replace(two_pairs, directions=(pair,))._training_examples(DIRECT)[0]
        for pair in two_pairs.directions
    ]
    assert found == alone[0] + alone[1]


def test_a_recogniser_hears_each_clip_once(two_targets):
    found, _ = two_targets._training_examples(STRATEGIES["asr"])
    assert len(found) == len(two_targets.corpus.split("train"))
    assert len(two_targets.test(ASR)) == 6
    assert len(two_targets.test(ST)) == 12


def test_a_system_of_two_pairs_has_outputs_of_both(two_pairs):
    rows = two_pairs.outputs(two_pairs.train("direct"))
    assert {(row.source, row.target) for row in rows} == set(two_pairs.directions)
    assert len(rows) == sum(len(two_pairs.corpus.split("test", s)) for s in ("est", "spa"))


def test_the_folder_names_both_pairs(two_pairs):
    assert "-est-eng+spa-fra-" in two_pairs.folder(DIRECT).name


def test_both_targets_are_trained_on(two_targets):
    found, _ = two_targets._training_examples(DIRECT)
    model = two_targets.start(DIRECT)
    languages = {model.layout(example, 128).labels[0] for example in found}
    assert languages == {model.add_language(code) for code in ("spa", "eng")}


# ---- several processes ----


@pytest.mark.parametrize("processes, accumulate", [(1, 1), (2, 2), (4, 4)])
def test_updates_are_split_for_processes(experiment, processes, accumulate):
    assert replace(experiment, processes=processes).recipe.st.accumulate == accumulate


@pytest.fixture(scope="module")
def by_two(experiment):
    """Multi-task training by two processes, from what single processes trained."""
    two = replace(experiment, processes=2)
    one = replace(two, processes=1)  # with the split recipe of two
    for start in ("asr", "mt"):
        one.train(start)
    return one, two.train("multitask")


@pytest.mark.timeout(240)
def test_two_processes_train(by_two):
    _, system = by_two
    assert (system.folder / "launch" / "log.txt").exists()
    assert system.fit_result.updates == 2


@pytest.mark.timeout(240)
def test_the_weights_of_two_processes_are_loaded(by_two):
    _, system = by_two
    best = load_file(system.folder / "best.safetensors")
    trainable = {f"model.{n}": p for n, p in system.model.named_parameters() if p.requires_grad}
    assert best.keys() == trainable.keys()
    assert [name for name in best if not torch.equal(best[name], trainable[name])] == []


@pytest.mark.timeout(240)
def test_the_number_of_processes_does_not_decide_the_folder(by_two):
    one, system = by_two
    assert one.folder(STRATEGIES["multitask"]) == system.folder
    assert len(one.outputs(one.train("multitask"))) == 6
