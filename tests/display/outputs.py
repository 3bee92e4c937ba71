"""Output rows and studies whose differences are known."""

import random

from lib.scoring.estimates import Components, Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Study

WORDS = "one two three four five six seven eight nine ten eleven twelve".split()
MARKUP = "<script>alert('x')</script>"
EST_ENG, QUE_SPA = ("est", "eng"), ("que", "spa")


def is_escaped(html):
    """Whether `MARKUP` is shown, and not as markup."""
    return "&lt;script" in html and "<script" not in html


def references(count=24):
    rng = random.Random(0)
    return [" ".join(rng.sample(WORDS, 6)) for _ in range(count)]


def corrupt(texts, share, seed):
    """Replace a share of the words."""
    rng = random.Random(f"{share} {seed}")
    return [
        " ".join("wrong" if rng.random() < share else word for word in text.split())
        for text in texts
    ]


def output_rows(strategy, share=0.0, *, seed=1, task="ST", direction=EST_ENG, system="gmu",
                hypotheses=None, audio=""):
    """Rows of 24 utterances by 12 speakers, with a share of wrong words."""
    texts = references()
    hypotheses = hypotheses or corrupt(texts, share, seed)
    return [
        OutputRow(
            system=system,
            strategy=strategy,
            stage="stage",
            task=task,
            source=direction[0],
            target=direction[0] if task == "ASR" else direction[1],
            subset="test",
            seed=seed,
            id=f"clip-{index:03d}",
            speaker=f"speaker-{index % 12}",
            seconds=2.0,
            audio=audio,
            reference=reference,
            hypothesis=hypothesis,
            tokens=6,
            log_probability=None,
            ending="end",
        )
        for index, (reference, hypothesis) in enumerate(zip(texts, hypotheses, strict=True))
    ]


def study_of(rows, direction=EST_ENG):
    """A study in which every row belongs to a run of its own direction."""
    return Study.of((direction, row) for row in rows)


def score_row(strategy, value, *, source="est", target="eng", task="ST", metric="BLEU",
              system="gmu", run="10"):
    """A row of scores.csv."""
    return {
        "run": run,
        "system": system,
        "strategy": strategy,
        "task": task,
        "source": source,
        "target": target,
        "metric": metric,
        "value": value,
        "low": value - 1,
        "high": value + 1,
        "n": 24,
        "seed": 1,
    }


def estimate(*values, half_width):
    """The mean of one value per seed, with an interval of a known width."""
    return Estimate(
        metric="BLEU",
        value=sum(values) / len(values),
        standard_error=half_width / 1.96,
        degrees_of_freedom=1e9,
        values=values,
        n=24,
        unit="utterance(24)",
        components=Components(items=0.0, seed_items=0.0, training=0.0),
    )
