"""A careful curator's table: each planted defect is named, none ends curation, clean lines stay."""

import json
import os
from dataclasses import dataclass, field

import pytest
import soundfile

from lib.corpora.catalogue import load_curated
from lib.corpora.curation.rules import OPEN_LICENCES, Rules
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook
from lib.corpora.sources.own import BadManifest
from lib.utterance import SPLITS
from tests.corpora.curation import planted_defects as table
from tests.corpora.curation.corpora import kept
from tests.corpora.curation.planted import clean_row
from tests.corpora.curation.speech import RATE, speech

COLUMNS = (
    "id audio split source target transcript translation speaker start seconds licence notes"
).split()
CLEAN = {"train": 70, "dev": 8, "test": 10}
SPEAKERS = {"train": ["s1", "s2", "s3", "s4", "s5"], "dev": ["dev one"], "test": ["test1"]}
LINE_DEFECTS = (*table.TEXTS, *table.COLUMNS, *table.SOUNDS)


@dataclass
class Corpus:
    """A manifest under construction, and where in it each defect is planted."""

    folder: object
    sentences: dict
    lines: list = field(default_factory=lambda: ["\t".join(COLUMNS).encode()])
    rows: dict = field(default_factory=dict)  # id -> row
    waves: dict = field(default_factory=dict)  # id -> samples
    expected: dict = field(default_factory=dict)  # defect -> line, step, outcome, says
    clean: list = field(default_factory=list)  # ids of lines without a defect

    def add(self, name, home="train", as_line=str.encode, **columns):
        """Append a line of a clean sentence with its sound, but for the columns given."""
        number = len(self.lines)
        texts = next(self.sentences[home])
        speaker = SPEAKERS[home][number % len(SPEAKERS[home])]
        if isinstance(words := columns.get("transcript"), str):
            texts = texts | {"eng": words}
        row = dict.fromkeys(COLUMNS, "") | clean_row(name, home, texts, speaker)
        seconds = float(row["seconds"])
        pitch = 100 + 12 * (sum(map(ord, speaker)) % 9)
        self.waves[name] = speech(seconds, pitch, seed=number)
        table.write_sound(self.folder / row["audio"], self.waves[name])
        row |= {
            key: value(row[key]) if callable(value) else value for key, value in columns.items()
        }
        self.rows[name] = row
        self.lines.append(as_line("\t".join(row[column] for column in COLUMNS)))
        return self.folder / "clips" / f"{name}.wav"

    def expect(self, name, step, outcome, says):
        """Expect a finding about the last line."""
        assert name not in self.expected
        self.expected[name] = f"own.tsv:{len(self.lines)}", step, outcome, says


def plant(folder):
    (folder / "clips").mkdir(parents=True)
    sizes = {"train": 260, "dev": 12, "test": 12}
    book = Phrasebook(spoken=("eng",), written=("eng", "fra"), breadth=ALL_OF_CLDR, seed=3, **sizes)
    contents = {split: book.contents(split, count) for split, count in sizes.items()}
    corpus = Corpus(folder, {s: iter([book.texts(c) for c in contents[s]]) for s in SPLITS})
    for split, count in CLEAN.items():
        for number in range(count):
            corpus.add(f"{split}{number}", split)
            corpus.clean.append(f"{split}{number}")
    for number, defect in enumerate(LINE_DEFECTS):
        plant_line(corpus, f"defect{number}", defect)
    plant_leaks(corpus)
    plant_parts(corpus)
    plant_files(corpus)
    for number in range(table.REPEATED):
        corpus.add(f"same{number}", translation=table.SAME)
        if number == 0:
            corpus.expect("a translation on 15 lines", "text", "noted", "15 different transcripts")
    content = b"\xef\xbb\xbf" + b"\n".join(corpus.lines) + b"\n"
    (folder / "own.tsv").write_bytes(content)
    corpus.expected["byte order mark"] = "own.tsv:1", "byte order mark", "repaired", "byte order"
    corpus.expected["unknown column"] = "own.tsv:1", "columns", "noted", "notes is not read"
    return corpus


def plant_line(corpus, name, defect):
    columns = {"transcript": defect.eng, "translation": defect.fra} | defect.columns
    if factor := {"*1000": 1000, "/60": 1 / 60}.get(defect.columns.get("seconds")):
        columns["seconds"] = lambda seconds: f"{float(seconds) * factor:.4f}"
    audio = corpus.add(name, as_line=defect.line, **columns)
    if defect.sound:
        table.write_sound(audio, defect.sound(corpus.waves[name]))
    corpus.expect(defect.name, defect.step, defect.outcome, defect.says)


def plant_leaks(corpus):
    for number, (name, original, disguise) in enumerate(table.LEAKS):
        words = disguise(corpus.rows[original]["transcript"])
        corpus.add(f"leak{number}", transcript=words)
        corpus.expect(f"leak {name}", "overlap", "dropped", "its sentence is also in")
    translation = corpus.rows["test7"]["translation"]
    corpus.add("translated", translation=translation)
    corpus.expect("leak of a translation", "overlap", "dropped", "its sentence is also in test")
    for number, (name, original, outcome, change, suffix) in enumerate(table.COPIES):
        audio = f"clips/copy{number}.{suffix}"
        words = " ".join(reversed(corpus.rows[original]["transcript"].split()))
        corpus.add(f"copy{number}", audio=audio, seconds="", transcript=words)
        table.write_sound(corpus.folder / audio, change(corpus.waves[original]))
        corpus.expect(name, "duplicate", outcome, "sounds like")
    words = " ".join(reversed(corpus.rows["test3"]["transcript"].split()))
    corpus.add("copy", audio="clips/test3.wav", seconds="", transcript=words)
    corpus.expect("the same file in test", "duplicate", "dropped", "same audio, with other text")


def plant_parts(corpus):
    """Parts of a recording of 6 s: neighbours that touch, and one that reaches into test."""
    soundfile.write(corpus.folder / "talk.wav", speech(6, 124, 77), RATE)
    part = {"audio": "talk.wav", "seconds": "3"}
    corpus.add("part0", "test", start="0", transcript="this is how the talk begins", **part)
    corpus.add("part1", start="2.7", transcript="and so it goes on after that", **part)
    corpus.clean += ["part0", "part1"]
    corpus.add("part2", start="1.5", transcript="where one and the other meet", **part)
    corpus.expect("overlapping parts", "overlap", "dropped", "1.50 s of it are also in test")


def plant_files(corpus):
    audio = corpus.add("cut", seconds="")
    os.truncate(audio, audio.stat().st_size // 2)
    corpus.expect("truncated", "file", "dropped", "truncated")
    corpus.add("words", seconds="").write_text("no audio")
    corpus.expect("text as audio", "file", "dropped", "not readable as audio")
    audio = corpus.add("pipe", seconds="")
    audio.unlink()
    os.mkfifo(audio)
    corpus.expect("named pipe", "file", "dropped", "pipe")
    audio = corpus.add("loop", seconds="")
    audio.unlink()
    audio.symlink_to(audio.name)
    corpus.expect("link to itself", "file", "dropped", "symbolic links")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("planted") / "own")


@pytest.fixture(scope="module")
def curated(corpus, tmp_path_factory):
    rules = Rules(licences=OPEN_LICENCES)
    manifest, cache = corpus.folder / "own.tsv", tmp_path_factory.mktemp("cache")
    return load_curated("own", manifest, cache, rules, "eng", "fra")


@pytest.fixture(scope="module")
def findings(curated):
    found = {}
    for finding in curated.findings():
        found.setdefault((finding.origin, finding.step, finding.outcome), []).append(finding)
    return found


PLANTED = (
    *(defect.name for defect in LINE_DEFECTS),
    *(f"leak {name}" for name, *_ in table.LEAKS),
    *(name for name, *_ in table.COPIES),
    *("leak of a translation", "the same file in test", "overlapping parts"),
    *("truncated", "text as audio", "named pipe", "link to itself"),
    *("a translation on 15 lines", "byte order mark", "unknown column"),
)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defect_is_named(corpus, findings, name):
    *place, says = corpus.expected[name]
    named = findings.get(tuple(place), [])
    others = [f"{f.step}, {f.outcome}: {f.problem}" for g in findings.values() for f in g
              if f.origin == place[0]]  # fmt: skip
    assert any(says in finding.problem for finding in named), others
    assert all(finding.remedy for finding in named)


def test_the_table_is_whole(corpus):
    assert sorted(PLANTED) == sorted(corpus.expected)
    assert len(PLANTED) + len(MANIFESTS) + len(JSON_LINES) >= 64
    assert len(corpus.clean) >= 86


def test_every_clean_line_is_kept_as_it_is(corpus, curated):
    store = {utterance.id: utterance for utterance in curated.store}
    assert set(corpus.clean) <= set(kept(curated))
    for name in corpus.clean:
        row = corpus.rows[name]
        assert store[name].texts == {"eng": row["transcript"], "fra": row["translation"]}


def test_nothing_is_found_about_clean_lines(corpus, findings):
    line_of = {name: f"own.tsv:{number}" for number, name in enumerate(corpus.rows, start=2)}
    clean = {line_of[name] for name in corpus.clean}
    assert [f for group in findings.values() for f in group if f.origin in clean] == []


HEADER = "audio\tsource\ttarget\ttranscript\n"
LINE = "a.wav\teng\tfra\tso it is\n"
MANIFESTS = {  # name -> content, words of the error
    "empty": (b"", "is empty"),
    "header alone": (HEADER.encode(), "lists nothing"),
    "CR line ends": ((HEADER + LINE).replace("\n", "\r").encode(), "ends its lines in CR"),
    "UTF-16": ((HEADER + LINE).encode("utf-16"), "UTF-16"),
    "UTF-16 without mark": ((HEADER + LINE).encode("utf-16-le"), "UTF-16"),
    "column twice": ((HEADER.strip() + "\ttranscript\n").encode(), "column transcript twice"),
    "no column source": (b"audio\ttranscript\na.wav\thi\n", "lacks the column source"),
    "commas": (HEADER.replace("\t", ",").encode(), "lacks the column"),
    "other languages": ((HEADER + LINE).replace("fra", "deu").encode(), r"eng into deu \(1\)"),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_cannot_be_used_is_an_error(tmp_path, name):
    content, says = MANIFESTS[name]
    (tmp_path / "own.tsv").write_bytes(content)
    with pytest.raises(BadManifest, match=f"own.tsv.*{says}"):
        load_curated("own", tmp_path / "own.tsv", tmp_path / "cache", Rules(), "eng", "fra")


CUT = '{"type": "MonoCut", "recording": {"sources": %s}, "supervisions": [{"id": "s"%s}]%s}'
JSON_LINES = {
    "half a character": '{"audio": "a.wav", "source": "eng", "transcript": "\\ud83d"}',
    "NUL in a path": '{"audio": "a\\u0000.wav", "source": "eng"}',
    "5,000 digits": f'{{"audio": "a.wav", "source": "eng", "seconds": {"9" * 5000}}}',
    "100,000 brackets": "[" * 100_000,
    "a key twice": '{"audio": "a.wav", "source": "eng", "source": "fra"}',
    "a list": "[1]",
    "not JSON": "{oops",
    "cut without start": CUT % ('[{"source": "a.wav"}]', ', "start": 0, "duration": 1', ""),
    "cut without sources": CUT % ("[]", ', "start": 0, "duration": 1', ', "start": 0'),
    "supervision without start": CUT % ('[{"source": "a.wav"}]', "", ', "start": 0'),
    "texts as a list": '{"audio": "a.wav", "source": "eng", "texts": ["hi"]}',
}


@pytest.mark.parametrize("name", JSON_LINES)
def test_a_json_line_that_is_no_utterance_is_dropped_and_the_others_stay(tmp_path, name):
    soundfile.write(tmp_path / "good.wav", speech(2, 120, 1), RATE)
    good = {"audio": "good.wav", "source": "eng", "split": "test", "transcript": "so it was said"}
    lines = [JSON_LINES[name], json.dumps(good)]
    (tmp_path / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    curated = load_curated("own", tmp_path / "own.jsonl", tmp_path / "cache")
    (finding,) = curated.findings()
    assert (finding.origin, finding.outcome) == ("own.jsonl:1", "dropped")
    assert finding.remedy
    assert kept(curated) == ["good"]
