"""GMU's strategies, from the parameter counts at full size to a bench that trains each of them at `smoke`."""

import dataclasses

import pytest
import torch
from lib.systems.gmu.corpora import Quality, fine_tuning_corpus, with_synthetic
from transformers import (
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
)

from lib.models.seamless import Seamless
from lib.scoring.error_propagation import bucket_by_wer
from lib.systems.gmu import cascade, pairs, strategies
from lib.systems.gmu.experiment import open_experiment, seen, stripped
from lib.systems.gmu.strategies import RECIPES, STRATEGIES, SWITCHES, switched
from lib.tasks import Task
from lib.training.stages import freeze


def millions(model, trains=False):
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trains) / 1e6


def test_full_size_parameter_counts(tokenizer_folder):
    """GMU's logs, all in millions: tied 1501.84, head untied 1764.09, multi-task 2530.08 of which 1764.09 train."""
    from transformers import SeamlessM4TTokenizer

    tokenizer = SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)
    with torch.device("meta"):
        direct = Seamless(SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config()), None, tokenizer)
        assert millions(direct) == pytest.approx(1501.84, abs=0.01)
        direct.untie_head()
        assert millions(direct) == pytest.approx(1764.09, abs=0.01)
        both = Seamless(
            SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config()), SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config()), tokenizer
        )
        both.untie_head()
        both.part_embeddings()
        freeze(both, RECIPES["full"].multitask.frozen)
        assert millions(both) == pytest.approx(2530.08, abs=0.01)
        assert millions(both, trains=True) == pytest.approx(1764.09, abs=0.01)
        reader = Seamless(
            SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config()), SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config()), tokenizer
        )
        freeze(reader, RECIPES["full"].mt.frozen)
        assert millions(reader, trains=True) == pytest.approx(1370.53, abs=0.01)


def test_an_untied_head_goes_its_own_way(model, collate, corpus):
    from lib.tasks import examples

    batch = collate(examples(corpus.split("train", "est"), Task.ST, "eng")[:2])
    before = model.decode(*model.encode_speech(batch.speech, batch.mask), batch.prefix)
    model.untie_head()
    model.part_embeddings()
    after = model.decode(*model.encode_speech(batch.speech, batch.mask), batch.prefix)
    assert torch.equal(before, after)  # equal at first
    tables = [model.speech.shared, model.speech.lm_head, model.text_encoder.embed_tokens]
    assert len({table.weight.data_ptr() for table in tables}) == 3
    assert model.speech.text_decoder.embed_tokens.weight is model.speech.shared.weight
    with pytest.raises(ValueError, match="one table for embeddings and head"):
        model.save("nowhere")


def test_official_dropout_is_where_the_paper_says(model):
    """GMU, appendix A: decoder feed-forward output 0.1 (0), adaptor attention 0.1 (0), adaptor feed-forward inner 0 (0.1)."""
    layer, adaptor = model.speech.text_decoder.layers[0], model.speech.speech_encoder.adapter.layers[0]

    def rates():
        return layer.ffn_dropout.p, adaptor.self_attn.dropout.p, adaptor.ffn.intermediate_dropout.p

    assert rates() == (0.0, 0.0, 0.1)
    model.official_dropout()
    assert rates() == (0.1, 0.1, 0.0) and adaptor.ffn.output_dropout.p == 0.1


def test_the_nine_pairs_and_a_tenth():
    from lib.corpora.sources import SOURCES
    from lib.languages import language

    assert len(pairs.PAIRS) == 9
    assert {pair.source for pair in pairs.PAIRS.values() if pair.seen} == {"est", "gle", "mar", "mlt"}
    for pair in [*pairs.PAIRS.values(), pairs.EXAMPLE]:
        assert pair.corpus in {*SOURCES, "own"} and pair.strategy in STRATEGIES
        assert language(pair.source) and language(pair.target)
        assert pair.transcripts or pair.strategy == "direct"  # nothing else can do without transcripts


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return open_experiment("smoke", "que", "spa", 1, tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_trains_at_smoke_and_speaks(bench, name):
    system = bench.train(name)
    rows = bench.outputs(system)
    assert (
        len(rows) == 6
        and {row.strategy for row in rows} == {name}
        and {row.task for row in rows} == {STRATEGIES[name].task.value}
    )
    assert (system.folder / "training.csv").exists() and system.fitted.updates == 2
    assert bench.dropped_counts(system, rows)["training_clips_not_heard"] == 0


def test_what_was_trained_is_found_again_and_says_the_same(bench):
    first = bench.outputs(bench.train("asr_init"))
    ticks = []
    again = dataclasses.replace(bench, watch=ticks.append)
    assert bench.outputs(again.train("asr_init")) == first and not ticks


def test_a_strategy_starts_from_the_parts_it_names(bench):
    def same(one, other):
        return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))

    start = bench._start(STRATEGIES["both_init"])
    asr, mt, base = bench.train("asr").model, bench.train("mt").model, bench._start(STRATEGIES["direct"])
    assert same(start.speech.speech_encoder, asr.speech.speech_encoder)
    assert same(start.speech.text_decoder, mt.speech.text_decoder) and torch.equal(
        start.speech.shared.weight, mt.speech.shared.weight
    )
    assert not same(start.speech.speech_encoder, base.speech.speech_encoder)
    assert not same(start.speech.text_decoder, base.speech.text_decoder)
    encoder_only = bench._start(STRATEGIES["asr_init"])
    assert same(encoder_only.speech.text_decoder, base.speech.text_decoder)
    several = bench._start(STRATEGIES["multitask"])
    assert same(several.text_encoder, mt.text_encoder)


def test_folders_tell_apart_what_was_trained_otherwise(bench):
    direct = STRATEGIES["direct"]
    folders = {bench.folder(s) for s in (*STRATEGIES.values(), *strategies.MULTITASK_ABLATION, *map(switched, SWITCHES))}
    assert len(folders) == len(STRATEGIES) + len(strategies.MULTITASK_ABLATION) + len(SWITCHES)
    assert (
        bench.folder(dataclasses.replace(direct, name="another name")).name.split("-")[-1]
        == bench.folder(direct).name.split("-")[-1]
    )
    assert dataclasses.replace(bench, seed=2).folder(direct) != bench.folder(direct)
    longer = dataclasses.replace(bench.recipe, asr=dataclasses.replace(bench.recipe.asr, updates=3))
    other = dataclasses.replace(bench, recipe=longer)
    # what starts from ASR is another system where ASR is trained otherwise
    assert other.folder(STRATEGIES["asr_init"]) != bench.folder(STRATEGIES["asr_init"])
    assert other.folder(direct) == bench.folder(direct)


def test_released_strategies_start_from_released_ones(bench):
    released = dataclasses.replace(bench, released=True)
    model = released.train("asr_init").model
    assert model.speech.lm_head.weight is not model.speech.shared.weight
    assert model.speech.text_decoder.layers[0].ffn_dropout.p == 0.1
    ears = released.train("asr")
    assert ears.strategy.switches == strategies.Switches(official_dropout=True)
    assert ears.folder != bench.train("asr").folder  # it was trained with another dropout
    assert released.folder(released.strategy("nllb")) == bench.folder(STRATEGIES["nllb"])


def test_a_long_transcript_is_read_whole_and_a_longer_one_counted(bench):
    reader = bench.train("mt")
    (first, *_), long = bench.own_test(reader), "kimsa chunka " * 60
    example = dataclasses.replace(first, input_text=long)
    assert len(reader.model.tokenizer(long).input_ids) > 128
    bench.decode(reader, [example])
    assert bench.dropped_counts(reader, bench.outputs(reader))["test_texts_cut"] == 0
    short = dataclasses.replace(bench, recipe=dataclasses.replace(bench.recipe, longest_read=100))
    short.decode(reader, [example])
    assert bench.dropped_counts(reader, bench.outputs(reader))["test_texts_cut"] == 1


def test_no_process_is_refused(tmp_path):
    with pytest.raises(ValueError, match="processes is 0"):
        open_experiment("smoke", "que", "spa", 1, tmp_path, processes=0)


@pytest.mark.parametrize("name", SWITCHES)
def test_each_switch_changes_what_it_says(bench, name):
    strategy = switched(name)
    system = bench.train(strategy)
    switches, model = strategy.switches, system.model
    assert (model.speech.lm_head.weight is model.speech.shared.weight) is not switches.untied_head
    assert (model.speech.text_decoder.layers[0].ffn_dropout.p == 0.1) is switches.official_dropout
    long = sum(u.seconds > bench.recipe.official_longest for u in bench.corpus.split("train"))
    lost = bench.dropped_counts(system, bench.outputs(system))["training_clips_left_out_as_too_long"]
    assert long and lost == (long if switches.drop_long_audio else 0)


def test_baselines_stand_beside_a_system(bench):
    system = bench.train("direct")
    rows = bench.outputs(system)
    made = bench.baselines(system, rows)
    assert {row.strategy for row in made} == {"constant", "shuffled_audio", "silence"} and len(made) == 3 * len(rows)
    assert {row.id for row in made} == {row.id for row in rows}


def test_cascades_translate_what_was_heard(bench):
    recogniser = bench.train("asr")
    heard = cascade.transcripts(bench, recogniser)
    assert all(len(h.others) == bench.recipe.beams - 1 for h in heard)
    assert all(h.score >= max(other.score for other in h.others) - 1e-4 for h in heard)
    translators = {name: bench.train(name) for name in ("mt", "mt_stripped", "nllb")}
    rows = cascade.all_of_them(bench, heard, cascade.CASCADES, translators)
    assert len(rows) == len(cascade.CASCADES) * len(heard) and {row.task for row in rows} == {"ST"}
    # a best transcript alone, read by the same translator, is the plain cascade
    plain, read = cascade.translated(bench, cascade.CASCADES["cascade"], heard, translators["mt"])
    assert [r.text for r in read] == [h.text for h in heard]
    # with every weight on the transcript the first one always wins
    sure = dataclasses.replace(cascade.CASCADES["cascade 5-best"], transcript_weight=1e6)
    again, _ = cascade.translated(bench, sure, heard, translators["mt"])
    assert [r.hypothesis for r in again] == [r.hypothesis for r in plain]


def test_an_empty_transcript_is_translated_all_the_same(bench):
    heard = [dataclasses.replace(h, text="", others=()) for h in cascade.transcripts(bench, bench.train("asr"))]
    rows, _ = cascade.translated(bench, cascade.CASCADES["cascade"], heard, bench.train("mt"))
    assert len(rows) == len(heard)


def test_word_error_buckets_part_the_clips(bench):
    recogniser, translator = bench.train("asr"), bench.train("mt")
    gold, heard = bench.outputs(translator), bench.outputs(recogniser)
    right = [dataclasses.replace(row, hypothesis=row.reference) for row in heard[:2]]
    mixed = right + [dataclasses.replace(row, hypothesis="x " * 99) for row in heard[2:]]
    found = bucket_by_wer(mixed, gold, [dataclasses.replace(r, task="ST") for r in gold])
    assert [(bucket.name, bucket.n) for bucket in found] == [("none", 2), ("over 50 %", 4)]
    assert all(bucket.loss.value == pytest.approx(0) for bucket in found)  # the same translations on both sides
    assert bucket_by_wer(mixed, gold[::-1], gold) == bucket_by_wer(mixed, gold, gold)  # matched by id
    with pytest.raises(ValueError, match="1 transcripts have no translation, first: que-test-000000"):
        bucket_by_wer(mixed, gold[1:], gold)


def test_stripped_text_has_no_capitals_and_no_punctuation(bench):
    assert stripped("Ka, Iskay ‘Kimsa’!") == "ka iskay kimsa"
    system = bench.train("mt_stripped")
    assert all(e.input_text == stripped(e.input_text) for e in bench.own_test(system))


def test_synthetic_data_joins_training_only(bench, corpora):
    recipe = RECIPES["smoke"]
    plain = fine_tuning_corpus(recipe, "que", "spa", corpora)
    more = with_synthetic(plain, recipe, "que", "spa", Quality(0.5), corpora)
    added = [u for u in more.utterances if u.id.startswith("synthetic-")]
    assert len(added) + len(more.dropped) - len(plain.dropped) == recipe.train and {u.split for u in added} == {"train"}
    held_out = {u.texts["spa"] for u in plain.utterances if u.split != "train"}
    assert not held_out & {u.texts["spa"] for u in added}
    assert more.hash != plain.hash and "wrong" in more.name
    assert len({u.id for u in more.utterances}) == len(more.utterances)


def test_seen_is_what_the_backbone_heard():
    assert seen("tiny", "est") and seen("tiny", "fra") and not seen("tiny", "que") and not seen("tiny", "mlt")
    assert seen("full", "gle") and not seen("full", "bem")


def test_a_corpus_without_transcripts_says_what_it_cannot(bench):
    bare = [dataclasses.replace(u, texts={"spa": u.texts["spa"]}) for u in bench.corpus.utterances]
    without = dataclasses.replace(bench.corpus, utterances=bare, hash="bare")
    poor = dataclasses.replace(bench, corpus=without)
    assert poor.outputs(poor.train("direct"))
    for name in ("asr", "mt", "multitask"):
        with pytest.raises(ValueError, match="needs; there are texts in"):
            poor.train(name)


@pytest.mark.timeout(240)
def test_two_processes_train_multitask_and_one_finds_it(bench):
    """They start from what one process each has trained; `tests/invariance` holds two processes to what one learns."""
    from safetensors.torch import load_file

    two = dataclasses.replace(bench, processes=2)
    for started in ("asr", "mt"):
        two.train(started)
    pair = two.train("multitask")
    assert (pair.folder / "launch" / "log.txt").exists() and pair.fitted.updates == 2
    one = dataclasses.replace(bench, recipe=two.recipe, processes=1)
    assert one.folder(STRATEGIES["multitask"]) == pair.folder  # how many processes shared it is not part of what it is
    found, expected = load_file(pair.folder / "best.safetensors"), dict(pair.model.named_parameters())
    assert found and all(torch.equal(found[f"model.{name}"], p) for name, p in expected.items() if p.requires_grad)
    assert len(one.outputs(one.train("multitask"))) == 6


def test_what_training_lost_is_remembered_with_the_system(bench, tmp_path):
    """A clip that cannot be heard, one without a transcript, and texts that are cut are counted also where another run finds it."""
    utterances = list(bench.corpus.utterances)
    places = [index for index, u in enumerate(utterances) if u.split == "train"][:3]
    (tmp_path / "bad.wav").write_bytes(b"")
    utterances[places[0]] = dataclasses.replace(utterances[places[0]], audio=tmp_path / "bad.wav")
    utterances[places[1]] = dataclasses.replace(utterances[places[1]], texts={"spa": "sin transcripción"})
    utterances[places[2]] = dataclasses.replace(
        utterances[places[2]], texts=utterances[places[2]].texts | {"spa": "uno dos tres " * 60}
    )
    poor = dataclasses.replace(bench, corpus=dataclasses.replace(bench.corpus, utterances=utterances, hash="poor"))
    for _ in range(2):  # trained, then found
        system = poor.train("multitask")
        lost = poor.dropped_counts(system, poor.outputs(system))
        assert lost["training_clips_without_a_transcript"] == 1 and lost["training_clips_not_heard"] == 1
        assert lost["training_texts_cut"] == 1
    assert len(poor.outputs(system)) == 6


def test_a_cascade_needs_no_true_transcripts(bench):
    """A test clip without one is heard and translated, but not counted among the word errors."""
    recogniser, translator = bench.train("asr"), bench.train("mt")
    bare = [
        dataclasses.replace(u, texts={"spa": u.texts["spa"]}) if u.id == "que-test-000000" else u for u in bench.corpus.utterances
    ]
    poor = dataclasses.replace(bench, corpus=dataclasses.replace(bench.corpus, utterances=bare))
    heard = cascade.transcripts(poor, recogniser)
    rows, _ = cascade.translated(poor, cascade.CASCADES["cascade"], heard, translator)
    transcripts = poor.said(recogniser, heard)
    assert len(heard) == len(rows) == 6 and len(transcripts) == 5 == len(poor.outputs(translator))
    assert sum(bucket.n for bucket in bucket_by_wer(transcripts, poor.outputs(translator), rows)) == 5


def test_skipping_the_language_token_reaches_the_training(bench):
    """The first losses differ, since one of them counts a token more in each sentence."""
    plain, skipped = (bench.train(s).fitted.history[0]["loss"] for s in ("direct", switched(next(iter(SWITCHES)))))
    assert plain != pytest.approx(skipped, rel=1e-3)


def test_how_a_stage_is_run_does_not_make_another_system(bench):
    frugal = dataclasses.replace(bench.recipe, st=dataclasses.replace(bench.recipe.st, recompute=True, save_every_seconds=1.0))
    assert dataclasses.replace(bench, recipe=frugal).folder(STRATEGIES["direct"]) == bench.folder(STRATEGIES["direct"])


def test_every_system_is_named_before_it_is_trained(bench, tmp_path):
    named = {}
    fresh = dataclasses.replace(bench, cache=tmp_path, using=lambda name, folder: named.update({name: folder.exists()}))
    fresh.train("asr_init")
    assert named == {"asr_init": False, "asr": False}
