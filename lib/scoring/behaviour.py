"""What a model did with what it was asked: one of eleven behaviours, and the language it wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lib.corpora.text import normalize_text, repair_text
from lib.languages import LANGUAGES
from lib.scoring.answers import is_question
from lib.scoring.output_language import (
    TAG,
    is_noise,
    likeness,
    observed_language,
    words_in_each,
)
from lib.scoring.outputs import OutputRow
from lib.scoring.refusals import REPLIES, refusal
from lib.scoring.repetition import is_looping, longest_run, units
from lib.tasks import TASKS

if TYPE_CHECKING:
    import pandas as pd

VERSION = 2  # in signatures; increment when equal outputs are judged otherwise
BEHAVIOURS = (
    *("empty", "looped", "echoed the prompt", "refused", "mixed", "stopped early"),
    *("transcribed", "translated", "answered", "wrong language", "something else"),
)

# Measured on the sheet of tests/scoring. Percent of the characters that agree with the true text:
# what agrees more is a rendering, and no reply where a reply is worded as one (REPLY) or a question
# was said (ANSWER), and no answer where a question was asked (TRANSCRIPT).
REPLY, ANSWER, TRANSCRIPT = 45, 85, 65
ECHOED = 60  # percent of the output in the prompt: an answer repeats half of its question
# of the words, in the lesser of two languages; a name or loan word or two is less
MIXED_SHARE = 0.22
BEGINNING = 0.62  # of the expected characters: more is the whole, worded more briefly
RENDERED = 0.8  # of the words of a beginning: of three or four, one may be wrong


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a model was asked, and what is known of the right output."""

    task: str  # a name in `lib.tasks.TASKS`
    source: str  # ISO 639-3
    target: str  # ISO 639-3
    transcript: str = ""
    translations: Mapping[str, str] = field(default_factory=dict)  # by ISO 639-3
    question: str = ""
    answers: tuple[str, ...] = ()
    prompt: str = ""


@dataclass(frozen=True)
class Observed:
    """What came out."""

    behaviour: str  # one of BEHAVIOURS
    language: str  # ISO 639-3; empty where it cannot be told
    evidence: str  # a sentence for people


def _echoed(text: str, plain: str, request: Request) -> float:
    """Percent of an output that agree with the prompt or the question.

    Answers often begin with the words of the question, but they ask nothing.
    """
    prompt, question = (
        likeness(plain, normalize_text(TAG.sub(" ", line)))
        for line in (request.prompt, request.question)
    )
    asks = is_question(text, request.source) or question > ANSWER
    return max(prompt, question if asks else 0.0)


def _is_beginning(text: str, expected: str, code: str) -> bool:
    """Whether a text renders the beginning of the expected one and then ends."""
    found, whole = units(text, code), units(expected, code)
    if not found or len("".join(found)) > BEGINNING * len("".join(whole)):
        return False
    head = Counter(whole[: len(found) + 1])
    return (Counter(found) & head).total() >= RENDERED * len(found)


def _is_reply(text: str, request: Request, rendered: Sequence[str], alike: float) -> bool:
    """Whether a text replies to what was said instead of rendering it."""
    if alike < REPLY and REPLIES.search(normalize_text(text)):
        return not any(map(REPLIES.search, rendered))
    pair = (request.source, request.target)
    asks = is_question(request.transcript, request.source)
    answers = not any(is_question(text, code) for code in pair)
    return asks and answers and alike < ANSWER


def observe(output: str, request: Request, ending: str = "end") -> Observed:
    """What an output is, by the first of `BEHAVIOURS` that applies, and its language.

    Args:
        ending: see `Hypothesis.ending`; it changes no behaviour and stands in the evidence.
    """
    output = _answer_part(output, request)
    text = repair_text(TAG.sub(" ", output))[0]
    if not any(map(str.isalnum, text)):
        if any(map(str.isalnum, output)):
            return Observed("echoed the prompt", "", "tags alone")
        return Observed("empty", "", "no letter and no digit")
    texts = {request.source: request.transcript, **request.translations}
    texts = {code: normalize_text(line) for code, line in texts.items() if line}
    language = observed_language(text, {request.source, request.target}, texts)
    behaviour, evidence = _behaviour(text, language, request, texts)
    if behaviour == "mixed":
        one, two = words_in_each(text, (request.source, request.target), texts)
        language = request.source if one >= two else request.target
    return Observed(behaviour, language, evidence + f" (ended: {ending})" * (ending != "end"))


def _answer_part(output: str, request: Request) -> str:
    """What of an output with tags inside is judged.

    LLM-SRT writes transcript, tags, translation: the transcript where one was asked for. Where the
    part behind the tags is in the language of the speech again, or in a third one, that part.
    """
    parts = [part for part in TAG.split(output) if any(map(str.isalnum, part))]
    if len(parts) < 2 or len(units(parts[-1], request.target)) < 2:  # one word tells no language
        return output
    if not TASKS[request.task].translates:
        return parts[0]
    known = {request.source: request.transcript, **request.translations}
    likely = {request.source, request.target}
    first, last = (observed_language(parts[at], likely, known) for at in (0, -1))
    again = last == first == request.source
    return parts[-1] if again or last not in (*likely, "") else output


def _behaviour(
    text: str, language: str, request: Request, texts: Mapping[str, str]
) -> tuple[str, str]:
    """The behaviour and the evidence, of a text with a letter or a digit."""
    task, source, target = TASKS[request.task], request.source, request.target
    plain, code = normalize_text(text), language if language in LANGUAGES else target
    answers = [normalize_text(answer) for answer in request.answers]
    if is_looping(text, [*answers, *texts.values()], code):
        copies = longest_run(text, code)
        spans = f"a span is written {copies} times in a row"
        return "looped", spans if copies > 2 else "letters or longer parts are repeated"
    like = {code: likeness(plain, line) for code, line in texts.items()}
    most = max(like.values(), default=0.0)
    agree = f"in {language or 'no language'}, {most:.0f} % agree with what was said"
    if (echoed := _echoed(text, plain, request)) > max(ECHOED, most):
        return "echoed the prompt", f"{echoed:.0f} % of it is in the prompt"
    if refused := refusal(plain, [*texts.values(), *answers]):
        return "refused", f"it has {refused}"
    if source != target:
        one, two = words_in_each(text, (source, target), texts)
        if min(one, two) >= max(1, MIXED_SHARE * (one + two)):
            return "mixed", f"{one:.0f} words in {source}, {two:.0f} in {target}"
    if task.asks:
        return _answer(plain, language, request, texts), agree
    expected = texts.get(target, "")
    verbatim = expected.startswith(plain)
    reply = _is_reply(text, request, list(texts.values()), most)
    known = language in (source, target, *texts)
    begins = not reply and _is_beginning(text, expected, target)
    if begins and (verbatim or language in (target, "")):
        return "stopped early", f"{len(plain) / len(expected):.0%} of the expected length"
    if reply and known:
        return "answered", f"a reply, {agree}"
    if not language:
        return "something else", "no language can be told"
    if not known:
        return "wrong language", agree
    return ("transcribed" if language == source else "translated"), agree


def _answer(plain: str, language: str, request: Request, texts: Mapping[str, str]) -> str:
    """The behaviour of an output where a question was asked."""
    whole, right = texts.get(language, ""), [normalize_text(answer) for answer in request.answers]
    like = likeness(plain, whole)
    renders = like > max([TRANSCRIPT, *(likeness(plain, answer) for answer in right)])
    if renders:
        return "transcribed" if language == request.source else "translated"
    if not language and is_noise(plain):
        return "something else"
    return "answered" if language in ("", request.source, *texts) else "wrong language"


def texts_of_clips(
    entries: Iterable[tuple[str, str, str, str]],
) -> dict[tuple[str, str], dict[str, str]]:
    """What is known of each clip, (source, id) -> language -> text.

    Args:
        entries: source, id, language of a text, and the text; of several the first counts.
    """
    known: dict[tuple[str, str], dict[str, str]] = {}
    for source, id, code, text in entries:
        own = known.setdefault((source, id), {})
        if text:
            own.setdefault(code, text)
    return known


def requests(rows: Sequence[OutputRow]) -> list[Request]:
    """What each row was asked, with all that the rows of the same clip know."""
    entries = [(row.source, row.id, row.source, row.transcript) for row in rows]
    entries += [
        (row.source, row.id, row.target, row.reference)
        for row in rows
        if not TASKS[row.task].asks
    ]
    known = texts_of_clips(entries)
    return [
        Request(
            task=row.task,
            source=row.source,
            target=row.target,
            transcript=known[row.source, row.id].get(row.source, ""),
            translations=translations(known[row.source, row.id], row.source),
            answers=tuple(row.right_outputs) if TASKS[row.task].asks else (),
        )
        for row in rows
    ]


def translations(known: Mapping[str, str], source: str) -> dict[str, str]:
    """The known texts of a clip in other languages than its own."""
    return {code: text for code, text in known.items() if code != source}


def confusion(observed: Sequence[Observed], requests: Sequence[Request]) -> pd.DataFrame:
    """How many outputs show each behaviour, a line for each task that was asked."""
    import pandas as pd

    tasks = pd.Series([request.task for request in requests], name="asked")
    found = pd.Series([one.behaviour for one in observed], name="observed")
    table = pd.crosstab(tasks, found)
    return table.reindex(index=tasks.unique(), columns=list(BEHAVIOURS), fill_value=0)
