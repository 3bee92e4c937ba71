"""The table of planted defects: what is wrong with a line, and the finding that names it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import soundfile
import soxr

from tests.corpora.curation.planted import FOREIGN, SWAPPED
from tests.corpora.curation.speech import RATE, speech

LONG = "un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze " * 3
MEGABYTE = "word " * 200_000
SAME = "une seule phrase pour toutes ces lignes"
REPEATED = 15  # lines with the translation SAME


@dataclass(frozen=True)
class Line:
    """A line with a defect, the step and outcome of its finding, and words of the problem."""

    name: str
    step: str
    outcome: str
    says: str
    columns: dict[str, str] = field(default_factory=dict)
    eng: Callable[[str], str] = str  # from a clean transcript
    fra: Callable[[str], str] = str  # from a clean translation
    sound: Callable[[np.ndarray], object] | None = None  # samples, or samples and a rate
    line: Callable[[str], bytes] = str.encode  # from a clean line

    def __str__(self) -> str:
        return self.name


def text(name, says, eng=str, fra=str, outcome="noted", step="text"):
    return Line(name, step, outcome, says, eng=eng, fra=fra)


def put(part):
    """In the middle of a text."""
    return lambda words: f"{words[: len(words) // 2]}{part}{words[len(words) // 2 :]}"


def be(words):
    return lambda _: words


def column(name, step, outcome, says, **columns):
    return Line(name, step, outcome, says, columns)


def sound(name, says, change, outcome="noted", step="sound", **columns):
    return Line(name, step, outcome, says, columns, sound=change)


def upsampled(wave):
    return soxr.resample(soxr.resample(wave, RATE, 8000), 8000, RATE)


def half_silent(wave):
    return np.where(np.arange(len(wave)) < len(wave) / 2, 0.0, wave)


def noise(wave):
    return 0.05 * np.random.default_rng(1).standard_normal(len(wave))


TEXTS = (
    text("Cyrillic letter", "look alike: Cyrillic е", put("thе"), outcome="noted"),
    text("Greek letter", "look alike: Greek ο", fra=put("bοn")),
    text("mojibake", "'Ã©'", fra=put("Ã©tÃ©")),
    text("mojibake of a quote", "'â€'", put("â€™s")),
    text("mojibake of Russian", "UTF-8 that was read", put("РџСЂРёРІРµС‚")),
    text("lost letter", "'�'", fra=put("�")),
    text("tag", "a tag: '<br/>'", put("<br/>")),
    text("tag with attributes", "a tag: '<a href=", put('<a href="x">')),
    text("entity", "an entity: '&amp;'", put("&amp;")),
    text("numeric entity", "an entity: '&#233;'", fra=put("&#233;")),
    text("JSON escape", "an escape", fra=put("\\u00e9t")),
    text("web address", "a web address", put(" https://example.org/a ")),
    text("nan", "'nan', which stands for no text", fra=be("nan")),
    text("NULL", "'NULL', which stands for no text", be("NULL")),
    text("N/A", "'N/A', which stands for no text", fra=be("N/A")),
    text("#REF!", "'#REF!', which stands for no text", fra=be("#REF!")),
    text("noise annotation", "an annotation alone", be("[noise]")),
    text("laughter annotation", "an annotation alone", fra=be("(rires)")),
    text("digits", "in digits alone", be("2024")),
    text("equal texts", "texts are equal", be("pas du tout comme ça"), be("Pas du tout comme ça.")),
    text("20-fold translation", "texts have", be("so it is"), be(LONG)),
    text("20-fold transcript", "texts have", be("the same very long sentence " * 3), be("oui")),
    text("1 MB line", "characters for", be(MEGABYTE), outcome="dropped", step="speaking rate"),
    text("swapped", "are swapped", be(SWAPPED["eng"]), be(SWAPPED["fra"]), "dropped", "language"),
    text("foreign", "seems to be deu", be(FOREIGN), outcome="dropped", step="language"),
    text(
        "other script", "script", fra=be("это не по-французски"), outcome="dropped", step="language"
    ),
    text("empty", "translation is empty", fra=be(""), outcome="dropped"),
    text("punctuation alone", "transcript is empty", be("..."), outcome="dropped"),
    text("open quote", "quotes", put(' "')),
    text("zero-width space", "without width", put("\u200b"), outcome="repaired"),
    text("soft hyphen", "without width", fra=put("\u00ad"), outcome="repaired"),
    text("mark within", "without width", fra=put("\ufeff"), outcome="repaired"),
    text("direction mark", "direction marks", fra=put("\u202c"), outcome="repaired"),
    text("control character", "control characters", put("\x07"), outcome="repaired"),
    text(
        "NFD", "NFC", fra=lambda t: unicodedata.normalize("NFD", t + " à côté"), outcome="repaired"
    ),
)
COLUMNS = (
    column("source en", "language", "repaired", "source is 'en'", source="en"),
    column("source Eng", "language", "repaired", "source is 'Eng'", source="Eng"),
    column("target FRA", "language", "repaired", "target is 'FRA'", target="FRA"),
    column("target fr-FR", "language", "repaired", "target is 'fr-FR'", target="fr-FR"),
    column("target fre", "language", "repaired", "target is 'fre'", target="fre"),
    column("source xxx", "line", "dropped", "'xxx' is not known", source="xxx"),
    column("target french", "line", "dropped", "'french' is not known", target="french"),
    column("no source", "line", "dropped", "source is empty", source=""),
    column("split", "line", "dropped", "split is 'eval'", split="eval"),
    column("words for seconds", "line", "dropped", "not a number", seconds="two"),
    column("infinite seconds", "line", "dropped", "not a number", seconds="inf"),
    column("milliseconds", "length", "dropped", "milliseconds", seconds="*1000"),
    column("minutes", "length", "dropped", "minutes", seconds="/60"),
    column("negative seconds", "length", "dropped", "seconds is -2", seconds="-2"),
    column("negative start", "line", "dropped", "before the recording", start="-1"),
    column("start alone", "line", "dropped", "no seconds", start="1", seconds=""),
    column("end beyond", "length", "dropped", "ends at", start="1"),
    column("no audio", "line", "dropped", "audio is empty", audio=""),
    column("missing file", "file", "dropped", "no such file", audio="clips/gone.wav"),
    column("bad fragment", "file", "dropped", "no such file", audio="clips/x.wav#t=1.2.3,4"),
    column("outside", "file", "dropped", "outside", audio="../elsewhere.wav"),
    column("id again", "identifier", "dropped", "earlier line", id="train0"),
    column("licence", "licence", "dropped", "CC-BY-NC-4.0", licence="CC-BY-NC-4.0"),
    column("speaker of test", "speaker", "noted", "'test1' is in several", speaker="test1"),
    column("speaker spelled", "speaker", "noted", "'dev one' or 'Dev  One'", speaker="Dev  One"),
    Line("tab in a text", "columns", "dropped", "fields", line=lambda t: f"{t}\tx".encode()),
    Line("Latin-1", "encoding", "dropped", "UTF-8", line=lambda t: (t + "é").encode("latin-1")),
    Line("CRLF", "line ends", "repaired", "CRLF", line=lambda t: f"{t}\r".encode()),
)
SOUNDS = (
    sound("upsampled", "upsampled from 8 kHz", upsampled),
    sound("8 kHz", "8000 Hz", lambda x: (soxr.resample(x, RATE, 8000), 8000), "repaired", "file"),
    sound("DC offset", "DC offset", lambda x: x + 0.1),
    sound("clipped", "at full scale", lambda x: np.clip(x * 80, -1, 1), "dropped"),
    sound("clipped, turned down", "plateaus", lambda x: np.clip(x * 80, -1, 1) / 3, "dropped"),
    sound("half digital silence", "digital silence", half_silent),
    sound("noise", "steady noise", noise),
    sound("silence", "silent", np.zeros_like, "dropped"),
    sound("silent channel", "channel 2 is", lambda x: np.stack([x, 0 * x], 1)),
    sound("channels that cancel", "silent", lambda x: np.stack([x, -x], 1), "dropped"),
    sound("stereo", "2 channels", lambda x: np.stack([x, x], 1), "repaired", "file"),
    sound("no samples", "no samples", lambda x: x[:0], "dropped", "file"),
    sound("not finite", "infinite", lambda x: x + np.inf, "dropped", "file"),
    sound("50 ms", "shorter than", lambda x: x[:800], "dropped", "duration", seconds=""),
    sound("40 s", "longer than", lambda x: speech(40, 150, 5), "dropped", "duration", seconds=""),
    sound("29 s of a few words", "characters a second", lambda x: speech(29, 150, 6), "dropped",
          "speaking rate", seconds=""),
)  # fmt: skip
# sound of a clean line, which another split or the same one has too
COPIES = (
    ("resampled copy of test", "test0", "dropped", upsampled, "wav"),
    ("quieter copy of test", "test1", "dropped", lambda x: 0.2 * x, "wav"),
    ("compressed copy of test", "test2", "dropped", lambda x: x, "ogg"),
    ("turned copy of dev", "dev0", "dropped", lambda x: -0.9 * x, "flac"),
    ("quieter copy of train", "train3", "noted", lambda x: 0.3 * x, "wav"),
)
# the text of a clean line, disguised
LEAKS = (
    ("sentence of test", "test0", str),
    ("with a soft hyphen", "test1", put("\u00ad")),
    ("with a zero-width space", "test2", put("\u200b")),
    ("with a joiner", "test3", put("\u200d")),
    ("in capitals", "test4", str.upper),
    ("without punctuation", "test5", lambda t: t.replace(",", "")),
    ("with wide spaces", "test6", lambda t: t.replace(" ", "\u2003")),
    ("sentence of dev", "dev1", str),
)  # fmt: skip


def write_sound(path, found):
    """Write samples at 16 kHz, or samples with a rate, as floats where the format has them."""
    samples, rate = found if isinstance(found, tuple) else (found, RATE)
    subtype = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS"}[path.suffix[1:]]
    if not np.isfinite(samples).all():
        subtype = "FLOAT"
    soundfile.write(path, samples, rate, subtype=subtype)
