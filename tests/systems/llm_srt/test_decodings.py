"""Rows beside a system's own: what each of them reads, and that nothing is counted twice."""

from dataclasses import replace

import pytest

from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import read_json, write_json
from lib.models.protocol import Search
from lib.systems.llm_srt import decodings
from lib.systems.llm_srt.prompts import FORMS
from lib.tasks import ASR, MT, Example
from tests.systems.llm_srt.cases import with_recipe

pytestmark = pytest.mark.slow  # it trains

CLIPS, DIRECTIONS = 24, 12  # six contents in four languages
SAID = {"eng": "one day", "deu": "ein Tag", "fra": "un jour", "zho": "一天"}


@pytest.fixture
def answering(llm_srt, srt_trained, tmp_path):
    """`answering(written)`: a system whose outputs for each test example are `written(example)`.

    They are where outputs of a trained system are kept, so that no model has to learn anything.
    """

    def answering(written, name="srt"):
        system = replace(srt_trained(name), folder=tmp_path)
        test = llm_srt.test_examples(system)
        llm_srt.decode(system, test)
        (path,) = (tmp_path / "outputs").iterdir()
        found = read_json(path)
        for example, row in zip(test, found["hypotheses"], strict=True):
            row["written"] = written(example)
        write_json(path, found)
        return system

    return answering


def right(example):
    return f"{SAID[example.source]}<|{example.source}|><|{example.target}|>so"


# ---- transcripts ----


def test_transcripts_are_asked_for_by_their_own_prompt(llm_srt, srt_trained):
    rows = decodings.transcripts(llm_srt, srt_trained("srt"))
    assert len(rows) == CLIPS
    assert {(r.task, r.strategy) for r in rows} == {("ASR", "srt")}
    assert all(r.source == r.target for r in rows)
    wanted = {u.id: u.texts[u.language] for u in llm_srt.corpus.split("test")}
    assert {r.id: r.reference for r in rows} == wanted


def test_transcripts_are_those_of_a_system_that_is_asked_for_nothing_else(llm_srt, srt_trained):
    system = srt_trained("asr")
    own, found = llm_srt.outputs(system), decodings.transcripts(llm_srt, system)
    assert [r.hypothesis for r in found] == [r.hypothesis for r in own]


def test_transcripts_inside_answers_are_one_a_clip(llm_srt, answering):
    rows = decodings.spelt_out(llm_srt, answering(right))
    assert len(rows) == len({r.id for r in rows}) == CLIPS
    assert {(r.task, r.strategy) for r in rows} == {("ASR", "srt, spelt out")}
    assert {(r.source, r.hypothesis) for r in rows} == set(SAID.items())
    wanted = {u.id: u.texts[u.language] for u in llm_srt.corpus.split("test")}
    assert {r.id: r.reference for r in rows} == wanted


def test_the_transcript_is_of_the_clips_first_direction(llm_srt, answering):
    rows = decodings.spelt_out(llm_srt, answering(lambda e: f"{e.target}<|{e.source}|>"))
    first = {}
    for source, target in llm_srt.directions:
        first.setdefault(source, target)
    assert {(r.source, r.hypothesis) for r in rows} == set(first.items())


def test_a_broken_answer_still_has_a_transcript(llm_srt, answering):
    rows = decodings.spelt_out(llm_srt, answering(lambda e: "a b<|eng"))
    assert {r.hypothesis for r in rows} == {"a b"}


def test_a_clip_without_a_transcript_has_no_row(llm_srt, answering):
    """Nothing is there to hold its transcript against."""
    system = answering(right)
    corpus = llm_srt.corpus
    bare = [
        replace(u, texts={k: t for k, t in u.texts.items() if k != "eng"})
        if u.language == "eng" and u.split == "test"
        else u
        for u in corpus.utterances
    ]
    poor = llm_srt.with_corpus(replace(corpus, utterances=bare))
    rows = decodings.spelt_out(poor, system)
    assert {r.source for r in rows} == {"deu", "fra", "zho"}


# ---- forms ----


def test_forms_are_of_every_answer(llm_srt, srt_trained):
    counts = decodings.forms(llm_srt, srt_trained("srt"))
    assert counts.keys() == set(llm_srt.directions)
    assert [sum(own.values()) for own in counts.values()] == [CLIPS // 4] * DIRECTIONS
    assert {form for own in counts.values() for form in own} <= set(FORMS)


def test_forms_are_counted_by_direction(llm_srt, answering):
    def written(example):
        return right(example) if example.source == "eng" else "no tags"

    counts = decodings.forms(llm_srt, answering(written))
    assert counts["eng", "deu"] == {"right": 6}
    assert counts["deu", "eng"] == {"no tag": 6}


def test_transcribing_and_translating_tasks_have_no_forms(llm_srt, srt_trained):
    assert decodings.forms(llm_srt, srt_trained("asr")) == {}
    parallel = decodings.forms(llm_srt, srt_trained("parallel"))
    assert sum(sum(own.values()) for own in parallel.values()) == CLIPS * 3


# ---- two passes, ceiling, cascade ----


def test_the_second_pass_reads_the_transcripts_of_the_first(llm_srt, srt_trained, monkeypatch):
    system = srt_trained("smt, no srt")
    asked, layout = [], system.model.layout

    def seen(example, max_tokens):
        asked.append(example)
        return layout(example, max_tokens)

    monkeypatch.setattr(system.model, "layout", seen)
    fresh = with_recipe(llm_srt, max_new_tokens=5)  # not decoded before
    said = {(r.source, r.id): r.hypothesis for r in decodings.transcripts(fresh, system)}
    asked.clear()
    decodings.in_two_passes(fresh, system)
    prompts = {(e.source, e.target, e.id): e.prompt for e in asked}
    assert len(prompts) == CLIPS * 3
    assert any(said.values())
    for (source, target, id), prompt in prompts.items():
        assert prompt == f"{said[source, id]}<|{source}|><|{target}|>"


def test_two_passes_are_translations_with_the_true_transcript_beside(llm_srt, srt_trained):
    rows = decodings.in_two_passes(llm_srt, srt_trained("smt, no srt"))
    assert {(r.task, r.strategy) for r in rows} == {("ST", "smt, no srt, two passes")}
    texts = {u.id: u.texts for u in llm_srt.corpus.split("test")}
    assert all(r.transcript == texts[r.id][r.source] for r in rows)
    assert all(r.reference == texts[r.id][r.target] for r in rows)
    assert {(r.source, r.target) for r in rows} == set(llm_srt.directions)


def test_the_ceiling_needs_no_audio(llm_srt, tmp_path):
    silent = [replace(u, audio=tmp_path / "gone.wav") for u in llm_srt.corpus.utterances]
    deaf = llm_srt.with_corpus(replace(llm_srt.corpus, utterances=silent))
    rows = decodings.ceiling(deaf)
    assert [r.hypothesis for r in rows] == [r.hypothesis for r in decodings.ceiling(llm_srt)]
    assert {(r.task, r.strategy, r.stage) for r in rows} == {("MT", "language model", "backbone")}
    assert len(rows) == CLIPS * 3
    assert any(r.hypothesis for r in rows)


def test_the_cascade_translates_what_whisper_wrote(llm_srt):
    """The language model's translations of those transcripts, asked for by hand."""
    rows = decodings.cascade(llm_srt)
    heard = {(r.source, r.id): r.hypothesis for r in rows if r.strategy == "whisper"}
    cascade = [r for r in rows if r.strategy == "cascade"]
    assert (len(heard), len(cascade)) == (CLIPS, CLIPS * 3)
    assert {r.task for r in cascade} == {"ST"}
    model = llm_srt.system.language_model.load()
    first = [r for r in cascade if (r.source, r.target) == ("eng", "deu")][:3]
    asked = [
        Example(
            id=r.id,
            task=MT,
            source="eng",
            target="deu",
            target_text="",
            source_text=heard["eng", r.id],
            prompt="<|eng|><|deu|>",
        )
        for r in first
    ]
    search = Search(beams=1, max_new_tokens=llm_srt.recipe.max_new_tokens)
    collate = Collator(model, max_tokens=llm_srt.recipe.max_source_tokens)
    found = decode(model, asked, collate, search)
    assert [h.text for h in found] == [r.hypothesis for r in first]


def test_whispers_transcripts_are_scored_too(llm_srt):
    rows = [r for r in decodings.cascade(llm_srt) if r.strategy == "whisper"]
    references = {e.id: e.target_text for e in llm_srt.test(ASR)}
    assert {r.id: r.reference for r in rows} == references
    assert {r.task for r in rows} == {"ASR"}


def test_the_published_search_is_another_row_of_the_same_system(llm_srt, srt_trained):
    rows = decodings.published_search(llm_srt, srt_trained("srt"))
    assert {r.strategy for r in rows} == {"srt, published search"}
    assert all(r.tokens >= 10 for r in rows)
    assert len(rows) == CLIPS * 3
