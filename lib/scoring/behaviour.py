"""What a model did with what it was asked: one of eleven behaviours, and the language it wrote."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from unicodedata import normalize

from rapidfuzz import fuzz

from lib.corpora import cldr
from lib.corpora.text import (
    _LABELS,
    _label_of,
    _language_probabilities,
    normalize_text,
    repair_text,
)
from lib.languages import LANGUAGES, language
from lib.scoring.answers import is_question
from lib.scoring.outputs import OutputRow
from lib.scoring.repetition import is_looping, longest_run, units
from lib.tasks import NO_ANSWER, TASKS

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1  # in signatures; increment when equal outputs are judged otherwise
BEHAVIOURS = (
    *("empty", "looped", "echoed the prompt", "refused", "mixed", "stopped early"),
    *("transcribed", "translated", "answered", "wrong language", "something else"),
)
NOT_TOLD = "not told"  # of a language

# log-odds for a language: of a frequent word, of a word of its known text, of one that only this
# text has, of a text that equals it, of being the source or target; price of a change of language
FREQUENT, KNOWN, OWN, EQUAL, LIKELY, CHANGE = 1.5, 2.0, 2.5, 6.0, 2.5, 1.0
SURE, IDENTIFIED = 0.45, 0.4  # least probability: of all evidence, of the identifier alone
MIXED_SHARE, MIXED_EVIDENCE = 0.22, 2.9  # of the words in one of two languages; its log-odds
BEGINNING = 0.62  # of the expected characters: more is the whole
ECHOED, ALIKE = 60, 60  # percent of the output in the prompt; of the characters that agree
REPLY, ANSWER, TRANSCRIPT = 45, 85, 65  # percent: what agrees more renders what was said

_TAG = re.compile(r"<\|[^<>|\s]*(?:\|>|(?=<|$))|__[a-z]{3}__")
_BOTH = re.compile(r"([^<]*)<\|\w+\|><\|\w+\|>([^<]+)")  # LLM-SRT: transcript, tags, translation
_LOOP = re.compile(r"(\w{1,9}?)\1{3,}")  # within a word
_NO_WORD = re.compile(r"[\d\ufffd]+")
_VOWEL = re.compile("[aeiouyæøœəɔɛʌаеиоуыэюяії]")
# In normalized texts. What a known text matches too is no sign.
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

# Frequent words tell short texts better than the identifier does, which knows letters alone.
_FREQUENT_WORDS = """
eng: the a an of and to in is was that it he for on are with as they at be this from have by you i
deu: der die das und ist nicht ein eine einen einem einer zu den dem des mit von auf für sich wir
nld: de het een en van ik dat niet op te zijn is met voor die er maar om hij ook als aan nog dan zo
fra: le la les de des du et est un une que qui dans pour pas sur au aux ce cette il elle nous vous
spa: el la los las de del y que en un una es por para con no se lo su sus al más como pero fue está
ita: il lo la i gli le di del della dei che e è un una uno per con non si da dal nel nella al alla
por: o a os as de do da dos das e que em um uma é não para com por se na no nas nos ao à mais como
cat: el la els les de del dels i que en un una és per amb no es al als més com però va ha aquest
est: ja on ei et see ta ma sa me te nad oli kes mis kui ka oma seda aga või siis selle veel nii
gle: an na agus is tá bhí ar sé sí i le go do a ag níl nach ní mé tú siad seo sin ach den don leis
mlt: il u ta li f huwa hija ma dan din mill għal fil tal lil kien kienet jew biex minn hemm mhux
que: kay chay hina mana manan ima pi kani kanki kanku wasi paykuna ñuqa noqa huk hatun runa llaqta
swa: na ya wa kwa ni katika za la si hii huu hiyo huo yake wake ambayo kuwa lakini watu pia sana
ind: yang dan di ini itu dari dengan untuk tidak pada adalah dalam akan ke saya kami kita mereka dia
vie: là và của có không được trong một những các cho người với này đã đó khi tôi anh chị chúng ta họ
bem: ukuti na pa mu ku ba ifi ici uyu aba nomba lelo bonse mune nga kuti ili uku ala abantu umuntu
fon: ɔ wɛ ɖo bo é mɛ nú kpo lɛ ɖò sín tɔn nyi un ye a mi ɖokpo ǎ bɔ xɔ è
mdw: wa la mo ba bi ngá wáre nde bisi moro ondzáa íngá obvúlu lekoo mwána
hin: है हैं का की के में से को और यह वह नहीं था थे थी पर ने भी एक कि हम आप मैं लिए कर रहा रही गया हो
mar: आहे आहेत आणि चा ची चे च्या मध्ये ला हे ही हा तो ती नाही होते होता होती मी आम्ही तुम्ही करण्यात
bho: बा बाटे बानी के में से आ बाड़े रहे रहल गइल हम तू ई ऊ ना भइल कइल हउवे खातिर एगो लोग
ara: في من على إلى هذا هذه التي الذي كان كانت لم لن ليس أن إن ما قد سوف نحن ذلك مع عن هو هي لا
aeb: برشا باش موش علاش شنوة فما توا ياسر كيفاش متاع هاذا نحب وقتاش
apc: شو هلق كتير ليش هيك مش بدي هاد هاي كيف عم منيح لازم شي بس وين
yue: 嘅 咗 喺 佢 哋 唔 係 啲 嗰 冇 嚟 俾 睇 噉 咁 喇 嘢 乜
zho: 的 了 在 他 她 们 不 是 些 没 来 给 看 这 那 吗 和 会
"""
# languages that are not in the table, by the identifier's label
_OTHERS = dict(
    pair.split(":")
    for pair in (
        "uk:ukr fi:fin sv:swe da:dan no:nor pl:pol cs:ces sk:slk hu:hun ro:ron tr:tur el:ell "
        "bg:bul sr:srp hr:hrv he:heb fa:fas ur:urd bn:ben ta:tam te:tel gl:glg eu:eus lv:lav lt:lit"
    ).split()
)
_SCRIPTS = {  # letters, and how many words one is worth in scripts without spaces
    "Kana": ("\u3040-\u30ff", 0.6),
    "Han": ("\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff", 0.6),
    "Hang": ("\u1100-\u11ff\uac00-\ud7af", 1.0),
    "Thai": ("\u0e00-\u0e7f", 0.25),
    "Cyrl": ("\u0400-\u052f", 1.0),
    "Arab": ("\u0600-\u06ff\u0750-\u077f\ufb50-\ufeff", 1.0),
    "Deva": ("\u0900-\u097f", 1.0),
    "Latn": ("a-z\u00df-\u02ff\u1e00-\u1eff", 1.0),
}
_SCRIPT = re.compile("|".join(f"(?P<{name}>[{r}])" for name, (r, _) in _SCRIPTS.items()))
_WEIGHTS = {"": 0.0, **{name: weight for name, (_, weight) in _SCRIPTS.items()}}
_WRITTEN = {"Hans": ("Han",), "Hant": ("Han",), "Jpan": ("Kana", "Han"), "Kore": ("Hang", "Han")}


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


@cache
def _lexicon() -> dict[str, set[str]]:
    """The languages that have a word, by word: frequent words and those of the phrasebook."""
    told: dict[str, set[str]] = {}
    kinds = {**cldr.COMMON_KEYS, "date": [f"{month:02d}" for month in range(1, 13)]}
    kinds |= {"weekday": list("0123456"), "relative": ["minute", "hour", "day", "week", "year"]}
    items = [cldr.Item(kind, key, n) for kind in kinds for key in kinds[kind] for n in (-2, 1, 2)]
    for code in LANGUAGES:
        for item in items:
            try:
                for word in units(cldr.phrase(item, code), "eng"):
                    told.setdefault(word, set()).add(code)
            except cldr.NotInLocale:
                pass
    for code, words in re.findall(r"(\w+): (.+)", _FREQUENT_WORDS):
        for word in words.split():
            told.setdefault(word, set()).add(code)
    return told


@lru_cache(maxsize=1 << 16)
def _script(word: str) -> str:
    found = _SCRIPT.search(word)
    return found.lastgroup if found else ""


@cache
def _scripts(code: str) -> tuple[str, ...]:
    return _WRITTEN.get(language(code).script, (language(code).script,))


@lru_cache(maxsize=1 << 14)
def _probabilities(text: str) -> dict[str, float]:
    return _language_probabilities(_NO_WORD.sub(" ", text), _LABELS)


def _likeness(text: str, other: str) -> float:
    """Percent of the characters that agree, in order; 0 if one of the texts is empty."""
    return fuzz.ratio(text, other) if text and other else 0.0


def _candidates(words: Sequence[str], likely: set[str]) -> list[str]:
    """The languages that are written in the script of most words."""
    shares = Counter()
    for word in words:
        shares[_script(word)] += _WEIGHTS[_script(word)]
    if shares["Kana"] > 0.1 * shares["Han"]:
        return ["jpn"]
    most = max(shares, key=shares.__getitem__)
    return [c for c in LANGUAGES if most in _scripts(c) and (most == _scripts(c)[0] or c in likely)]


def _hits(words: Sequence[str], code: str, texts: Mapping[str, str]) -> float:
    """The log-odds of a language from the words that it is known to have."""
    known, lexicon = set(units(texts.get(code, ""), "eng")), _lexicon()
    frequent = sum(code in lexicon.get(word, ()) for word in words)
    # related languages share words, so a few of the text's words tell nothing
    own = [word in known for word in words if word not in lexicon and _WEIGHTS[_script(word)] == 1]
    return FREQUENT * frequent + KNOWN * sum(own) * (sum(own) / max(1, len(own))) ** 2


def _scores(text: str, likely: set[str], texts: Mapping[str, str]) -> dict[str, float]:
    """Log-odds of languages, up to a constant.

    Args:
        texts: normalized texts of the request, by language.
    """
    words, found = units(text, "eng"), _probabilities(text)
    candidates = _candidates(words, likely)
    least = 10 ** -(1 + min(len(text), 100) / 10)  # a long text leaves less doubt
    scores = {}
    for label, code in _OTHERS.items():  # no frequent words of theirs are known
        p = found.get(label, 0.0)
        scores[code] = math.log(max(p, least)) + FREQUENT * (p > 0.5)
    for code in candidates:
        p = found.get(_label_of(code), 0.0)
        if code in likely and (_label_of(code) is None or _scripts(code)[0] == "Han"):
            # the identifier takes dialects for their relatives, which are in the same script
            kin = [c for c in candidates if c not in likely and "Latn" not in _scripts(c)]
            p = max(p, 0.01, *(found.get(_label_of(c), 0.0) for c in kin))
        agree = _likeness(normalize_text(text), texts.get(code, "")) / 100
        scores[code] = math.log(max(p, least)) + LIKELY * (code in likely) + EQUAL * agree**20
        scores[code] += _hits(words, code, texts)
    return scores


def _identify(text: str, likely: set[str], texts: Mapping[str, str]) -> str:
    """The language of a text; empty where it is in numbers, names or noise."""
    text = _LOOP.sub(r"\1", text)
    words = units(text, "eng")
    if not any(map(_script, words)) or _is_noise(text):
        return ""
    scores = _scores(text, likely, texts)
    best = max(scores, key=scores.__getitem__)
    if _hits(words, best, texts):
        return best
    names = all(word[:1].isupper() for word in text.split() if word[:1].isalpha())
    sure = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
    p = _probabilities(text).get(_label_of(best), 1.0) if best in LANGUAGES else 1.0
    alike = _likeness(normalize_text(text), texts.get(best, "")) > ALIKE
    told = (p > IDENTIFIED or alike) and not names and (best in likely or " " in text)
    return best if sure > SURE and told else ""


def _is_noise(text: str) -> bool:
    """Whether a text has broken characters, or mostly words without a vowel."""
    words = [word for word in units(text, "eng") if _script(word) in ("Latn", "Cyrl")]
    silent = [word for word in words if not _VOWEL.search(normalize("NFD", word))]
    return len(silent) > len(words) / 2 or text.count("\ufffd") > 0.2 * len(text)


def observed_language(text: str, likely: Iterable[str]) -> str:
    """The language of a text, ISO 639-3; empty where it cannot be told.

    Args:
        likely: languages to prefer where the text leaves a doubt; others are found too.
    """
    return _identify(repair_text(_TAG.sub(" ", text))[0], set(likely), {})


def _word_evidence(word: str, pair: tuple[str, str], known: Sequence[set[str]]) -> float:
    """Above 0 where a word is in the first language, below 0 where it is in the second."""
    fits = [_script(word) in _scripts(code) for code in pair]
    told = [code in _lexicon().get(word, ()) for code in pair]
    seen = [word in own for own in known]
    if seen[0] != seen[1] and any(fuzz.ratio(word, w) > 79 for w in known[seen[0]] if len(w) > 3):
        return 0.0  # a name or loan word, which has two spellings
    own = (seen[0] and not told[1]) - (seen[1] and not told[0])
    return 4 * (fits[0] - fits[1]) + FREQUENT * (told[0] - told[1]) + OWN * own


def _division(text: str, pair: tuple[str, str], texts: Mapping[str, str]) -> list[float]:
    """How many words are in each of two languages, by the most probable division into stretches.

    Viterbi's algorithm with a state for each language. Weak evidence for one does not count.
    """
    words = units(text, "eng")
    known = [set(units(texts.get(code, ""), "eng")) for code in pair]
    names = (known[0] & known[1]).difference(_lexicon())
    values = [_word_evidence(word, pair, known) for word in words]
    best, steps = (0.0, 0.0), []
    for value in values:
        one, two = best
        steps.append((two - CHANGE >= one, one - CHANGE >= two))  # the later change
        best = (max(one, two - CHANGE) + value / 2, max(two, one - CHANGE) - value / 2)
    state, counts, evidence = int(best[1] > best[0]), [0.0, 0.0], [0.0, 0.0]
    for word, value, changed in zip(words[::-1], values[::-1], steps[::-1], strict=True):
        counts[state] += _WEIGHTS[_script(word)] * (word not in names)
        evidence[state] += -value if state else value
        state ^= changed[state]
    return [n if found > MIXED_EVIDENCE else 0.0 for n, found in zip(counts, evidence, strict=True)]


def _echoed(text: str, request: Request) -> float:
    """Percent of a normalized output that is a part of the prompt or the question."""
    prompt = request.prompt.replace(request.transcript or "\0", " ")
    lines = [normalize_text(_TAG.sub(" ", line)) for line in (prompt, request.question)]
    shares, words = [_likeness(text, line) for line in lines], units(text, "eng")
    for line in filter(None, lines):
        asked = set(units(line, "eng"))
        inside = sum(word in asked for word in words) / max(1, len(words))
        enough = len(words) >= min(4, len(asked)) and inside > 0.75
        if enough and fuzz.partial_ratio(text, line) > 75:
            shares.append(100 * inside)
    return max(shares)


def _is_beginning(text: str, expected: str, code: str) -> bool:
    """Whether a text renders the beginning of the expected one and then ends."""
    found, whole = units(text, code), units(expected, code)
    if not found or len("".join(found)) > BEGINNING * len("".join(whole)):
        return False
    reach = len(found) * 5 // 4 + 1
    head, tail = Counter(whole[:reach]), Counter(whole[reach:])
    in_head, in_tail = Counter(found) & head, (Counter(found) - head) & tail
    least = 0.8 if len(found) < 6 else 0.6  # of few words, one is much
    return in_head.total() >= least * len(found) and in_tail.total() <= 0.15 * len(found)


def _is_reply(text: str, request: Request, rendered: Sequence[str], likeness: float) -> bool:
    """Whether a text replies to what was said instead of rendering it."""
    if likeness < REPLY and _REPLY.search(normalize_text(text)):
        return not any(map(_REPLY.search, rendered))
    pair = (request.source, request.target)
    words_tell = set(pair) <= set(NO_ANSWER)  # elsewhere, a question without its mark is not seen
    asks = is_question(request.transcript, request.source)
    answers = not any(is_question(text, code) for code in pair)
    return asks and answers and likeness < (ANSWER if words_tell else REPLY)


def observe(output: str, request: Request, ending: str = "end") -> Observed:
    """What an output is, by the first of `BEHAVIOURS` that applies, and its language.

    Args:
        ending: see `Hypothesis.ending`; it changes no behaviour and stands in the evidence.
    """
    parts = _BOTH.fullmatch(output.strip())
    if parts and any(map(str.isalnum, parts[1])) and not TASKS[request.task].translates:
        output = parts[1]
    text = repair_text(_TAG.sub(" ", output))[0]
    if not any(map(str.isalnum, text)):
        if any(map(str.isalnum, output)):
            return Observed("echoed the prompt", "", "tags alone")
        return Observed("empty", "", "no letter and no digit")
    texts = {request.source: request.transcript, **request.translations}
    texts = {code: normalize_text(line) for code, line in texts.items() if line}
    language = _identify(text, {request.source, request.target}, texts)
    behaviour, evidence = _behaviour(text, language, request, texts)
    if behaviour == "mixed":
        one, two = _division(text, (request.source, request.target), texts)
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
    like = {code: _likeness(plain, line) for code, line in texts.items()}
    like_answer = max((_likeness(plain, answer) for answer in answers), default=0.0)
    most = max(like.values(), default=0.0)
    agree = f"in {language or 'no language'}, {most:.0f} % agree with what was said"
    if (echoed := _echoed(plain, request)) > max(ECHOED, most, like_answer):
        return "echoed the prompt", f"{echoed:.0f} % of it is in the prompt"
    refusal = _REFUSAL.search(plain)
    if refusal and not any(map(_REFUSAL.search, [*texts.values(), *answers])):
        return "refused", f"it says “{refusal[0]}”"
    if source != target:
        one, two = _division(text, (source, target), texts)
        if min(one, two) >= max(1, MIXED_SHARE * (one + two)):
            return "mixed", f"{one:.0f} words in {source}, {two:.0f} in {target}"
    if task.asks:
        return _answer(plain, language, request, texts), agree
    expected = texts.get(target, "")
    verbatim = expected.startswith(plain)
    reply = not verbatim and _is_reply(text, request, list(texts.values()), most)
    known = language in (source, target, *texts)
    begins = not reply and _is_beginning(text, expected, target)
    if begins and (verbatim or language in (target, "")):
        return "stopped early", f"{len(plain) / len(expected):.0%} of the expected length"
    if reply and known:
        return "answered", f"a reply, {agree}"
    if not language and most > 50:
        language, known = max(like, key=like.__getitem__), True
    if not language:
        return "something else", "no language can be told"
    if not known:
        return "wrong language", agree
    return ("transcribed" if language == source else "translated"), agree


def _answer(plain: str, language: str, request: Request, texts: Mapping[str, str]) -> str:
    """The behaviour of an output where a question was asked."""
    whole, right = texts.get(language, ""), [normalize_text(answer) for answer in request.answers]
    like = _likeness(plain, whole)
    renders = like > max([TRANSCRIPT, *(_likeness(plain, answer) for answer in right)])
    if renders and len(plain) > len(whole) / 2:
        return "transcribed" if language == request.source else "translated"
    if not language and _is_noise(plain):
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
