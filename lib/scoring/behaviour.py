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

# Measured on the sheet of tests/scoring. Percent of the characters that agree with the true text:
# what agrees more is a rendering, and no reply where a reply is worded as one (REPLY) or a question
# was said (ANSWER), and no answer where a question was asked (TRANSCRIPT).
REPLY, ANSWER, TRANSCRIPT = 45, 85, 65
ECHOED = 60  # percent of the output in the prompt: an answer repeats half of its question
# of the words, in the lesser of two languages; a name or loan word or two is less
MIXED_SHARE = 0.22
BEGINNING = 0.62  # of the expected characters: more is the whole, worded more briefly
RENDERED = 0.8  # of the words of a beginning: of three or four, one may be wrong

_NOT = (
    r"\b(?:no|not|cannot|can t|couldn t|don t|didn t|nothing|nicht|kein\w*|nichts|kann|ne|n|pas"
    r"|rien|aucun\w*|nada|ning\w+|non|nessun\w*|nulla|não|nenhum\w*|niet|geen|niets|res|cap|ei|pole"
    r"|tidak|не|нет|ничего|नहीं|नाही|لا|لم|không)"
)
# to hear, understand, get or do what was asked, or to be able to
_ABLE = (
    r"provid|receiv|given|recording|audio|proporcion|recib|receb|ricev|forn|reçu|fourni|gegeben"
    r"|erhalten|ontvang|получ|able|hear|listen|understand|access|process|open|play|help|assist|answer|transcri|translat"
    r"|hör|versteh|zugreif|verarbeit|öffn|helf|antwort|übersetz|transkri|nicht|möglich|entend"
    r"|écout|compren|comprends|traiter|aider|répond|tradu|oír|oigo|escuch|entiend|acced|proces"
    r"|puedo|podemos|logro|consig|posso|possiamo|riesco|sent[io]|ascolt|cap[io]|elabor|aiut|rispond"
    r"|ouv|ouço|escut|compreend|ajud|puc|podem|escolt|entenc|hoor|horen|versta|verwerk|lukt|kan"
    r"|kuul|saa|mõista|mõist|dengar|dapat|bisa|mampu|paham|mengerti|sikii|elewa|могу|слыш|понима"
    r"|удал|удаётся|सुन|समझ|सक|ऐक|समज|शक|أسمع|أفهم|أستطيع|يمكن|nghe|hiểu"
)
# A refusal speaks of the task instead of what was said: two of these kinds of words, in normalized
# texts, that no known text has. Stems from general knowledge of the languages, not from a corpus.
_OF_REFUSALS = {
    "an apology": r"\b(?:sorry|apolog|unfortunately|i regret|i m afraid|leider|entschuldig|bedaure"
    r"|tut mir leid|désolé|malheureusement|je regrette|lo siento|lament|disculp|mi dispiace"
    r"|purtroppo|desculp|infelizmente|helaas|het spijt|ho sento|malauradament|kahjuks|vabandust"
    r"|maaf|sayangnya|samahani|к сожалению|извин|простите|xin lỗi)|抱歉|对不起|遗憾|申し訳"
    r"|すみません|残念|ごめん|क्षमा|माफ|खेद|عذر|آسف|للأسف|죄송|미안",
    "an inability": rf"(?:{_NOT})\b.{{0,30}}?(?:{_ABLE})|\b(?:unable|impossib|impossív|imposib"
    r"|onmogelijk|unmöglich|невозможно|haiwezekani|siwezi|असमर्थ)|无法|不能|没法|听不"
    r"|没有听|できま|できない|聞こえ(?:ま|な)|할 수 없",
    "the recording": r"\b(?:audio|recording|sound file|clip|transcript|aufnahme|tondatei|datei"
    r"|enregistrement|fichier|grabación|archivo|registrazione|gravação|arquivo|áudio|opname"
    r"|geluid|bestand|gravació|àudio|arxiu|helifail|salvestis|rekaman|suara|sauti|rekodi|аудио"
    r"|запис|файл)|音频|录音|语音|文件|音声|録音|ファイル|ऑडियो|रिकॉर्ड|आवाज|صوت|تسجيل|ملف|오디오|녹음",
    "a model": r"\b(?:(?:language|linguistic) model|ai\b|assistant|sprachmodell|ki\b|assistent"
    r"|modèle (?:de langage|linguistique)|ia\b|modelo de l|asistente|modello linguistico"
    r"|assistente|taalmodel|model de llengua|keelemudel|model bahasa|asisten|языковая модель)"
    r"|语言模型|人工智能|助手|言語モデル|アシスタント|भाषा मॉडल|نموذج لغوي|مساعد|언어 모델",
    "the task": r"\b(?:transcri|translat|help you|assist you|instruction|transkri|übersetz|traduc"
    r"|traduire|traduz|tradur|traduir|trascri|transcr|vertal|tõlk|terjemah|tafsiri|перев[её]|перевод"
    r"|транскри)|翻译|转写|转录|翻訳|書き起こ|文字起こし|अनुवाद|ترجم|번역",
    "a request": r"\b(?:please|could you|can you|would you|bitte|veuillez|pourriez|por favor"
    r"|podría|per favore|potrebbe|poderia|alstublieft|kunt u|kun je|si us plau|palun|silakan|mohon"
    r"|tafadhali|пожалуйста|пришлите)|请|ください|कृपया|يرجى|من فضلك|주세요",
}
_KINDS = {kind: re.compile(words) for kind, words in _OF_REFUSALS.items()}
_ABOUT_IT = ("the recording", "the task")  # a refusal is more than these
# How chat models reply to what was said, in normalized texts. What a known text matches too is no
# sign.
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


def _refusal(plain: str, known: Sequence[str]) -> str:
    """What makes a normalized output a refusal; empty: it is none."""
    matches = {kind: words.search(plain) for kind, words in _KINDS.items()}
    found = {
        kind: match[0]
        for kind, match in matches.items()
        if match and not any(match[0] in line for line in known)
    }
    if len(found) < 2 or set(found) <= set(_ABOUT_IT):
        return ""
    return ", ".join(f"{kind} (“{words}”)" for kind, words in found.items())


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
        return "looped", f"a span stands there {copies} times in a row" if copies > 2 else (
            "letters or longer parts of it are repeated"
        )
    like = {code: likeness(plain, line) for code, line in texts.items()}
    most = max(like.values(), default=0.0)
    agree = f"in {language or 'no language'}, {most:.0f} % agree with what was said"
    if (echoed := _echoed(text, plain, request)) > max(ECHOED, most):
        return "echoed the prompt", f"{echoed:.0f} % of it is in the prompt"
    if refusal := _refusal(plain, [*texts.values(), *answers]):
        return "refused", f"it has {refusal}"
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
    import pandas as pd

    tasks = pd.Series([request.task for request in requests], name="asked")
    found = pd.Series([one.behaviour for one in observed], name="observed")
    table = pd.crosstab(tasks, found)
    return table.reindex(index=tasks.unique(), columns=list(BEHAVIOURS), fill_value=0)
