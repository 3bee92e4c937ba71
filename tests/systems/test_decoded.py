from dataclasses import replace

import pytest

from lib.disk import DiskFull
from lib.files import content_hash
from lib.models.protocol import Hypothesis
from lib.systems import decoded
from lib.systems.decoded import Decoded, decode_once
from lib.tasks import ASR, text_examples
from tests.disks import mounted

TEST = text_examples(
    [{"est": "üks päev", "eng": "one day"}, {"est": "kaks päeva", "eng": "two days"}],
    [("est", "eng")],
)
IDENTITY = ["corpus", {"beams": 5}, False]


def hypothesis(id, text, score, *others):
    return Hypothesis(id=id, text=text, tokens=2, score=score, ending="end", others=others)


MADE = Decoded(
    hypotheses=[
        hypothesis("a", "one päev", -0.1, hypothesis("a", "üks", -0.7), hypothesis("a", "", None)),
        replace(hypothesis("b", "two days", None), ending="longest", parts=3),
    ],
    truncated={"b", "a"},
    seconds=1.25,
)


@pytest.fixture
def decodings(tmp_path):
    """`decodings(test, identity, folder)`: the outputs, and how often they have been decoded."""
    calls = []

    def decode():
        calls.append(None)
        return MADE

    def get(test=TEST, identity=IDENTITY, folder="system"):
        return decode_once(tmp_path / folder, identity, test, decode), len(calls)

    return get


def test_outputs_are_decoded_once(decodings):
    assert [decodings()[1] for _ in range(3)] == [1, 1, 1]


def test_outputs_are_found_as_they_were_made(decodings):
    """With their n-best hypotheses, the texts that were cut, and the time that it took."""
    assert [decodings()[0] for _ in range(2)] == [MADE, MADE]


@pytest.mark.parametrize(
    "changes",
    [
        {"identity": ["corpus", {"beams": 5}, True]},
        {"identity": ["corpus", {"beams": 1}, False]},
        {"identity": ["other", {"beams": 5}, False]},
        {"folder": "other"},
        {"test": TEST[:1]},
        {"test": TEST[::-1]},
        {"test": [replace(TEST[0], id="other"), TEST[1]]},
        {"test": [replace(TEST[0], task=ASR), TEST[1]]},
        {"test": [replace(TEST[0], target="spa"), TEST[1]]},
        {"test": [replace(TEST[0], source_text="kolm päeva"), TEST[1]]},
        {"test": [replace(TEST[0], seconds=2.0), TEST[1]]},
        {"test": [replace(TEST[0], prompt="Translate:"), TEST[1]]},
        {"test": [replace(TEST[0], question="Who?"), TEST[1]]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_decides_the_outputs_is_told_apart(decodings, changes):
    decodings()
    assert decodings(**changes)[1] == 2
    assert decodings()[1] == 2


def test_a_prompt_is_no_question(decodings):
    decodings([replace(TEST[0], prompt="Who?")])
    assert decodings([replace(TEST[0], question="Who?")])[1] == 2


def test_outputs_without_prompts_lie_where_they_always_did(decodings, tmp_path):
    decodings()
    facts = [[e.id, "MT", "est", "eng", e.source_text, 0.0] for e in TEST]
    name = content_hash([decoded.VERSION, IDENTITY, facts], 16)
    assert [path.stem for path in (tmp_path / "system" / "outputs").iterdir()] == [name]


def test_references_do_not_decide_the_outputs(decodings):
    decodings()
    assert decodings(test=[replace(TEST[0], target_text="1 day"), TEST[1]])[1] == 1


def test_another_version_decodes_again(decodings, monkeypatch):
    decodings()
    monkeypatch.setattr(decoded, "VERSION", 99)
    assert decodings()[1] == 2


def test_a_failed_decoding_leaves_nothing(tmp_path, decodings):
    def fail():
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        decode_once(tmp_path / "system", IDENTITY, TEST, fail)
    assert decodings() == (MADE, 1)


def test_damaged_outputs_are_named_and_decoded_again(decodings, tmp_path, capsys):
    decodings()
    (path,) = (tmp_path / "system" / "outputs").iterdir()
    path.write_text(path.read_text().replace("two days", "two dogs"))
    assert decodings() == (MADE, 2)
    assert "was changed after it was written" in capsys.readouterr().err
    assert decodings() == (MADE, 2)


def test_outputs_on_a_full_disk(decodings, tmp_path):
    (tmp_path / "system").mkdir()
    with mounted(tmp_path / "system", "16k"):
        (tmp_path / "system" / "rest").write_bytes(b"x" * 16384)
        with pytest.raises(DiskFull, match="no space left to write .*outputs"):
            decodings()
