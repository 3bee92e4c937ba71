from dataclasses import replace

import pytest

from lib.tasks import MT, ST, examples

# ---- outputs ----


def test_outputs_are_decoded_test_examples(experiment, trained, outputs):
    system = trained("direct")
    hypotheses = experiment.decode(system, experiment.test_examples(system))
    assert [row.hypothesis for row in outputs("direct")] == [h.text for h in hypotheses]


def test_rows_name_the_system(experiment, outputs):
    for row in outputs("asr_init"):
        assert (row.system, row.strategy, row.stage) == ("gmu", "asr_init", "from_asr")
        assert (row.source, row.target, row.subset, row.seed) == ("que", "spa", "test", 1)


def test_rows_may_have_another_name(experiment, trained):
    system = trained("direct")
    test = experiment.test_examples(system)[:1]
    (row,) = experiment.rows(system, test, experiment.decode(system, test), "cascade")
    assert row.strategy == "cascade"


def test_test_sets_by_task(experiment):
    assert [example.task for example in experiment.test(MT)] == [MT] * 6
    assert [example.task for example in experiment.test(ST)] == [ST] * 6


def test_n_best_outputs(experiment, trained):
    system = trained("direct")
    test = experiment.test_examples(system)[:2]
    found = experiment.decode(system, test, n_best=3)
    assert [len(hypothesis.others) for hypothesis in found] == [2, 2]


def test_audio_over_the_limit_is_decoded_in_segments(experiment, trained):
    system = trained("direct")
    test = experiment.test_examples(system)
    short = replace(experiment, recipe=replace(experiment.recipe, max_test_seconds=2.0))
    expected = [example.seconds > 2.0 for example in test]
    assert [h.parts > 1 for h in short.decode(system, test)] == expected
    rows = short.outputs(system)
    counts = short.dropped_counts(system, rows)
    assert counts["test_clips_decoded_in_segments"] == sum(expected)


# ---- decoded once ----


@pytest.fixture
def decodings(experiment, trained, tmp_path):
    """`decodings(change, count, ...)`: whether the outputs for some test clips were decoded."""
    calls = []
    counted = replace(experiment, progress=lambda *call: calls.append(call))
    system = replace(trained("direct"), folder=tmp_path)

    def get(change=lambda experiment: experiment, count=6, **options):
        calls.clear()
        other = change(counted)
        other.decode(system, other.test_examples(system)[:count], **options)
        return bool(calls)

    return get


def other_corpus(experiment):
    return experiment.with_corpus(replace(experiment.corpus, hash="other"))


def fewer_beams(experiment):
    return replace(experiment, recipe=replace(experiment.recipe, beams=2))


def shorter_segments(experiment):
    return replace(experiment, recipe=replace(experiment.recipe, max_test_seconds=2.0))


def test_a_system_decodes_a_test_set_once(decodings):
    assert [decodings(), decodings()] == [True, False]


@pytest.mark.parametrize(
    "changes",
    [
        {"silence": True},
        {"n_best": 2},
        {"count": 2},
        {"change": other_corpus},
        {"change": fewer_beams},
        {"change": shorter_segments},
    ],
    ids=["silence", "n_best", "test set", "corpus", "beams", "limit"],
)
def test_other_outputs_are_decoded(decodings, changes):
    decodings()
    assert [decodings(**changes), decodings(**changes), decodings()] == [True, False, False]


def test_outputs_that_were_found_are_those_that_were_decoded(experiment, trained, tmp_path):
    system = replace(trained("direct"), folder=tmp_path)
    test = experiment.test_examples(system)
    one, other = (experiment.decode(system, test, n_best=3) for _ in range(2))
    assert one == other
    assert [len(hypothesis.others) for hypothesis in other] == [2] * 6


def test_texts_that_were_cut_are_known_again(experiment, trained, tmp_path):
    short = replace(experiment, recipe=replace(experiment.recipe, max_source_tokens=4))
    found = []
    for _ in range(2):
        system = replace(trained("mt"), folder=tmp_path, truncated_texts=set())
        short.outputs(system)
        found.append(system.truncated_texts)
    assert found[0] == found[1] != set()


def test_the_speed_is_that_of_the_decoding(experiment, trained, tmp_path):
    """And not that of finding its outputs."""
    speeds = []
    for _ in range(2):
        other = replace(experiment, decoding_speed={})
        other.outputs(replace(trained("direct"), folder=tmp_path))
        speeds.append(other.decoding_speed["direct"])
    assert speeds[0] == speeds[1]


# ---- texts at test ----

LONG = "kimsa chunka " * 60


def count_of_cut_texts(experiment, system):
    """The count after decoding a text of more than 128 tokens."""
    (first, *_) = experiment.test_examples(system)
    fresh = replace(system, truncated_texts=set())
    experiment.decode(fresh, [replace(first, source_text=LONG)])
    return experiment.dropped_counts(fresh, experiment.outputs(fresh))["test_texts_cut"]


@pytest.mark.parametrize("max_tokens, count", [(1024, 0), (100, 1)])
def test_texts_over_the_limit_are_counted(experiment, trained, max_tokens, count):
    recipe = replace(experiment.recipe, max_source_tokens=max_tokens)
    other = replace(experiment, recipe=recipe)
    assert count_of_cut_texts(other, trained("mt")) == count


def test_the_long_text_has_more_tokens_than_training_allows(trained):
    assert len(trained("mt").model.tokenizer(LONG).input_ids) > 128


# ---- speed ----


def test_decoding_speed_is_recorded_by_strategy(experiment, outputs):
    outputs("direct")
    assert experiment.decoding_speed["direct"] > 0


def test_text_has_no_decoding_speed(experiment, outputs):
    outputs("mt")
    assert "mt" not in experiment.decoding_speed


def test_the_silence_baseline_is_not_a_decoding_speed(experiment, trained):
    other = replace(experiment, decoding_speed={})
    other.decode(trained("direct"), other.test(ST)[:1], silence=True)
    assert not other.decoding_speed


def test_a_test_set_is_the_union_of_both_directions(two_targets):
    two, _, rows = two_targets
    assert [row.target for row in rows] == ["spa"] * 6 + ["eng"] * 6
    references = [e.target_text for e in two.test(ST)]
    assert [row.reference for row in rows] == references


# ---- counts ----


def test_counts_of_a_system(experiment, trained, outputs):
    counts = experiment.dropped_counts(trained("direct"), outputs("direct"))
    assert counts["lines_left_out_of_the_corpus"] == len(experiment.corpus.dropped)
    assert counts["updates_skipped_as_not_finite"] == 0
    assert counts["training_clips_unusable"] == 0


def test_other_systems_rows_are_not_counted(experiment, trained, outputs):
    own = experiment.dropped_counts(trained("direct"), outputs("direct"))
    every = [*outputs("direct"), *outputs("asr_init"), *experiment.zero_shot("direct")]
    assert experiment.dropped_counts(trained("direct"), every) == own


@pytest.mark.parametrize(
    "changes, count",
    [
        ({"ending": "longest"}, "outputs_that_did_not_end"),
        ({"hypothesis": ""}, "empty_outputs"),
        ({"reference": "Ελλάδα"}, "unknown_subwords_in_test_references"),
    ],
)
def test_outputs_are_counted(experiment, trained, outputs, changes, count):
    (row, *_) = outputs("direct")
    good = replace(row, ending="end", hypothesis="a", reference="a")
    counts = [
        experiment.dropped_counts(trained("direct"), [row])[count]
        for row in (good, replace(good, **changes))
    ]
    assert counts[0] == 0
    assert counts[1] >= 1


def test_unknown_subwords_of_both_directions_are_counted(two_targets):
    two, system, rows = two_targets
    greek = [replace(row, reference="Ελλάδα") for row in rows]
    counts = [
        two.dropped_counts(system, given)["unknown_subwords_in_test_references"]
        for given in (greek[:6], greek)
    ]
    assert counts[0] > 0
    assert counts[1] == 2 * counts[0]


def test_unknown_subwords_in_training_texts(experiment, trained, outputs):
    utterances = list(experiment.corpus.utterances)
    index = next(i for i, u in enumerate(utterances) if u.split == "train")
    texts = utterances[index].texts | {"spa": "Ελλάδα"}
    utterances[index] = replace(utterances[index], texts=texts)
    greek = experiment.with_corpus(replace(experiment.corpus, utterances=utterances))
    counts = greek.dropped_counts(trained("direct"), outputs("direct"))
    assert counts["unknown_subwords_in_training"] >= 1


def test_each_direction_is_decoded_by_itself(two_targets):
    """Ids are equal in both directions; hypotheses are not mixed up."""
    two, system, rows = two_targets
    spanish = examples(two.corpus.split("test", "que"), ST, "spa")
    alone = two.decode(system, spanish)
    assert [h.text for h in alone] == [row.hypothesis for row in rows if row.target == "spa"]
