"""Small corpora in the published layouts, with speech of the phrasebook."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import count

import soundfile

from lib.corpora.audio import read_audio
from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.corpora.questions import with_questions
from lib.corpora.sources.iwslt_est import DEV_EVERY
from lib.corpora.sources.splits import train_or_dev
from lib.corpora.synthesis import synthesize
from lib.utterance import SAMPLING_RATE, SPLITS

SPOKEN = ("eng", "deu", "fra", "zho", "cat", "nld", "est", "swa")
FLEURS = {"eng": "en_us", "deu": "de_de", "fra": "fr_fr", "zho": "cmn_hans_cn"}
FLEURS |= {"cat": "ca_es", "nld": "nl_nl"}
COVOST = {"eng": "en", "deu": "de", "fra": "fr", "zho": "zh-CN", "cat": "ca", "nld": "nl"}


def write_corpora(root, cache):
    """CoVoST 2, FLEURS, Spoken-SQuAD, BIG-C and the Estonian task's, each in its folder."""
    book = Phrasebook(
        spoken=SPOKEN, written=(), train=20, dev=6, test=6, breadth=TINY_BREADTH, seed=9
    )
    corpus = synthesize(book, cache)
    asked = [u for u in corpus.utterances if u.language == "eng"]
    others = [u for u in corpus.utterances if u.language != "eng"]
    asked = with_questions(replace(corpus, utterances=asked), book).utterances
    corpus = replace(corpus, utterances=[*asked, *others])
    clips = {(code, split): corpus.split(split, code) for code in SPOKEN for split in SPLITS}
    for write in (_covost2, _fleurs, _spoken_squad, _bigc, _iwslt_est):
        write(root / write.__name__.strip("_").replace("iwslt_est", "iwslt_est_eng"), clips)


def _sound(utterance, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, read_audio(utterance.audio), SAMPLING_RATE)
    return path


def _covost2(home, clips):
    """English into German and Chinese, the others into English."""
    published = {"train": "train", "dev": "dev", "test": "test"}
    for source, locale in COVOST.items():
        targets = ("deu", "zho") if source == "eng" else ("eng",)
        validated = ["client_id\tpath\tsentence\tup_votes\tgender\n"]
        lists = defaultdict(lambda: ["path\ttranslation\tsplit\n"])
        for split in SPLITS:
            for u in clips[source, split]:
                name = f"common_voice_{locale}_{u.id}.mp3"
                _sound(u, home / locale / "clips" / name)
                validated.append(f"{u.speaker}\t{name}\t{u.texts[source]}\t2\tmale\n")
                for target in targets:
                    lists[target].append(f"{name}\t{u.texts[target]}\t{published[split]}\n")
        (home / locale / "validated.tsv").write_text("".join(validated), encoding="utf-8")
        for target, lines in lists.items():
            path = home / f"covost_v2.{locale}_{COVOST[target]}.tsv"
            path.write_text("".join(lines), encoding="utf-8")


def _fleurs(home, clips):
    for code, name in FLEURS.items():
        for split in SPLITS:
            rows = []
            for number, u in enumerate(clips[code, split]):
                id = SPLITS.index(split) * 1000 + number
                _sound(u, home / "data" / name / "audio" / split / f"{id}.wav")
                text, samples = u.texts[code], round(u.seconds * SAMPLING_RATE)
                rows.append(f"{id}\t{id}.wav\t{text}\t{text}\t|\t{samples}\tFEMALE\n")
            path = home / "data" / name / f"{split}.tsv"
            path.write_text("".join(rows), encoding="utf-8")


def _spoken_squad(home, clips):
    """A tenth of the training articles, by their titles, is the development set."""
    for part, folder, own in (
        ("train", "train", [*clips["eng", "train"], *clips["eng", "dev"]]),
        ("test", "dev", clips["eng", "test"]),
    ):
        articles = []
        for topic, u in enumerate(u for u in own if u.question):
            answers = [{"text": text, "answer_start": 0} for text in u.answers]
            asked = [{"id": u.id, "question": u.question, "answers": answers}]
            passage = {"context": u.texts["eng"], "qas": asked}
            articles.append({"title": f"{part} {topic}", "paragraphs": [passage]})
            _sound(u, home / "Spoken-SQuAD_audio" / f"{folder}_passages" / f"{topic}_0.wav")
        listed = json.dumps({"version": "1.1", "data": articles})
        (home / f"spoken_{part}-v1.1.json").write_text(listed)


def _bigc(home, clips):
    """Swahili for Bemba."""
    for split, part in zip(SPLITS, ("train", "valid", "test"), strict=True):
        rows = []
        for u in clips["swa", split]:
            name = f"{u.id}.wav"
            _sound(u, home / "data" / "bem" / "audio" / name)
            row = {"audio_id": name, "speaker_id": u.speaker, "duration": u.seconds}
            row |= {"bem_transcription": u.texts["swa"], "en_translation": u.texts["eng"]}
            rows.append(json.dumps(row, ensure_ascii=False) + "\n")
        path = home / "data" / "bem" / "splits" / f"{part}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(rows), encoding="utf-8")


def _iwslt_est(home, clips):
    """Development clips come from training talks, by hash."""
    for name, splits in (("train", ("train", "dev")), ("dev", ("test",))):
        lines = ["audio\tEstonian\tEnglish\n"]
        for split in splits:
            for number, u in enumerate(clips["est", split]):
                talks = (f"{split}_{number}_{trial}" for trial in count())
                wanted = "train" if split == "test" else split
                talk = next(name for name in talks if train_or_dev(name, DEV_EVERY) == wanted)
                clip = f"{talk}/{talk}_0000_0.000_{u.seconds:.3f}.flac"
                _sound(u, home / "audio" / clip)
                lines.append(f"{clip}\t{u.texts['est']}\t{u.texts['eng']}\n")
        (home / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
