"""Spoken-SQuAD: questions about passages of Wikipedia that a synthetic voice reads (Interspeech 2018).

With SQuAD 2.0 beside it, also questions that the passage does not answer.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Generator, Iterator
from pathlib import Path

from lib.corpora.sources.reading import NotObtained
from lib.corpora.sources.splits import one_in
from lib.utterance import Finding, Utterance

PARTS = {"train": "train", "test": "dev"}  # Spoken-SQuAD's name of a part -> SQuAD's, which the folders of sound bear too
DEV_SHARE = 10  # one in so many training articles, since the corpus publishes train and test only


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """An utterance for each question of spoken_{train,test}-v1.1.json, about the passage that the sound is of.

    A tenth of the training articles is dev, by the hash of the title, so that no article is on both sides. The transcript
    is what is published: a recogniser's, a fifth of its words wrong. The sound is published a sentence a file; a passage is
    Spoken-SQuAD_audio/{train,dev}_passages/TOPIC_PARAGRAPH.wav, joined as the data card says. Each list is one line of JSON
    and is held in memory, as are SQuAD's own {train,dev}-v1.1.json and -v2.0.json, if both are there: what 2.0 marks as
    impossible to answer comes without answers.
    """
    if spoken not in (None, "eng"):
        return
    sound = folder / "Spoken-SQuAD_audio"
    lists = {part: folder / f"spoken_{part}-v1.1.json" for part in PARTS}
    if not any(path.exists() for path in lists.values()):
        raise NotObtained(f"{lists['train']} is not there; `folder` must be the repository Spoken-SQuAD")
    # the repository brings both lists, but whoever wants the test set alone need not fetch the sound of the other
    joined = {part: sound / f"{PARTS[part]}_passages" for part in PARTS if (sound / f"{PARTS[part]}_passages").is_dir()}
    if not joined:
        packed = next(sound.glob("*_wav.zip"), None)
        unpack = f"unpack {packed.name}, then " if packed else ""
        raise NotObtained(f"{sound}/dev_passages is not there; {unpack}join the sentences of each passage as the data card says")
    for part, passages in joined.items():
        path = lists[part]
        impossible = yield from _impossible(folder, PARTS[part])
        articles = yield from _articles(path, folder)
        for topic, article in enumerate(articles):
            split = "dev" if part == "train" and one_in(DEV_SHARE, article["title"]) else part
            for paragraph, passage in enumerate(article["paragraphs"]):
                for asked in passage["qas"] + impossible[article["title"], paragraph]:
                    name = f"{part}_{topic}_{paragraph}-{asked.get('id', '')}"
                    try:
                        question = asked["question"].strip()
                        answers = tuple(dict.fromkeys(answer["text"].strip() for answer in asked["answers"]))
                    except (KeyError, TypeError, AttributeError) as error:
                        what = f"the question lacks a part or has one of a wrong kind ({error!r})"
                        yield Finding("question", name, f"{path.name}:1", what, "fetch the list again")
                        continue
                    yield Utterance(
                        id=name,
                        audio=passages / f"{topic}_{paragraph}.wav",
                        seconds=float("nan"),
                        language="eng",
                        speaker="",
                        split=split,
                        texts={"eng": passage["context"].strip()},
                        question=question,
                        answers=answers,
                        origin=f"{path.name}:1",
                    )


def _articles(path: Path, folder: Path) -> Generator[Finding, None, list[dict]]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["data"]
    except OSError as error:
        raise NotObtained(f"{path} is not there ({error.strerror}); see the layout in the corpus's data card") from error
    except (ValueError, KeyError) as error:
        line = getattr(error, "lineno", 1)
        yield Finding("list", "", f"{path.relative_to(folder)}:{line}", f"is not SQuAD's JSON ({error!r:.200})", "fetch it again")
        return []


def _impossible(folder: Path, part: str) -> Generator[Finding, None, defaultdict[tuple[str, int], list[dict]]]:
    """The questions that SQuAD 2.0 asks in vain, by the passage's article and place in SQuAD 1.1, which Spoken-SQuAD keeps."""
    asked = defaultdict(list)
    old, new = (folder / f"{part}-v{version}.json" for version in ("1.1", "2.0"))
    if not (old.exists() and new.exists()):
        return asked
    places = {}
    for article in (yield from _articles(old, folder)):
        for paragraph, passage in enumerate(article["paragraphs"]):
            places[passage["context"].strip()] = (article["title"], paragraph)
    strange = 0
    for article in (yield from _articles(new, folder)):
        for passage in article["paragraphs"]:
            vain = [question for question in passage["qas"] if question["is_impossible"]]
            index = places.get(passage["context"].strip())
            if index:
                asked[index] += vain
            else:
                strange += len(vain)
    if strange:
        what = f"{strange} questions without an answer are about passages that {old.name} does not have"
        yield Finding("unanswerable", "", f"{new.name}:1", what, "nothing: nobody has read these passages aloud", "noted")
    return asked
