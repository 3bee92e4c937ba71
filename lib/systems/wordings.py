"""Wordings of a request, from nothing to a detailed instruction, and sentences never trained.

Tags are a system's own. Sentences are common to the systems: each names the language of the
speech and that of the output, in English, on a line of its own.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from lib.languages import language

# "none": what a causal language model needs, a line break, and a question where one is asked;
# "minimal tags": that of the output's language; "tags": plain text, split into subwords; "added
# tokens": tags that are a token each, whose embeddings are trained; "instruction": a sentence
NONE, MINIMAL, TAGS, TOKENS = "none", "minimal tags", "tags", "added tokens"
# "detailed": what to write and what not; "paraphrased": in training one of several sentences,
# drawn by the example's id, at test that of "instruction"
INSTRUCTION, DETAILED, PARAPHRASED = "instruction", "detailed", "paraphrased"
UNSEEN = "unseen"  # sentences for the test of any model, drawn by the example's id; never trained
WORDINGS = (NONE, MINIMAL, TAGS, TOKENS, INSTRUCTION, DETAILED, PARAPHRASED, UNSEEN)
IN_TAGS = (MINIMAL, TAGS, TOKENS)

TRANSCRIBE, TRANSLATE, REPLY = "transcribe", "translate", "reply"  # orders
BOTH = "transcribe and translate"

SENTENCE = {
    TRANSCRIBE: "Transcribe the speech in {source}:",
    TRANSLATE: "Translate it from {source} into {target}:",
    BOTH: "Transcribe the speech in {source}, then translate it into {target}:",
    REPLY: "Answer the question in {target}: {question}",
}
DETAILED_SENTENCE = {
    TRANSCRIBE: "You hear speech in {source}. Write down in {source} every word that is said, in "
    "its order. Do not translate, and add nothing:",
    TRANSLATE: "You hear speech in {source}. Write in {target} what it means, all of it. Do not "
    "write down the {source} words, and add nothing:",
    BOTH: "You hear speech in {source}. First write down in {source} every word that is said. "
    "Then write in {target} what it means, all of it, and add nothing:",
    REPLY: "You hear speech in {source}. Answer a question about it in {target}, with words that "
    "are said. Do not repeat the question, and add nothing: {question}",
}
# beside `SENTENCE`, of which one is drawn in training
PARAPHRASES = {
    TRANSCRIBE: (
        "Write down what is said in {source}:",
        "{source} transcript:",
        "Which words are said in {source}?",
    ),
    TRANSLATE: (
        "Say in {target} what the {source} speech means:",
        "{target} translation of the {source} speech:",
        "What does the {source} speech mean in {target}?",
    ),
    BOTH: (
        "Write down the {source} speech and what it means in {target}:",
        "{source} transcript and {target} translation:",
        "What is said in {source}, and what does it mean in {target}?",
    ),
    REPLY: (
        "Say in {target}: {question}",
        "{target} answer to the question: {question}",
        "{question} Answer in {target}:",
    ),
}
UNSEEN_SENTENCES = {
    TRANSCRIBE: (
        "Please put this {source} recording on paper, word for word:",
        "Type the spoken {source} sentence:",
        "Note in {source} what you hear:",
    ),
    TRANSLATE: (
        "Please turn this {source} recording into {target}:",
        "Express the spoken {source} sentence in {target}:",
        "Note in {target} what you hear in {source}:",
    ),
    BOTH: (
        "Please put this {source} recording on paper, and turn it into {target}:",
        "Type the spoken {source} sentence, and express it in {target}:",
        "Note what you hear, in {source} and in {target}:",
    ),
    REPLY: (
        "Please tell me in {target}: {question}",
        "Find out from the recording, in {target}: {question}",
        "{question} Note it in {target}:",
    ),
}


@dataclass(frozen=True)
class Draw:
    """What a sentence is drawn by, where a wording has several."""

    id: str = ""  # of the example
    training: bool = False


TEST = Draw()


def check(wording: str) -> None:
    """Refuse what is no wording.

    Raises:
        ValueError: unknown wording.
    """
    if wording not in WORDINGS:
        raise ValueError(f"unknown wording {wording!r}; use {', '.join(WORDINGS)}")


def request(
    wording: str, order: str, source: str, target: str, question: str = "", draw: Draw = TEST
) -> str:
    """A request without tags, between line breaks.

    Args:
        order: TRANSCRIBE, TRANSLATE, BOTH or REPLY.
        source, target: of the speech and of the output, ISO 639-3.
        question: to be answered.

    Raises:
        ValueError: a wording of tags, an unknown one or an unknown language, or the unseen one in
            training.
    """
    if wording == NONE:
        return f"\n{question}\n" if question else "\n"
    if wording == UNSEEN and draw.training:
        raise ValueError(f"the wording {UNSEEN!r} is for tests alone; train with another one")
    chosen = random.Random(f"wording/{draw.id}").choice(_sentences(wording, order, draw.training))
    names = {"source": language(source).name, "target": language(target).name}
    return f"\n{chosen.format(**names, question=question)}\n"


def _sentences(wording: str, order: str, training: bool) -> tuple[str, ...]:
    """Those that a wording draws from."""
    check(wording)
    if wording in IN_TAGS:
        raise ValueError(f"the wording {wording!r} has tags, and each system has its own")
    if wording == UNSEEN:
        return UNSEEN_SENTENCES[order]
    if wording == DETAILED:
        return (DETAILED_SENTENCE[order],)
    more = PARAPHRASES[order] if wording == PARAPHRASED and training else ()
    return (SENTENCE[order], *more)
