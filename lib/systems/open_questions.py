"""The open questions and next checks of the four papers (notebook 91), and what answers each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lib.systems.grid import ONE_SYSTEM, PlannedRun
from lib.systems.registry import study_runs

PAPERS = {
    "GMU": "GMU at IWSLT 2025, low-resource (2505.21781)",
    "IT": "IT-IST at IWSLT 2025, instruction following (2506.17019)",
    "SRT": "LLM-SRT (2409.19510)",
    "ZR": "Zero-resource translation with language models (2412.18566)",
}
FOLDER = "DIR"  # in a command: a folder of the reader's


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """A question that a paper leaves open, or a check that it proposes, in the workbook's words."""

    id: str  # such as GMU-Q1
    question: str
    notebooks: tuple[str, ...]  # the numbers of those that answer it
    command: str  # what follows `python -m lib.workbook`
    claims: tuple[str, ...] = ()  # whose verdicts are the answer, or a part of it
    answered_at: str = "tiny"  # the smallest scale at which this is a real answer
    needs: str = ""  # beyond this machine: for the answer, or for the part that `tiny` leaves open

    @property
    def paper(self) -> str:
        """Its name and arXiv number."""
        return PAPERS[self.id.partition("-")[0]]

    @cached_property
    def planned(self) -> list[PlannedRun]:
        """The runs that its command makes."""
        words = shlex.split(self.command)
        pairs = list(zip(words, words[1:], strict=False))
        options = dict(pairs)
        given = dict(value.split("=", 1) for flag, value in pairs if flag == "-p")
        if study := options.get("--study"):
            return study_runs(study, options.get("--scale", self.answered_at), given)
        numbers = [word for word in words if word.isdigit()]
        return [PlannedRun(notebook=number, minutes=0.0, parameters=given) for number in numbers]

    def finished(self, records: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """How many of these runs have a record.

        Args:
            records: notebook and parameters of each; one with further ablations counts as well.
        """
        return sum(
            any(run.notebook == number and _has(given, run.parameters) for number, given in records)
            for run in self.planned
        )


def _has(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether parameters have the values that are wanted."""
    own = {name: f"{given.get(name)}" for name in wanted}
    return all(
        set(f"{value}".split()) <= set(own[name].split())
        if name == "ablate"
        else re.fullmatch(re.escape(f"{value}").replace(FOLDER, ".*"), own[name])
        for name, value in wanted.items()
    )


ONE_GPU = "one A100 of 80 GB for 15 to 20 h a training (the paper's logs)"
FOUR_GPUS = "four A100 for about three days a training (a note on the paper)"

_QUESTIONS = (
    OpenQuestion(
        id="GMU-Q1",
        question="Does other pre-training narrow the gap between encoder and text decoder?",
        notebooks=("52", "13"),
        command="run --study initialisation",
        claims=("INIT-1", "INIT-3", "GMU-5"),
        needs=f"For published encoders: their weights, and {ONE_GPU}.",
    ),
    OpenQuestion(
        id="GMU-Q2",
        question="Where speech is scarce, is a speech language model the better choice?",
        notebooks=("53",),
        command="run --study one_pair",
        claims=("PAIR-1", "PAIR-2"),
        needs=f"For published models: {ONE_GPU}, of GMU's; the others' hours are not known.",
    ),
    OpenQuestion(
        id="GMU-Q3",
        question="What in synthetic data hurts: that it is synthetic, or how many words are wrong?",
        notebooks=("15", "16"),
        command="run 15 -p ablate=True",
        claims=("GMU-8", "GMU-8-CLEAN"),
        needs="For synthetic beside real voices: recordings of a pair. Here all are synthetic.",
    ),
    OpenQuestion(
        id="GMU-Q4",
        question="What does each loss of multi-task training add? Each is taken away in turn.",
        notebooks=("12", "16"),
        command="run 12 -p ablate=True",
        claims=("GMU-4-FAIR",),
    ),
    OpenQuestion(
        id="GMU-Q5",
        question="What is left of a system in another domain than the one that it was trained on?",
        notebooks=("53",),
        command="run --study one_pair",
        claims=("PAIR-3",),
        needs=f"For talks and conversation: the corpora of the paper's nine pairs, and {ONE_GPU}.",
    ),
    OpenQuestion(
        id="GMU-Q6",
        question="One pair by the rules of both codebases: how far apart, and by which rule?",
        notebooks=("14", "16"),
        command="run 14 -p ablate=True",
        claims=("GMU-6",),
        needs=f"For the paper's Bemba: BIG-C, and {ONE_GPU}. The official code itself is not run.",
    ),
    OpenQuestion(
        id="IT-Q1",
        question="Does balanced data keep a model from ignoring the tag of the task?",
        notebooks=(ONE_SYSTEM, "21", "22"),
        command="run --study tags",
        claims=("IT-4",),
        needs="If no share of the data makes a model of this size ignore tags: Qwen2.5-1.5B, and "
        "four GPUs for at most 48 h a stage (the released job; their kind is not stated).",
    ),
    OpenQuestion(
        id="IT-Q2",
        question="Are questions about more than two minutes of speech answered?",
        notebooks=(ONE_SYSTEM,),
        command="run --study long_questions --scale full -p folder=DIR",
        answered_at="full",
        needs="Spoken-SQuAD, most of whose paragraphs are shorter (join some), and GPUs as for "
        "IT-Q1; hours not known. Its transcripts are a recogniser's.",
    ),
    OpenQuestion(
        id="IT-Q3",
        question="Is a language model of 3 B better than the 1.5 B of the paper?",
        notebooks=("20", "21"),
        command="run 20 --scale full -p language_model=qwen2.5-3b -p corpus=librispeech "
        "-p folder=DIR",
        answered_at="full",
        needs="Qwen2.5-3B, w2v-BERT 2.0, LibriSpeech and one GPU of 80 GB. Notebook 21: recordings "
        "with translations and questions (corpus=own), two such GPUs. Hours not known.",
    ),
    OpenQuestion(
        id="IT-Q4",
        question="How far can speech be compressed, and is it less if it is fast or two talk?",
        notebooks=("50",),
        command="run --study compression",
        claims=("COMP-1", "COMP-2", "COMP-3", "IT-3"),
    ),
    OpenQuestion(
        id="IT-Q5",
        question="Do people find the pseudo-labels as good as the model that chose them does?",
        notebooks=("02",),
        command="run 02 --scale full -p corpus=common_voice -p folder=DIR -p ratings=DIR",
        answered_at="full",
        needs="Two people for each language pair, who rate 100 segments each; Common Voice, and "
        "one GPU for MT models and COMETKiwi. Without ratings=, it writes the blind sheets.",
    ),
    OpenQuestion(
        id="IT-Q6",
        question="What comes out for the same audio under the tag of each task?",
        notebooks=("61",),
        command="run 61",
        claims=("OBEY-1",),
    ),
    OpenQuestion(
        id="SRT-Q1",
        question="Do more hours of speech go on helping, and where does it end?",
        notebooks=(ONE_SYSTEM, "30"),
        command="run --study hours",
        needs=f"Beyond the paper's 430 h: Common Voice (asr_corpus= of notebook 30), {FOUR_GPUS}.",
    ),
    OpenQuestion(
        id="SRT-Q2",
        question="Which families and scripts are translated worse, and does the curriculum help?",
        notebooks=(ONE_SYSTEM, "30"),
        command="run --study families",
        needs=f"For the paper's 15 languages: FLEURS (notebook 30), {FOUR_GPUS}.",
    ),
    OpenQuestion(
        id="SRT-Q3",
        question="What does it add to train the encoder, or all of the language model, as well?",
        notebooks=("30",),
        command="run 30 -p ablate=unfreezing",
        claims=("SRT-6",),
    ),
    OpenQuestion(
        id="SRT-Q4",
        question="How much noise, which accents and which speaking rate does it withstand?",
        notebooks=("63",),
        command="run 63 -p system=llm_srt -p source=eng -p target=deu",
        needs="For people's accents: recordings. Here an accent is another language's voice.",
    ),
    OpenQuestion(
        id="SRT-Q5",
        question="Does it work between distant languages, such as Chinese and German, too?",
        notebooks=("30", "31"),
        command="run --study llm_srt",
        claims=("SRT-1",),
        needs=f"For pairs without a European language: FLEURS, {FOUR_GPUS}.",
    ),
    OpenQuestion(
        id="SRT-Q6",
        question="What is lost, in which stage, when ten hours of a language become one?",
        notebooks=("30",),
        command="run 30 -p ablate=speech",
        claims=("SRT-4",),
        needs=f"From ten real hours on: FLEURS, {FOUR_GPUS}. Here a language has half an hour.",
    ),
    OpenQuestion(
        id="SRT-Q7",
        question="What do instruction tokens do that a sentence, or nothing at all, does not?",
        notebooks=("51", "30"),
        command="run --study instruction",
        claims=("INSTR-1", "INSTR-2", "INSTR-3", "SRT-2"),
    ),
    OpenQuestion(
        id="ZR-Q1",
        question="Does a language transfer the better, the closer its family or its sounds?",
        notebooks=("40", "41"),
        command="run --study transfer",
        claims=("ZR-6", "ZR-6-SOUND"),
    ),
    OpenQuestion(
        id="ZR-Q2",
        question="Both tasks at once or one after the other, and for which of them?",
        notebooks=("40", "41"),
        command="run --study zero_resource",
        claims=("ZR-2", "ZR-4-ST", "ZR-4-ASR"),
    ),
    OpenQuestion(
        id="ZR-Q3",
        question="What counts more: the amount of speech, or the number of its languages?",
        notebooks=("40",),
        command='run 40 -p ablate="amount number"',
    ),
    OpenQuestion(
        id="ZR-Q4",
        question="Does translation carry over in ten to fifteen further pairs?",
        notebooks=("40",),
        command="run --study further_pairs --scale full -p corpora=covost2=DIR",
        answered_at="full",
        needs="CoVoST 2, mT0-XL, and one GPU of 80 GB for 13 pairs; the paper states no hours. At "
        "tiny, study transfer has nine languages.",
    ),
    OpenQuestion(
        id="ZR-Q5",
        question="Which kind of adapter, how deep, and on which layers of the encoder?",
        notebooks=("40", "41"),
        command='run 40 -p ablate="rivals lora layers adapters"',
        claims=("ZR-3-SEEN", "ZR-3-HELD-OUT", "ZR-7"),
    ),
    OpenQuestion(
        id="ZR-Q6",
        question="How much speech, how well transcribed, must it learn to transcribe from first?",
        notebooks=("40",),
        command='run 40 -p ablate="amount quality"',
    ),
)
QUESTIONS = {question.id: question for question in _QUESTIONS}
