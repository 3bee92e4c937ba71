"""The language of an output, and of each of its words, by what is known of the right output."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from unicodedata import normalize

from rapidfuzz import fuzz

from lib.corpora import cldr
from lib.corpora.text import identifier_label, language_probabilities, normalize_text, repair_text
from lib.languages import LANGUAGES, language
from lib.scoring.repetition import units

# Evidence for a language, in log-odds, beside that of the identifier, which knows letters alone and
# errs on short texts. Set on the sheet of tests/scoring, on texts of the phrasebook, and on pieces
# of the Declaration of Human Rights in 32 languages, so that none of the three got much worse.
FREQUENT = 3.0  # of a frequent word, over the root of the number of languages that have it
KNOWN = 2.0  # of a word that stands in the language's known text, if the others do too
EQUAL = 10.0  # of being equal to the known text; its 20th power: texts of relatives are alike
LIKELY = 2.5  # of being the source or target; a higher one misses outputs in wrong languages
FOREIGN = 2.0  # against it, of a word with a letter that the language does not write
UNKNOWN = 0.3  # a likely language that the identifier does not know has this share of its doubt
LEAST = 1e-4  # probability by the identifier: it is often wrong when sure
IDENTIFIED = 0.4  # least probability where no word is known; noise mostly has less
# Evidence that a word is in one of two languages, in log-odds: its script, being a frequent word,
# standing in that known text alone. A change of language between words costs CHANGE, which joins
# single words to their neighbours; DIVIDED is the least that counts, two frequent words.
SCRIPT, TOLD, OWN, CHANGE, DIVIDED = 4.0, 1.5, 2.5, 1.0, 2.9
# percent of the characters that agree in two spellings of a name, in two renderings of a text
SPELLED, ALIKE = 79, 60

KEYS = (
    100  # of CLDR for each kind of word, the best known first; 300 tell no more, in twice the time
)
AFFIX = 5  # letters of the longest in the table
COMMON_LETTER = 3  # words of a language that must have a letter: names keep foreign ones

TAG = re.compile(r"<\|[^<>|\s]*(?:\|>|(?=<|$))|__[a-z]{3}__")
_LOOP = re.compile(r"(\w{1,9}?)\1{3,}")  # within a word
_NO_WORD = re.compile(r"[\d\ufffd]+")
_VOWEL = re.compile("[aeiouyæøœəɔɛʌаеиоуыэюяії]")

# Function words, from general knowledge of the languages, and affixes where words are inflected
# much and the identifier is weak. Finnish is here for the words that it shares with Estonian.
_FREQUENT_WORDS = """
eng: the a an of and to in is was that it he for on are with as they at be this from have by you i
deu: der die das und ist nicht ein eine einen einem einer zu den dem des mit von auf für sich wir
nld: de het een en van ik dat niet op te zijn is met voor die er maar om hij ook als aan nog dan zo
fra: le la les de des du et est un une que qui dans pour pas sur au aux ce cette il elle nous vous
spa: el la los las de del y que en un una es por para con no se lo su sus al más como pero fue está
ita: il lo la i gli le di del della dei che e è un una uno per con non si da dal nel nella al alla
por: o a os as de do da dos das e que em um uma é não para com por se na no nas nos ao à mais como
cat: el la els les de del dels i que en un una és per amb no es al als més com però va ha aquest
cat: pel pels ser són té seva seu o si aquesta han
est: ja on ei et see ta ma sa me te nad oli kes mis kui ka oma seda aga või siis selle veel nii
est: tema iga kõik mida olla olema peab võib
gle: an na agus is tá bhí ar sé sí i le go do a ag níl nach ní mé tú siad seo sin ach den don leis
gle: atá gach faoi nó dá chun bhfuil raibh féin mar nuair ó ón
gle: ina sa san sna dhá cé beidh orthu -acht -aigh -eadh bh- mh- dh- fh-
mlt: il u ta li f huwa hija ma dan din mill għal fil tal lil kien kienet jew biex minn hemm mhux
mlt: l d dawn dik kull bil dil tat tas tan
mlt: tad għall għandu għandha kollha ukoll wara b fuq bħal jkun ikun
que: kay chay hina mana manan ima pi kani kanki kanku wasi paykuna ñuqa noqa huk hatun runa llaqta
que: juk jatun jina pay nisqa kaq allin sumaq llapan
que: -kuna -kunata -kunaq -manta -pas -nchik -spa -paq -wan -pis -nku
swa: na ya wa kwa ni katika za la si hii huu hiyo huo yake wake ambayo kuwa lakini watu pia sana
swa: cha vya kama au kila yao wao mtu hayo hili hizo huyo
ind: yang dan di ini itu dari dengan untuk tidak pada adalah dalam akan ke saya kami kita mereka dia
vie: là và của có không được trong một những các cho người với này đã đó khi tôi anh chị chúng ta họ
bem: ukuti na pa mu ku ba ifi ici uyu aba nomba lelo bonse mune nga kuti ili uku ala abantu umuntu
bem: ya ne no elyo kabili pantu nangu cila onse yonse fya bwa
bem: lwa kwa mwa uku- aba- ifi- ama- imi- ici- ubu- ulu- aka- utu-
fon: ɔ wɛ ɖo bo é mɛ nú kpo lɛ ɖò sín tɔn nyi un ye a mi ɖokpo ǎ bɔ xɔ è
fon: na nɔ ɖe e nu alo kpodo gbɛ ɖee ɖé ɔ́ kpó hɛn ma
mdw: wa la mo ba bi ngá wáre nde bisi moro ondzáa íngá obvúlu lekoo mwána
hin: है हैं का की के में से को और यह वह नहीं था थे थी पर ने भी एक कि हम आप मैं लिए कर रहा रही गया हो
hin: -ेगा -ेगी -ेंगे
mar: आहे आहेत आणि चा ची चे च्या मध्ये ला हे ही हा तो ती नाही होते होता होती मी आम्ही तुम्ही करण्यात
mar: की व या किंवा त्या त्याच्या असे काही एक सर्व प्रत्येक केले केली केला साठी
mar: -ांनी -ाचे -ाची -ाचा -ाच्या -ाला -ईल
bho: के में से आ बाड़े रहे रहल गइल हम तू ई ऊ ना भइल कइल हउवे खातिर एगो लोग
bho: बा बाटे बानी ओकर आपन हो होखे होई जाई सकेला सकी कवनो कौनो ओह एह अउर आउर आओर जे
ara: في من على إلى هذا هذه التي الذي كان كانت لم لن ليس أن إن ما قد سوف نحن ذلك مع عن هو هي لا
aeb: برشا باش موش علاش شنوة فما توا ياسر كيفاش متاع هاذا نحب وقتاش
apc: شو هلق كتير ليش هيك مش بدي هاد هاي كيف عم منيح لازم شي بس وين
yue: 嘅 咗 喺 佢 哋 唔 係 啲 嗰 冇 嚟 俾 睇 噉 咁 喇 嘢 乜
fin: ja on ei se että hän oli kun mutta niin myös ovat tai voi kuin joka mitä minä
zho: 的 了 在 他 她 们 不 是 些 没 来 给 看 这 那 吗 和 会
"""
# by the identifier's label: languages that lib/languages.py lacks, and Malay and Bihari, which it
# gives to Indonesian and Bhojpuri
_OTHERS = dict(
    pair.split(":")
    for pair in (
        "uk:ukr fi:fin sv:swe da:dan no:nor pl:pol cs:ces sk:slk hu:hun ro:ron tr:tur el:ell "
        "bg:bul sr:srp hr:hrv he:heb fa:fas ur:urd bn:ben ta:tam te:tel gl:glg eu:eus lv:lav "
        "lt:lit ms:ind bh:bho"
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
WEIGHTS = {"": 0.0, **{name: weight for name, (_, weight) in _SCRIPTS.items()}}
_WRITTEN = {"Hans": ("Han",), "Hant": ("Han",), "Jpan": ("Kana", "Han"), "Kore": ("Hang", "Han")}


@cache
def vocabulary() -> dict[str, set[str]]:
    """The languages that have a word, or a beginning (`uku-`) or end (`-kuna`) of words."""
    told: dict[str, set[str]] = {}
    for code, row in LANGUAGES.items():
        keys = cldr.distinct_keys((code,), (KEYS,) * len(cldr.KINDS)) if row.locale else {}
        items = [cldr.Item(kind, key, 2) for kind in keys for key in keys[kind]]
        items += [cldr.Item(i.kind, i.key, -2 if i.kind == "relative" else 1) for i in items]
        for word in units(" ".join(cldr.phrase(item, code) for item in items), "eng"):
            told.setdefault(word, set()).add(code)
    for code, words in re.findall(r"(\w+): (.+)", _FREQUENT_WORDS):
        for word in words.split():
            told.setdefault(word, set()).add(code)
    return told


@lru_cache(maxsize=1 << 16)
def languages_of(word: str) -> set[str]:
    """The languages that are known to have a word, as a whole or by its affix."""
    told, parts = vocabulary(), [word]
    for size in range(2, min(AFFIX + 1, len(word))):
        parts += [f"{word[:size]}-", f"-{word[-size:]}"]
    return set().union(*(told.get(part, ()) for part in parts))


@cache
def _alphabet(code: str) -> set[str]:
    words = [word for word, codes in vocabulary().items() if code in codes]
    counts = Counter(letter for word in words for letter in set(word))
    few = COMMON_LETTER if language(code).locale else 1
    return set("abcdefghijklmnopqrstuvwxyz0123456789") | {c for c in counts if counts[c] >= few}


@lru_cache(maxsize=1 << 16)
def script_of(word: str) -> str:
    """The script of a word's first letter; empty for numbers and scripts that are not known."""
    found = _SCRIPT.search(word)
    return found.lastgroup if found else ""


@cache
def _scripts(code: str) -> tuple[str, ...]:
    return _WRITTEN.get(language(code).script, (language(code).script,))


@cache
def _codes() -> dict[str, str]:
    """The language of each label of the identifier that counts here."""
    return _OTHERS | {label: code for code in LANGUAGES if (label := identifier_label(code))}


@lru_cache(maxsize=1 << 14)
def _probabilities(text: str) -> dict[str, float]:
    """The identifier's, by ISO 639-3; what it holds to be yet another language is left out."""
    found = dict.fromkeys(_codes().values(), 0.0)
    for label, p in language_probabilities(_NO_WORD.sub(" ", text)).items():
        if label in _codes():
            found[_codes()[label]] += p
    return found


def likeness(text: str, other: str) -> float:
    """Percent of the characters that agree, in order; 0 if one of the texts is empty."""
    return fuzz.ratio(text, other) if text and other else 0.0


def _candidates(words: Sequence[str]) -> list[str]:
    """The languages that are written in the script of most words."""
    shares = Counter()
    for word in words:
        shares[script_of(word)] += WEIGHTS[script_of(word)]
    if shares["Kana"] > 0.1 * shares["Han"]:
        return ["jpn"]
    most = max(shares, key=shares.__getitem__)
    return [code for code in LANGUAGES if most in _scripts(code)]


def _word_score(words: Sequence[str], code: str, texts: Mapping[str, str]) -> float:
    """The log-odds of a language from the words that it is known to have."""
    known = set(units(texts.get(code, ""), "eng"))
    told = [len(languages_of(word)) for word in words if code in languages_of(word)]
    # related languages share words, so a few of the text's words tell nothing
    own = [w in known for w in words if not languages_of(w) and WEIGHTS[script_of(w)] == 1]
    share = sum(own) / max(1, len(own))
    return FREQUENT * sum(n**-0.5 for n in told) + KNOWN * share**2 * sum(own)


def _scores(text: str, likely: set[str], texts: Mapping[str, str]) -> dict[str, float]:
    """Log-odds of languages, up to a constant.

    Args:
        texts: normalized texts of the request, by language.
    """
    words, found, plain = units(text, "eng"), _probabilities(text), normalize_text(text)
    candidates = _candidates(words)
    scores = {}
    for code in set(found).difference(LANGUAGES):  # no frequent words of theirs are known
        scores[code] = math.log(max(found[code], LEAST)) + FREQUENT * (found[code] > 0.5)
    for code in candidates:
        p = found.get(code, 0.0)
        if code in likely and code not in found:
            p = UNKNOWN * (1 - max(found.values()))
        if code in likely and (not identifier_label(code) or _scripts(code)[0] == "Han"):
            # the identifier takes dialects for their relatives, which are in the same script
            kin = [c for c in candidates if c not in likely and "Latn" not in _scripts(c)]
            p = max([p, *(found.get(c, 0.0) for c in kin)])
        agree = likeness(plain, texts.get(code, "")) / 100
        scores[code] = math.log(max(p, LEAST)) + LIKELY * (code in likely) + EQUAL * agree**20
        scores[code] += _word_score(words, code, texts)
        if _scripts(code)[0] in ("Latn", "Cyrl"):  # the other alphabets are not known
            scores[code] -= FOREIGN * sum(not _alphabet(code).issuperset(word) for word in words)
    return scores


def is_noise(text: str) -> bool:
    """Whether most words of a text have no vowel, where the script writes vowels."""
    words = units(text, "eng")
    silent = [w for w in words if script_of(w) in ("Latn", "Cyrl")]
    silent = [w for w in silent if not _VOWEL.search(normalize("NFD", w))]
    return len(silent) > len(words) / 2


def observed_language(
    text: str, likely: Iterable[str], texts: Mapping[str, str] | None = None
) -> str:
    """The language of a text, ISO 639-3; empty where it is in numbers, names or noise.

    Args:
        likely: languages to prefer where the text leaves a doubt; others are found too.
        texts: what the text may render, by language, as `normalize_text` leaves it.
    """
    likely, texts = set(likely), texts or {}
    text = _LOOP.sub(r"\1", repair_text(TAG.sub(" ", text))[0])
    words = units(text, "eng")
    if not any(map(script_of, words)) or is_noise(text):
        return ""
    scores = _scores(text, likely, texts)
    best = max(scores, key=scores.__getitem__)
    if best in LANGUAGES and _word_score(words, best, texts):
        return best
    p = _probabilities(text).get(best, 1.0)
    alike = likeness(normalize_text(text), texts.get(best, "")) > ALIKE
    return best if (p > IDENTIFIED or alike) and (best in likely or len(words) > 1) else ""


def _word_evidence(word: str, pair: tuple[str, str], known: Sequence[set[str]]) -> float:
    """Above 0 where a word is in the first language, below 0 where it is in the second."""
    fits = [script_of(word) in _scripts(code) for code in pair]
    told = [code in languages_of(word) for code in pair]
    seen = [word in own for own in known]
    other = known[seen[0]]
    if all(seen) or (any(seen) and any(fuzz.ratio(word, w) > SPELLED for w in other if len(w) > 3)):
        return 0.0  # a name or loan word, perhaps in two spellings
    own = (seen[0] and not told[1]) - (seen[1] and not told[0])
    return SCRIPT * (fits[0] - fits[1]) + TOLD * (told[0] - told[1]) + OWN * own


def words_in_each(text: str, pair: tuple[str, str], texts: Mapping[str, str]) -> list[float]:
    """How many words are in each of two languages, by the most probable division into stretches.

    Viterbi's algorithm with a state for each language. Weak evidence for one does not count.
    """
    words = units(text, "eng")
    known = [set(units(texts.get(code, ""), "eng")) for code in pair]
    names = {word for word in known[0] & known[1] if not languages_of(word)}
    values = [_word_evidence(word, pair, known) for word in words]
    best, steps = (0.0, 0.0), []
    for value in values:
        one, two = best
        steps.append((two - CHANGE >= one, one - CHANGE >= two))  # the later change
        best = (max(one, two - CHANGE) + value / 2, max(two, one - CHANGE) - value / 2)
    state, counts, evidence = int(best[1] > best[0]), [0.0, 0.0], [0.0, 0.0]
    for word, value, changed in zip(words[::-1], values[::-1], steps[::-1], strict=True):
        counts[state] += WEIGHTS[script_of(word)] * (word not in names)
        evidence[state] += -value if state else value
        state ^= changed[state]
    return [n if found > DIVIDED else 0.0 for n, found in zip(counts, evidence, strict=True)]
