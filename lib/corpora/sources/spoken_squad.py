"""Spoken-SQuAD: questions about Wikipedia passages read by a synthetic voice (Interspeech 2018).

With SQuAD 2.0 beside it, also questions that the passage does not answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

from lib.bounded import BadData, parse_json, read_regular
from lib.corpora.sources.reading import Entries, NotObtained
from lib.corpora.sources.splits import train_or_dev
from lib.utterance import Finding, Utterance

SQUAD_PART = {
    "train": "train",
    "test": "dev",
}  # Spoken-SQuAD's part -> SQuAD's, as in audio folders
DEV_EVERY = 10  # one training article in 10: the corpus publishes train and test only


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read spoken_{train,test}-v1.1.json: one utterance a question, its audio is the passage.

    A tenth of the training articles is dev, by hash of the title, so that an article is in one
    split. The transcript is the published one, of a recogniser. The audio of a passage is
    Spoken-SQuAD_audio/{train,dev}_passages/TOPIC_PARAGRAPH.wav, joined from published sentences as
    the data card says. If SQuAD's {train,dev}-v1.1.json and -v2.0.json are there, the questions
    that 2.0 marks as impossible are added, without answers. All lists are held in memory.
    """
    if spoken not in (None, "eng"):
        return
    audio = folder / "Spoken-SQuAD_audio"
    lists = {part: folder / f"spoken_{part}-v1.1.json" for part in SQUAD_PART}
    if not any(path.exists() for path in lists.values()):
        remedy = "`folder` must be the repository Spoken-SQuAD"
        raise NotObtained(f"{lists['train']} is not there; {remedy}")
    # the repository has both lists, but a user may fetch the audio of one part only
    passages = {part: audio / f"{squad}_passages" for part, squad in SQUAD_PART.items()}
    passages = {part: path for part, path in passages.items() if path.is_dir()}
    if not passages:
        archive = next(audio.glob("*_wav.zip"), None)
        unpack = f"unpack {archive}, then " if archive else ""
        remedy = f"{unpack}join the sentences of each passage as the data card says"
        raise NotObtained(f"{audio}/dev_passages is not there; {remedy}")
    for part, passage_folder in passages.items():
        impossible = yield from _impossible_questions(folder, SQUAD_PART[part])
        articles = yield from _read_articles(lists[part], folder)
        for topic, article in enumerate(articles):
            title = article["title"]
            split = train_or_dev(title, DEV_EVERY) if part == "train" else part
            for paragraph, passage in enumerate(article["paragraphs"]):
                for question in passage["qas"] + impossible[title, paragraph]:
                    name = f"{part}_{topic}_{paragraph}-{question.get('id', '')}"
                    origin = f"{lists[part].name}:1"
                    audio_path = passage_folder / f"{topic}_{paragraph}.wav"
                    yield _question(name, question, passage["context"], audio_path, split, origin)


def _question(
    name: str, question: dict, context: str, audio: Path, split: str, origin: str
) -> Utterance | Finding:
    try:
        text = question["question"].strip()
        answers = tuple(dict.fromkeys(answer["text"].strip() for answer in question["answers"]))
    except (KeyError, TypeError, AttributeError) as error:
        return Finding(
            step="question",
            id=name,
            origin=origin,
            problem=f"the question lacks a part or has one of a wrong type ({error!r})",
            remedy="download the list again",
        )
    return Utterance(
        id=name,
        audio=audio,
        seconds=float("nan"),
        language="eng",
        speaker="",
        split=split,
        texts={"eng": context.strip()},
        question=text,
        answers=answers,
        origin=origin,
    )


def _read_articles(path: Path, folder: Path) -> Generator[Finding, None, list[dict]]:
    try:
        articles = parse_json(read_regular(path))["data"]
        for article in articles:
            _check_article(article)
        return articles
    except OSError as error:
        remedy = "see the layout in the corpus's data card"
        raise NotObtained(f"{path} is not there ({error.strerror}); {remedy}") from error
    except (BadData, KeyError, TypeError) as error:
        yield Finding(
            step="list",
            origin=f"{path.relative_to(folder)}:{getattr(error.__cause__, 'lineno', 1)}",
            problem=f"is not SQuAD's JSON ({error!r:.200})",
            remedy="download it again",
        )
        return []


def _check_article(article: dict) -> None:
    """Raise a KeyError or a TypeError unless an article is one."""
    for passage in article["paragraphs"]:
        texts, questions = (article["title"], passage["context"]), passage["qas"]
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("a title or a context is no text")
        if not isinstance(questions, list) or not all(isinstance(q, dict) for q in questions):
            raise TypeError("the questions are no list of objects")


def _impossible_questions(
    folder: Path, part: str
) -> Generator[Finding, None, defaultdict[tuple[str, int], list[dict]]]:
    """SQuAD 2.0's impossible questions by title and paragraph in SQuAD 1.1, as in Spoken-SQuAD."""
    questions = defaultdict(list)
    squad_1, squad_2 = folder / f"{part}-v1.1.json", folder / f"{part}-v2.0.json"
    if not (squad_1.exists() and squad_2.exists()):
        return questions
    paragraphs = {}
    for article in (yield from _read_articles(squad_1, folder)):
        for paragraph, passage in enumerate(article["paragraphs"]):
            paragraphs[passage["context"].strip()] = (article["title"], paragraph)
    without_passage = 0
    for article in (yield from _read_articles(squad_2, folder)):
        for passage in article["paragraphs"]:
            impossible = [question for question in passage["qas"] if question.get("is_impossible")]
            key = paragraphs.get(passage["context"].strip())
            if key:
                questions[key] += impossible
            else:
                without_passage += len(impossible)
    if without_passage:
        yield Finding(
            step="unanswerable",
            origin=f"{squad_2.name}:1",
            problem=(
                f"{without_passage} questions without an answer are about passages that "
                f"{squad_1.name} does not have"
            ),
            remedy="nothing to do: these passages have no audio",
            outcome="noted",
        )
    return questions
