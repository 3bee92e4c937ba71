"""What a model did with what it was asked: one of eleven behaviours, and the language it wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
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
from lib.scoring.repetition import is_looping, longest_run, units
from lib.tasks import TASKS

if TYPE_CHECKING:
    import pandas as pd

VERSION = 2  # in signatures; increment when equal outputs are judged otherwise
BEHAVIOURS = (
    *("empty", "looped", "echoed the prompt", "refused", "mixed", "stopped early"),
    *("transcribed", "translated", "answered", "wrong language", "something else"),
)
NOT_TOLD = "not told"  # of a language

# Measured on the sheet of tests/scoring. Percent of the characters that agree with the true text:
# what agrees more is a rendering, and no reply where a reply is worded as one (REPLY) or a question
# was said (ANSWER), and no answer where a question was asked (TRANSCRIPT).
REPLY, ANSWER, TRANSCRIPT = 45, 85, 65
ECHOED = 60  # percent of the output in the prompt: an answer repeats half of its question
# of the words, in the lesser of two languages; a name or loan word or two is less
MIXED_SHARE = 0.22
BEGINNING = 0.62  # of the expected characters: more is the whole, worded more briefly
RENDERED = 0.8  # of the words of a beginning: of three or four, one may be wrong

_BOTH = re.compile(r"([^<]*)<\|\w+\|><\|\w+\|>([^<]+)")  # LLM-SRT: transcript, tags, translation
# How chat models refuse, and how they reply to what was said, in normalized texts; from general
# knowledge of them. What a known text matches too is no sign.
_REFUSAL = re.compile(
    r"(?:language|linguistic) model|as an ai\b"
    r"|(?:can ?not|can t|unable to|not able to|couldn t|don t) (?:\w+ ){0,2}(?:hear|listen|access"
    r"|process|transcribe|translate|help|assist|answer|understand)|cannot be answered"
    r"|\b(?:no|not|without|kein\w*|aucun|ningún|nessun|nenhum|geen|нет)\b.{0,30}\b(?:audio"
    r"|recording|aufnahme|enregistrement|archivo|grabación|registrazione|arquivo|opname)\b"
    r"|(?:audio|recording|file) (?:is|seems|was) (?:empty|missing|silent)"
    r"|(?:please|you) (?:provide|upload|share|send|repeat|give|attach|paste|clarify|like me)"
    r"|sprachmodell|\bkann (?:ich )?.{0,60}\b(?:nicht|nichts|keine?n?)\b"
    r"|bitte (?:geben|laden|senden)|je ne (?:peux|suis|parviens)"
    r"|modèle (?:de langage|linguistique)|veuillez|no puedo|modelo de l|non (?:posso|riesco)"
    r"|modello linguistico|não (?:posso|consigo)|taalmodel|\bkan .{0,40}\bniet\b|no puc|keelemudel"
    r"|kahjuks|model bahasa|tidak (?:dapat|bisa)|siwezi|抱歉|对不起|无法"
    r"|语言模型|请提供|没有(?:音频|语音|录音)|听不到"
    r"|申し訳|できません|言語モデル|не могу|языковая модель|пришлите"
    r"|할 수 없|không thể|नहीं (?:सुन|कर|समझ)|لا (?:أستطيع|يمكنني)"
)
_REPLY = re.compile(
    r"^(?:yes|no|sure|of course|thank you for|ja|nein|doch|klar|natürlich|oui|non|bien sûr|sí"
    r"|claro|sì|certo|sim|да|нет)\b|\byou (?:should|could|can|need|might)\b|sorry to hear"
    r"|\bi (?:think|hope|recommend|suggest|would)\b"
    r"|that (?:s|sounds) (?:very |really )?(?:good|great|nice|interesting)|look forward"
    r"|the answer is|you re welcome|get well|sie sollten|sollten sie|gute besserung"
    r"|\bich (?:empfehle|würde|glaube|denke)\b|gern geschehen|du (?:solltest|kannst)|das klingt"
    r"|vous (?:devriez|pouvez)|je vous|deberías?\b|te recomiendo|de nada|dovresti|deveria"
    r"|建议|您|你可以|当然|不客气|应该|听起来|はい|いいえ|ましょう|お大事"
)


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


def _echoed(text: str, request: Request) -> float:
    """Percent of a normalized output that agree with the prompt or the question."""
    asked = [TAG.sub(" ", line) for line in (request.prompt, request.question)]
    return max(likeness(text, normalize_text(line)) for line in asked)


def _is_beginning(text: str, expected: str, code: str) -> bool:
    """Whether a text renders the beginning of the expected one and then ends."""
    found, whole = units(text, code), units(expected, code)
    if not found or len("".join(found)) > BEGINNING * len("".join(whole)):
        return False
    head = Counter(whole[: len(found) + 1])
    return (Counter(found) & head).total() >= RENDERED * len(found)


def _is_reply(text: str, request: Request, rendered: Sequence[str], alike: float) -> bool:
    """Whether a text replies to what was said instead of rendering it."""
    if alike < REPLY and _REPLY.search(normalize_text(text)):
        return not any(map(_REPLY.search, rendered))
    pair = (request.source, request.target)
    asks = is_question(request.transcript, request.source)
    answers = not any(is_question(text, code) for code in pair)
    return asks and answers and alike < ANSWER


def observe(output: str, request: Request, ending: str = "end") -> Observed:
    """What an output is, by the first of `BEHAVIOURS` that applies, and its language.

    Args:
        ending: see `Hypothesis.ending`; it changes no behaviour and stands in the evidence.
    """
    parts = _BOTH.fullmatch(output.strip())
    if parts and any(map(str.isalnum, parts[1])) and not TASKS[request.task].translates:
        output = parts[1]
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


def _behaviour(
    text: str, language: str, request: Request, texts: Mapping[str, str]
) -> tuple[str, str]:
    """The behaviour and the evidence, of a text with a letter or a digit."""
    task, source, target = TASKS[request.task], request.source, request.target
    plain, code = normalize_text(text), language if language in LANGUAGES else target
    answers = [normalize_text(answer) for answer in request.answers]
    if is_looping(text, [*answers, *texts.values()], code):
        return "looped", f"a span is written up to {longest_run(text, code)} times in a row"
    like = {code: likeness(plain, line) for code, line in texts.items()}
    most = max(like.values(), default=0.0)
    agree = f"in {language or 'no language'}, {most:.0f} % agree with what was said"
    if (echoed := _echoed(plain, request)) > max(ECHOED, most):
        return "echoed the prompt", f"{echoed:.0f} % of it is in the prompt"
    refusal = _REFUSAL.search(plain)
    if refusal and not any(map(_REFUSAL.search, [*texts.values(), *answers])):
        return "refused", f"it says “{refusal[0]}”"
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


def requests(rows: Sequence[OutputRow]) -> list[Request]:
    """What each row was asked, with all that the rows of the same utterance know."""
    transcripts: dict[str, str] = {}
    translations: dict[str, dict[str, str]] = {}
    for row in rows:
        task = TASKS[row.task]
        if row.transcript:
            transcripts[row.id] = row.transcript
        if task.asks:
            continue
        if row.target == row.source:
            transcripts[row.id] = row.reference
        else:
            translations.setdefault(row.id, {})[row.target] = row.reference
    return [
        Request(
            task=row.task,
            source=row.source,
            target=row.target,
            transcript=transcripts.get(row.id, ""),
            translations=translations.get(row.id, {}),
            answers=tuple(row.right_outputs) if TASKS[row.task].asks else (),
        )
        for row in rows
    ]


def confusion(observed: Sequence[Observed], requests: Sequence[Request]) -> pd.DataFrame:
    """How many outputs show each behaviour, a line for each task that was asked."""
    found = [one.behaviour for one in observed]
    return _counts([request.task for request in requests], found, BEHAVIOURS)


def language_confusion(observed: Sequence[Observed], requests: Sequence[Request]) -> pd.DataFrame:
    """How many outputs are in each language, a line for each language that was asked for."""
    found = [one.language or NOT_TOLD for one in observed]
    columns = sorted(set(found) - {NOT_TOLD}) + [NOT_TOLD]
    return _counts([request.target for request in requests], found, columns)


def _counts(asked: Sequence[str], found: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    table = pd.crosstab(pd.Series(asked, name="asked"), pd.Series(found, name="observed"))
    return table.reindex(index=dict.fromkeys(asked), columns=list(columns), fill_value=0)
