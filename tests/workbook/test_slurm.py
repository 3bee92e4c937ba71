"""Runs as Slurm jobs, for real: a cluster of one node, started here, with real requeues, real signals and a real Ctrl-C."""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import psutil
import pytest

from lib.workbook import notebooks, runner
from lib.workbook.paths import ROOT
from lib.workbook.slurm import run_on_slurm

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # where Debian keeps daemons
DAEMONS = ("munged", "slurmctld", "slurmd")
CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=5,batch_sched_delay=0
MpiDefault=none
JobRequeue=1
ReturnToService=2
SlurmdParameters=config_overrides
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""  # cred_expire: a requeued job waits for that long, two minutes by default


def until(what, seconds=60.0):
    """What `what()` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.1)
    return found


def lives(process):
    try:
        return psutil.Process(int(process)).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def daemon(folder, env, *words):
    """A daemon in the foreground, with a log of its own."""
    with open(folder / f"{words[0]}.log", "w") as log:
        process = subprocess.Popen(words, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def is_of(process, env):
    try:
        return process.environ().get("SLURM_CONF") == env["SLURM_CONF"]
    except psutil.Error:
        return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The environment of a Slurm cluster with one node, this machine."""
    if missing := [name for name in (*DAEMONS, "sbatch") if shutil.which(name, path=PATH) is None]:
        pytest.skip(f"no Slurm to test with ({', '.join(missing)}): apt-get install slurm-wlm munge")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(mode=0o700)
    (folder / "munge" / "key").write_bytes(os.urandom(128))
    (folder / "munge" / "key").chmod(0o600)
    host, conf = socket.gethostname().split(".")[0], folder / "slurm.conf"
    conf.write_text(CONF.format(host=host, ports=free_ports(2), user=getpass.getuser(), folder=folder))
    env = os.environ | {"PATH": PATH, "SLURM_CONF": str(conf), "OMP_NUM_THREADS": "1"}
    files = [f"--{name}={folder}/munge/{file}" for name, file in
             (("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]  # fmt: skip
    with daemon(folder, env, "munged", "--foreground", "--force", *files):
        until((folder / "munge" / "socket").exists, 10)
        with daemon(folder, env, "slurmctld", "-D"), daemon(folder, env, "slurmd", "-D"):
            try:
                until(lambda: "idle" in said(["sinfo", "--noheader"], env), 30)
                yield env
            except AssertionError as error:
                logs = {name: (folder / f"{name}.log").read_text()[-2000:] for name in DAEMONS}
                raise AssertionError("\n".join(f"{name}: {log}" for name, log in logs.items())) from error
            finally:
                subprocess.run(["scancel", f"--user={getpass.getuser()}"], env=env, timeout=20, check=False)
                # steps outlive their daemon
                for process in (p for p in psutil.process_iter() if is_of(p, env) and p.name() not in DAEMONS):
                    process.kill()


def said(words, env):
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=60).stdout


PLAN_OF_TWO = """
import sys
from lib.workbook import __main__, plan, runner

runner.PLAN = (plan.Planned("01", 1.0), plan.Planned("90", 1.0))
sys.exit(__main__.main())
"""


def start(*words, env, outputs):
    """`python -m lib.workbook run --scale smoke --slurm ...`, going on in the background, with a shorter plan."""
    words = [sys.executable, "-c", PLAN_OF_TWO, "run", "--scale", "smoke", "--slurm", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(words, cwd=ROOT, env=env | {"WORKBOOK_OUTPUTS": str(outputs)}, preexec_fn=_hears_ctrl_c, **pipes)


def _hears_ctrl_c():
    """A shell starts what it puts into the background deaf to Ctrl-C, and so would be the tests' own children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def end_of(process):
    """Exit code and what was printed."""
    out, err = process.communicate(timeout=240)
    return process.returncode, out + err


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def failing(cluster, outputs):
    """A run that cannot succeed, going on beside the others."""
    return start(
        "10", "-p", "corpus=own", "-p", "folder=/nowhere.tsv", "--slurm-option", "cpus_per_task=1", env=cluster, outputs=outputs
    )


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_jobs_outlive_ctrl_c_and_requeues_and_are_waited_for_again(cluster, outputs, failing, monkeypatch, tmp_path):
    def manifest(run):
        path = outputs / "smoke" / "runs" / run / "manifest.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def queue(states):
        return dict(line.split()[::-1] for line in said(["squeue", "-h", f"-t{states}", "-o%i %j"], cluster).splitlines())

    waiting = start(env=cluster, outputs=outputs)
    until(lambda: {"01", "90"} <= queue("all").keys())
    number, overview = queue("all")["01"], queue("all")["90"]
    log = outputs / "smoke" / "slurm" / f"{number}_0_log.out"
    until(lambda: log.exists() and "starting" in log.read_text())
    waiting.send_signal(signal.SIGINT)
    code, text = end_of(waiting)
    assert code == 130 and f"follow them with squeue -j {number},{overview}" in text and f"scancel {number} {overview}" in text

    said(["scontrol", "requeue", number], cluster)  # all processes of the job get SIGTERM
    first = until(lambda: manifest("01"))
    waiting = start(env=cluster, outputs=outputs)  # the same command again
    said(["scancel", "--signal=USR2", number], cluster)  # what Slurm sends before the time limit
    until(lambda: "Restarts=2" in said(["scontrol", "show", "job", number], cluster))
    assert not lives(first["process"])
    code, text = end_of(waiting)
    assert (
        code == 0
        and f"01: Data curation: what is in the corpus, and what is left out of it: job {number}, log" in text
        and "report.html" in text
    )
    assert log.read_text().count("Starting with JobEnvironment") == 3 and "Calling checkpoint method" in log.read_text()
    assert manifest("01")["exit"] == manifest("90")["exit"] == "finished" and manifest("01")["process"] != first["process"]
    assert manifest("90")["started"] >= manifest("01")["finished"]
    assert "DATA-1" in text and "DATA-1" in (outputs / "smoke" / "claims.csv").read_text()

    for name, value in (cluster | {"WORKBOOK_OUTPUTS": str(outputs)}).items():
        monkeypatch.setenv(name, value)
    before = queue("all")
    with open(tmp_path / "said.txt", "w+", encoding="utf-8") as out:
        assert run_on_slurm([runner.job(run, {"scale": "smoke"}) for run in ("01", "90")], out=out) == 0
    assert (tmp_path / "said.txt").read_text().count(": done") == 2 and queue("all") == before


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_failed_run_makes_the_exit_code_non_zero_and_names_the_cell(failing):
    code, text = end_of(failing)
    assert (
        code == 1
        and "FAILED 10,corpus=own,folder=nowhere.tsv" in text
        and "/nowhere.tsv is not there" in text
        and "cell 7" in text
    )


def test_without_slurm_one_line_says_so(tmp_path):
    code, text = end_of(start(env=os.environ | {"PATH": str(tmp_path)}, outputs=tmp_path))
    assert code == 2 and text.startswith("error: --slurm needs sbatch on the PATH") and text.count("\n") == 1


@pytest.mark.parametrize(
    "option, why",
    [
        ("partition", "is not NAME=VALUE"),
        ("partitoin=gpu", "with one of account, .*gpus_per_node, .*partition"),
        ("nodes=2", "with one of account"),
        ("timeout_min=two", "'two' is not a number of minutes"),
        ("gpus_per_node=two", "expected type"),
        ("partition=gpu", "Slurm does not answer: no controller"),
    ],
)
def test_mistakes_are_said_before_anything_is_submitted(tmp_path, monkeypatch, option, why):
    for name in ("sbatch", "srun", "squeue"):
        (tmp_path / name).write_text("#!/bin/sh\necho no controller >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    with pytest.raises(notebooks.BadParameter, match=why):
        run_on_slurm([runner.job("01", {"scale": "smoke"})], options=[option])


SAVES = """
import os, pathlib, signal, subprocess, time
folder = pathlib.Path({folder!r})
(folder / "other").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
def save(*_):
    time.sleep(2)
    (folder / "saved").touch()
    os._exit(0)
signal.signal(signal.SIGTERM, save)
(folder / "process").write_text(str(os.getpid()))
time.sleep(600)
"""


class Interrupted(runner.Screen):
    """Slurm's warning reaches the kernel, and then somebody presses Ctrl-C."""

    def __init__(self, folder):
        super().__init__(sys.stdout)
        self.process = folder / "process"

    def show(self, line):
        if self.process.exists() and self.process.read_text():
            os.kill(int(self.process.read_text()), signal.SIGUSR2)
            raise KeyboardInterrupt


def test_a_run_that_is_stopped_may_save_its_training_first(tmp_path, monkeypatch):
    parameters = nbformat.v4.new_code_cell('scale = "smoke"', metadata={"tags": ["parameters"]})
    cells = [nbformat.v4.new_markdown_cell("# Saves"), parameters, nbformat.v4.new_code_cell(SAVES.format(folder=str(tmp_path)))]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "77_saves.ipynb")
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    with pytest.raises(KeyboardInterrupt):
        runner.make(runner.job("77", {"scale": "smoke"}), "77", 1.0, Interrupted(tmp_path))
    assert (tmp_path / "saved").exists() and not any(lives((tmp_path / name).read_text()) for name in ("process", "other"))
