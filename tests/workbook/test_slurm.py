"""Runs as Slurm jobs, for real: a cluster of one node, started here, with real requeues, real signals and a real Ctrl-C."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from lib.workbook.paths import ROOT

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


def start(*words, env, outputs):
    """`python -m lib.workbook run --scale smoke --slurm ...`, going on in the background."""
    words = [sys.executable, "-m", "lib.workbook", "run", "--scale", "smoke", "--slurm", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(words, cwd=ROOT, env=env | {"WORKBOOK_OUTPUTS": str(outputs)}, **pipes)


def run(*words, env, outputs):
    process = start(*words, env=env, outputs=outputs)
    out, err = process.communicate(timeout=200)
    return process.returncode, out, err


def manifest(outputs, name):
    path = outputs / "smoke" / "runs" / name / "manifest.json"
    return json.loads(path.read_text()) if path.exists() else {}
