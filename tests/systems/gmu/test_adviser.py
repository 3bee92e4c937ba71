import pytest

from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import simultaneous
from lib.systems.gmu.adviser import advise, command_options, situation
from tests.scoring.cases import SEEN, UNSEEN, example_study, make_rows, study_of

NOTHING = study_of([])


def ask(study, pair=UNSEEN, seen=False, **facts):
    return advise(study, situation(study, pair, seen, **facts))


@pytest.fixture(scope="module")
def study():
    return example_study()


class TestSituation:
    @pytest.fixture(scope="class")
    def now(self, study):
        return situation(study, UNSEEN, seen=False)

    def test_scores_are_read_from_the_study(self, now):
        assert now.asr_wer == pytest.approx(40, abs=5)

    def test_mt_is_far_above_direct(self, now):
        assert now.mt_far_above_direct

    def test_gap_of_mt(self, now):
        assert now.mt_minus_direct == now.mt_bleu - now.direct_bleu

    def test_unmeasured_scores_are_none(self):
        now = situation(NOTHING, SEEN, seen=True)
        assert (now.asr_wer, now.mt_bleu, now.direct_bleu) == (None, None, None)

    def test_unmeasured_gap_is_none(self):
        assert situation(NOTHING, SEEN, seen=True).mt_minus_direct is None


class TestMeasured:
    @pytest.fixture(scope="class")
    def advice(self, study):
        return ask(study, hours=1.7)

    def test_the_largest_gain_decides(self, advice):
        assert advice.strategy == "asr_init"

    def test_the_gain_is_the_first_reason(self, advice):
        assert advice.reasons[0].startswith("measured on this pair: asr_init is +")

    def test_longer_direct_training_is_the_second(self, advice):
        assert advice.reasons[1].startswith("over direct with twice the updates the gain is +")

    def test_the_paper_is_the_last(self, advice):
        assert advice.reasons[2].startswith("the paper's findings suggest multitask: ")

    def test_evidence_begins_with_this_pair(self, advice):
        assert (advice.evidence[0].source, advice.evidence[0].pair) == ("this workbook", "gle→eng")

    def test_evidence_of_the_paper_begins_with_this_pair(self, advice):
        published = [entry for entry in advice.evidence if entry.source == "the paper"]
        assert published[0].pair == "gle→eng"

    def test_intervals_are_simultaneous(self, study, advice):
        """Five gains are measured, and the largest is chosen."""
        alone = study.gain(UNSEEN, "multitask", "direct")
        (shown,) = (
            entry.gain
            for entry in advice.evidence
            if (entry.source, entry.pair) == ("this workbook", "gle→eng")
            and entry.strategy == "multitask"
        )
        assert shown == format_interval(simultaneous([alone] * 5)[0], "+")
        assert shown != format_interval(alone, "+")

    def test_little_speech_suggests_synthetic_data(self, advice):
        assert advice.next_steps[-1].startswith("synthetic data, as there are only 1.7 h")


def test_where_longer_training_is_best_it_is_advised():
    shares = {"direct": 0.3, "direct_twice": 0.05, "asr_init": 0.15}
    rows = [
        row
        for seed in (1, 2)
        for name, share in shares.items()
        for row in make_rows(name, seed, share, pair=UNSEEN)
    ]
    advice = ask(study_of(rows))
    assert (advice.strategy, advice.reasons[1]) == (
        "direct_twice",
        "train direct for longer before trying strategies that need transcripts",
    )


def test_a_gain_that_longer_training_explains_is_marked():
    shares = {"direct": 0.4, "direct_twice": 0.12, "asr_init": 0.1}
    rows = [
        row
        for seed in (1, 2, 3)
        for name, share in shares.items()
        for row in make_rows(name, seed, share, pair=UNSEEN)
    ]
    assert ask(study_of(rows)).reasons[1].endswith("which may be none")


def test_without_transcripts_only_direct_is_possible(study):
    advice = ask(study, transcripts=False)
    assert (advice.strategy, advice.reasons) == (
        "direct",
        ("ASR, MT, cascade and multi-task training all need transcripts",),
    )


@pytest.mark.parametrize(
    "pair, seen, transcripts, expected",
    [
        (("bem", "eng"), False, True, "asr_init"),
        (("que", "spa"), False, True, "multitask"),  # the paper's choice for this pair
        (("apc", "eng"), False, True, "asr_init"),  # no preset: the rule for unseen languages
        (("gle", "eng"), True, True, "direct"),
        (("bho", "hin"), False, True, "asr_init"),  # the preset is for data without transcripts
        (("fon", "fra"), False, False, "direct"),
    ],
)
class TestWithoutRuns:
    def test_the_paper_decides(self, pair, seen, transcripts, expected):
        assert ask(NOTHING, pair, seen, transcripts=transcripts).strategy == expected

    def test_its_result_for_the_pair_is_cited(self, pair, seen, transcripts, expected):
        advice = ask(NOTHING, pair, seen, transcripts=transcripts)
        cited = advice.reasons[0].startswith("the paper on this pair: ")
        assert cited is (pair in {("bem", "eng"), ("que", "spa")})

    def test_direct_is_to_be_measured(self, pair, seen, transcripts, expected):
        advice = ask(NOTHING, pair, seen, transcripts=transcripts)
        assert "run 10" in advice.next_steps[0]

    def test_asr_and_mt_are_to_be_measured_with_transcripts(
        self, pair, seen, transcripts, expected
    ):
        advice = ask(NOTHING, pair, seen, transcripts=transcripts)
        assert any("run 11" in step for step in advice.next_steps) is transcripts


class TestMtFarAboveDirect:
    @pytest.fixture(scope="class")
    def advice(self):
        rows = make_rows("direct", 1, 0.5, pair=UNSEEN) + make_rows("mt", 1, 0.05, "MT", UNSEEN)
        return ask(study_of(rows))

    def test_multitask_training_is_advised(self, advice):
        assert advice.strategy == "multitask"

    def test_multitask_training_is_to_be_measured(self, advice):
        assert any("run 12" in step for step in advice.next_steps)


def test_good_asr_and_mt_suggest_a_cascade():
    asr = make_rows("asr", 1, 0.05, "ASR", ("est", "est"))
    rows = make_rows("direct", 1, 0.3) + make_rows("mt", 1, 0.1, "MT") + asr
    assert ask(study_of(rows), SEEN, True).strategy == "cascade"


class TestNoReliableGain:
    @pytest.fixture(scope="class")
    def advice(self):
        rows = make_rows("direct", 1, 0.3) + make_rows("asr_init", 1, 0.3)
        return ask(study_of(rows), SEEN, True)

    def test_the_rule_decides(self, advice):
        assert advice.strategy == "direct"

    def test_the_measured_gains_are_listed(self, advice):
        assert advice.reasons[-1] == (
            "no strategy is reliably better than direct here over two seeds: "
            "asr_init +0.0 (+0.0 to +0.0)"
        )

    def test_more_seeds_are_to_be_measured(self, advice):
        assert any(step.endswith("-p seed=2") for step in advice.next_steps)


def test_one_seed_does_not_decide():
    rows = make_rows("direct", 1, 0.4, pair=UNSEEN) + make_rows("both_init", 1, 0.05, pair=UNSEEN)
    assert ask(study_of(rows)).strategy == "asr_init"


@pytest.mark.parametrize(
    "scale, pair, expected",
    [
        ("lab", ("est", "eng"), "--scale lab -p source=est -p target=eng"),
        (
            "tiny",
            ("bem", "eng"),
            "--scale tiny -p source=bem -p target=eng -p corpus=bigc -p folder=...",
        ),
        (
            "full",
            ("apc", "eng"),
            "--scale full -p source=apc -p target=eng -p corpus=own -p folder=...",
        ),
    ],
)
def test_command_options(scale, pair, expected):
    assert command_options(scale, pair, "phrasebook") == expected


@pytest.mark.parametrize(
    "options, asked",
    [
        ("--scale tiny -p source=mdw -p target=fra -p corpus=own -p folder=...", True),
        ("--scale full -p source=mdw -p target=fra -p corpus=own -p folder=...", False),
        ("--scale tiny -p source=est -p target=eng", False),
    ],
)
def test_small_models_of_recordings_are_asked_what_limits_them(options, asked):
    steps = ask(NOTHING, ("mdw", "fra"), options=options).next_steps
    found = [step for step in steps if f"--study recordings {options}" in step]
    assert bool(found) == asked


def test_next_steps_carry_the_options():
    steps = ask(NOTHING, ("bem", "eng"), options="--scale tiny").next_steps
    assert all(step.endswith("--scale tiny") for step in steps)
