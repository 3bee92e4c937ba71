"""What tests of zero-resource translation share: other experiments, and rows made by hand."""

from dataclasses import replace

from lib.scoring.outputs import OutputRow

MEANT, WRONG = "on Monday it was ten degrees", "nothing"


def with_recipe(experiment, **changes):
    return replace(experiment, recipe=replace(experiment.recipe, **changes))


def with_system(experiment, **changes):
    return replace(experiment, system=replace(experiment.system, **changes))


def row(hypothesis=MEANT, strategy="multi-task", source="cat", task="ST", id="1", **changes):
    """Of a translation into English, or of a transcript."""
    return OutputRow(
        **{
            "system": "zero_resource",
            "strategy": strategy,
            "stage": "joint",
            "task": task,
            "source": source,
            "target": source if task == "ASR" else "eng",
            "subset": "test",
            "seed": 1,
            "id": id,
            "speaker": f"voice {id}",
            "seconds": 2.0,
            "audio": "",
            "reference": MEANT,
            "hypothesis": hypothesis,
            "tokens": 4,
            "log_probability": None,
            "ending": "end",
        }
        | changes
    )


def rows(wrong, clips=12, **where):
    """A row for each clip; the first `wrong` ones are wrong."""
    return [row(WRONG if n < wrong else MEANT, id=f"{n:02d}", **where) for n in range(clips)]
