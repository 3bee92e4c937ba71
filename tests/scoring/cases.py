"""Output rows with a known share of wrong words, and studies made of them."""

import random

from scipy.stats import norm

from lib.scoring.estimates import Components, Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Study
from lib.systems.gmu.claims import LOW_QUALITY

WORDS = "one two three four five six seven eight nine ten eleven twelve".split()
SPEAKERS = 12
UNSEEN, SEEN = ("gle", "eng"), ("est", "eng")


def references(count=60):
    rng = random.Random(0)
    return [" ".join(rng.sample(WORDS, 6)) for _ in range(count)]


def corrupt(texts, share, seed):
    """Replace each word by "wrong" with probability `share`."""
    rng = random.Random(f"{share} {seed}")
    return [
        " ".join("wrong" if rng.random() < share else word for word in text.split())
        for text in texts
    ]


def make_rows(strategy, seed, share, task="ST", pair=SEEN, system="gmu", texts=None):
    """Rows of one system, with a share of wrong words."""
    texts = texts or references()
    return [
        OutputRow(
            system=system,
            strategy=strategy,
            stage="stage",
            task=task,
            source=pair[0],
            target=pair[1],
            subset="test",
            seed=seed,
            id=f"clip-{index:03d}",
            speaker=f"speaker-{index % SPEAKERS}",
            seconds=2.0,
            audio="",
            reference=reference,
            hypothesis=hypothesis,
            tokens=6,
            log_probability=None,
            ending="end",
        )
        for index, (reference, hypothesis) in enumerate(
            zip(texts, corrupt(texts, share, seed), strict=True)
        )
    ]


def study_of(rows):
    """A study of runs with the target language that goes with a source language here."""
    target = {"est": "eng", "gle": "eng"}
    return Study.of(((row.source, target.get(row.source, row.target)), row) for row in rows)


def example_study():
    """Three seeds of two pairs: ASR initialisation helps the unseen language only."""
    rows = []
    for seed in (1, 2, 3):
        for pair in (UNSEEN, SEEN):
            start = 0.15 if pair == UNSEEN else 0.30
            shares = {
                "direct_twice": 0.27 if pair == UNSEEN else 0.2,
                "direct": 0.3,
                "cascade": 0.6,
                "asr_init": start,
                "both_init": start,
                "multitask": 0.2,
            }
            for name, share in shares.items():
                rows += make_rows(name, seed, share, pair=pair)
            rows += make_rows("mt", seed, 0.05, "MT", pair)
            rows += make_rows("asr", seed, 0.4, "ASR", (pair[0], pair[0]))
        rows += make_rows("direct, all switches", seed, 0.8)
        rows += make_rows(LOW_QUALITY, seed, 0.45)
    return study_of(rows)


def make_estimate(value, half_width, values=None, metric="BLEU", n=60):
    """An estimate whose 95 % interval has this half width."""
    return Estimate(
        metric=metric,
        value=value,
        standard_error=half_width / norm.ppf(0.975),
        degrees_of_freedom=1e9,
        values=tuple(values or [value]),
        n=n,
        unit=f"utterance({n})",
        components=Components(items=1.0, seed_items=1.0, training=1.0),
    )
