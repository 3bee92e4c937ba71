import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
import soundfile

from lib.corpora.synthesis_worker import ROOT, SpeechJob, SynthesisError, speak_all
from lib.corpora.voices import Speaker

pytestmark = pytest.mark.slow  # it trains, or starts processes

# no `if __name__ == "__main__"`: a pool of spawned processes would import it again
SCRIPT = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize

spec = Phrasebook(spoken=("est",), written=("eng",), train=int(sys.argv[2]), dev=1, test=1)
print(len(synthesize(spec, sys.argv[1]).utterances))
"""


def job(folder, id, text="one two three", voice="en-us"):
    speaker = Speaker("m1", 50, 150)
    return SpeechJob(id=id, text=text, voice=voice, speaker=speaker, path=f"{folder}/{id}.flac")


def workers(parent):
    """The workers of a process."""
    return [p for p in parent.children() if "lib.corpora.synthesis_worker" in p.cmdline()]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """A folder with two utterances, the numbers of their samples and the progress calls."""
    folder, calls = tmp_path_factory.mktemp("spoken"), []
    jobs = [job(folder, "a"), job(folder, "b", "four")]
    return folder, speak_all(jobs, lambda *call: calls.append(call), "test"), calls


def test_samples_are_counted_in_order(spoken):
    folder, samples, _ = spoken
    assert samples == [soundfile.info(f"{folder}/{name}.flac").frames for name in "ab"]


def test_speech_is_written_at_16_khz(spoken):
    assert soundfile.info(f"{spoken[0]}/a.flac").samplerate == 16000


def test_progress_is_reported(spoken):
    assert spoken[2] == [("test", 2, 2)]


def test_without_jobs_nothing_is_spoken():
    assert speak_all([]) == []


def test_the_utterance_that_failed_is_named(tmp_path):
    jobs = [job(tmp_path, "a"), job(tmp_path, "b", voice="xx")]
    cause = r"cannot speak b \('one two three'\): ValueError: espeak-ng has no voice 'xx'"
    with pytest.raises(SynthesisError, match=cause):
        speak_all(jobs)


def speaks(process):
    try:
        return process.cpu_times().user > 0.1
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    "victim, message",
    [
        ("worker", "a synthesis worker ended with status -9 while it had u0 to u49"),
        ("engine", r"cannot speak u\d+ \('one .*'\): espeak-ng ended with status -9"),
    ],
)
def test_a_killed_process_is_reported_with_its_utterances(tmp_path, victim, message):
    jobs = [job(tmp_path, f"u{number}", "one two three " * 200) for number in range(50)]
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(speak_all, jobs)
        engine = None
        while not engine:
            time.sleep(0.3)  # other children, such as those of ctypes.util, have ended by then
            forks = [fork for w in workers(psutil.Process()) for fork in w.children()]
            engine = next((fork for fork in forks if speaks(fork)), None)
        (engine if victim == "engine" else engine.parent()).kill()
        with pytest.raises(SynthesisError, match=message):
            future.result()


@pytest.fixture
def script(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    other = tmp_path / "elsewhere" / "lib"  # a package of the same name in the current folder
    other.mkdir(parents=True)
    (other / "__init__.py").touch()

    def start(contents):
        environment = {name: v for name, v in os.environ.items() if name != "PYTHONPATH"}
        return subprocess.Popen(
            [sys.executable, tmp_path / "script.py", tmp_path / "cache", str(contents)],
            cwd=tmp_path / "elsewhere",
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return start


def test_a_plain_script_can_synthesize(script):
    with script(2) as process:
        assert process.communicate(timeout=60)[0] == "4\n"


def test_workers_end_when_their_parent_is_killed(script):
    with script(100) as process:
        parent = psutil.Process(process.pid)
        while not (found := workers(parent)):
            time.sleep(0.01)
        process.kill()
        _, alive = psutil.wait_procs(found, timeout=30)
    assert not alive
