"""SIGTERM in training: in this process, in a thread, and in a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lib.data.store import ExampleStore
from lib.files import read_json
from lib.training.log import read_training_log
from lib.training.stopping import stop_requested


def test_sigterm_sets_the_event():
    with stop_requested() as request:
        os.kill(os.getpid(), signal.SIGTERM)
        assert request.wait(5)


def test_no_signal_leaves_the_event_unset():
    with stop_requested() as request:
        assert not request.is_set()


def test_the_earlier_handler_is_restored():
    before = signal.getsignal(signal.SIGTERM)
    with stop_requested():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def test_in_a_thread_nothing_is_handled():
    handlers = []

    def use():
        with stop_requested():
            handlers.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert handlers == [before]


def test_reraise_ends_the_process_as_sigterm_does():
    code = (
        "import os, signal\n"
        "from lib.training.stopping import stop_requested\n"
        "with stop_requested() as request:\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    request.wait(5)\n"
        "    request.reraise()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert done.returncode == -signal.SIGTERM


@pytest.fixture(scope="module")
def stopped(tokenizer_folder, chosen, tmp_path_factory):
    """A training that gets SIGTERM and is started again, beside an undisturbed one."""
    folder = tmp_path_factory.mktemp("stopped")
    listing = ExampleStore.write(folder / "list", chosen)

    def start(name):
        words = [tokenizer_folder, listing.folder, folder / name, folder / f"{name}-update", 12]
        command = [sys.executable, "-m", "tests.training.cases", *(str(word) for word in words)]
        return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"})

    undisturbed, child, updates = start("undisturbed"), start("resumed"), folder / "resumed-update"
    while not updates.exists() or int(updates.read_text() or 0) < 3:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    exit_code = child.wait(60)
    saved_update = read_json(folder / "resumed" / "checkpoint" / "state.json")["update"]
    assert start("resumed").wait(120) == 0
    assert undisturbed.wait(120) == 0
    return folder, exit_code, saved_update


@pytest.mark.slow
def test_training_ends_with_sigterm(stopped):
    assert stopped[1] == -signal.SIGTERM


@pytest.mark.slow
def test_training_saves_a_checkpoint_first(stopped):
    assert 3 <= stopped[2] < 12


@pytest.mark.slow
def test_stopped_and_resumed_losses_are_the_undisturbed_ones(stopped):
    logs = [stopped[0] / name / "training.csv" for name in ("resumed", "undisturbed")]
    resumed, undisturbed = ([row["loss"] for row in read_training_log(log)] for log in logs)
    assert resumed == undisturbed


@pytest.mark.slow
def test_stopped_and_resumed_weights_are_the_undisturbed_ones(stopped):
    paths = [stopped[0] / name / "best.safetensors" for name in ("resumed", "undisturbed")]
    resumed, undisturbed = (path.read_bytes() for path in paths)
    assert resumed == undisturbed
