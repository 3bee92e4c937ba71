"""A Slurm cluster of one node, this machine, for as long as a test needs it."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import psutil
import pytest

PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"  # where Debian keeps daemons
DAEMONS = ("munged", "slurmctld", "slurmd")
# cred_expire: a requeued job waits for that long, two minutes by default
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
"""


def until(condition, seconds=60.0):
    """The value of `condition()`, as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"nothing happened for {seconds} s"
        time.sleep(0.1)
    return found


def output_of(command, env):
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for entry in sockets:
        entry.bind(("127.0.0.1", 0))
    ports = [entry.getsockname()[1] for entry in sockets]
    for entry in sockets:
        entry.close()
    return ports


@contextmanager
def _daemon(folder, env, *command):
    """A daemon in the foreground, with a log of its own."""
    with open(folder / f"{command[0]}.log", "w") as log:
        process = subprocess.Popen(
            command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _belongs(process, env):
    try:
        return process.environ().get("SLURM_CONF") == env["SLURM_CONF"]
    except psutil.Error:
        return False


@contextmanager
def slurm_cluster(folder):
    """The environment of the cluster; the test is skipped where Slurm is not installed."""
    missing = [name for name in (*DAEMONS, "sbatch") if shutil.which(name, path=PATH) is None]
    if missing:
        pytest.skip(f"no Slurm here ({', '.join(missing)}): apt-get install slurm-wlm munge")
    for name in ("munge", "state", "spool"):
        (folder / name).mkdir(mode=0o700)
    (folder / "munge" / "key").write_bytes(os.urandom(128))
    (folder / "munge" / "key").chmod(0o600)
    host, conf = socket.gethostname().split(".")[0], folder / "slurm.conf"
    ports = _free_ports(2)
    conf.write_text(CONF.format(host=host, ports=ports, user=getpass.getuser(), folder=folder))
    env = os.environ | {"PATH": PATH, "SLURM_CONF": str(conf), "OMP_NUM_THREADS": "1"}
    files = {
        "key-file": "key",
        "socket": "socket",
        "pid-file": "pid",
        "log-file": "log",
        "seed-file": "seed",
    }
    options = [f"--{name}={folder}/munge/{file}" for name, file in files.items()]
    with _daemon(folder, env, "munged", "--foreground", "--force", *options):
        until((folder / "munge" / "socket").exists, 10)
        with _daemon(folder, env, "slurmctld", "-D"), _daemon(folder, env, "slurmd", "-D"):
            try:
                until(lambda: "idle" in output_of(["sinfo", "--noheader"], env), 30)
                yield env
            except AssertionError as error:
                logs = [f"{n}: {(folder / f'{n}.log').read_text()[-2000:]}" for n in DAEMONS]
                raise AssertionError("\n".join(logs)) from error
            finally:
                cancel = ["scancel", f"--user={getpass.getuser()}"]
                subprocess.run(cancel, env=env, timeout=20, check=False)
                for process in psutil.process_iter():  # steps outlive their daemon
                    if _belongs(process, env) and process.name() not in DAEMONS:
                        process.kill()
