"""Claims and behaviours of IT-IST, on rows made by hand."""


from lib.scoring.claims import BEST_BASELINE
from lib.scoring.comparisons import row_statistics
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Study
from lib.systems.it_ist.claims import CLAIMS, STUDY_CLAIMS, measure_claims
from lib.systems.it_ist.strategies import STRATEGIES

SAID, MEANT = "Monday and ten degrees", "Montag und zehn Grad"


def row(task, hypothesis, strategy="instruct", reference=None, seed=1, target="deu", id="1"):
    of_task = {"ASR": SAID, "ST": MEANT, "SQA": "Monday", "MT": MEANT}
    return OutputRow(
        system="it_ist",
        strategy=strategy,
        stage="instruct",
        task=task,
        source="eng",
        target=target if task in ("ST", "MT") else "eng",
        subset="test",
        seed=seed,
        id=id,
        speaker=f"voice {id}",
        seconds=2.0,
        audio="",
        reference=reference or of_task[task],
        hypothesis=hypothesis,
        tokens=4,
        log_probability=None,
        ending="end",
        transcript=SAID if task == "ST" else "",
    )


def test_transcripts_instead_of_translations_are_a_rate():
    rows = [row("ST", text, id=str(i)) for i, text in enumerate((SAID, MEANT, MEANT, "Kenia"))]
    assert row_statistics(rows, "transcribed rate").corpus_score == 25.0


def test_the_strategies_of_claims_exist():
    named = [claim.measure for claim in CLAIMS.values() if claim.measure]
    names = {m.strategy for m in named} | {m.over for m in named} - {BEST_BASELINE}
    assert names <= STRATEGIES.keys()


def outputs(strategy, wrong, seed):
    """Text translation, of which some are wrong."""
    for number in range(12):
        text = "falsch" if number < wrong else MEANT
        yield row("MT", text, strategy, seed=seed, id=f"{number:02d}")


def test_claims_are_measured_over_seeds():
    rows = [
        (("eng", "deu"), found)
        for seed in (1, 2)
        for strategy, wrong in (("instruct", 1), ("joint", 6 + seed))
        for found in outputs(strategy, wrong, seed)
    ]
    measured = {claim.id: found for claim, found in measure_claims(Study.of(rows))}
    assert measured.keys() == STUDY_CLAIMS.keys()
    assert measured["IT-1"].value > 0
    assert measured["IT-1"].seeds == 2
    assert measured["IT-6"] is None
