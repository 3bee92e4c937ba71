"""Small disks and other users, for tests that only root can run."""

import contextlib
import json
import os
import subprocess
import traceback

import pytest


@contextlib.contextmanager
def mounted(folder, size):
    """A disk of a size such as "64k"; the test is skipped where none can be mounted."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def read_only(folder):
    """A folder that root cannot write, either; the test is skipped where there can be none."""
    bind = [["mount", "--bind", folder, folder], ["mount", "-o", "remount,ro,bind", folder]]
    if any(subprocess.run(command, check=False).returncode for command in bind):
        pytest.skip("cannot make a folder that root cannot write")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def start_as(user, group, function, *arguments, umask=0o022):
    """Call a function as another user, in a fork of this process; `wait()` gives what it returns.

    Users need no name. A fork, since another user need not be able to start this Python. The test
    is skipped where this process is not root.
    """
    if os.getuid():
        pytest.skip("only root can be another user")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(group)
            os.setuid(user)
            os.umask(umask)
            from lib import disk, files, locks

            disk.UMASK = files.UMASK = locks.UMASK = umask  # as at import
            try:
                answer = {"value": function(*arguments)}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            os.write(writer, json.dumps(answer).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)

    def wait():
        with os.fdopen(reader) as file:
            answer = json.load(file)
        os.waitpid(child, 0)
        if "error" in answer:
            raise OtherUsersError(answer["error"])
        return answer["value"]

    return wait


def as_user(user, group, function, *arguments, umask=0o022):
    """What a function returns for another user; see `start_as`."""
    return start_as(user, group, function, *arguments, umask=umask)()


class OtherUsersError(Exception):
    """What the function raised for the other user."""
