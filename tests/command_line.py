"""The workbook's command line in a process of its own."""

import os
import subprocess
import sys

from lib.workbook.paths import ROOT


def workbook(*words, outputs, **options):
    """The command line, to its end."""
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "HF_HUB_OFFLINE": "1"}
    environment |= options.pop("env", {})
    return subprocess.run(
        [sys.executable, "-m", "lib.workbook", *words],
        **{"cwd": ROOT} | options,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(*words, outputs, **options):
    done = workbook(*words, outputs=outputs, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
