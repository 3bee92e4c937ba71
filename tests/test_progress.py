import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["languages", "utterance", "files", "scales", "progress"])
def test_the_ground_loads_no_torch(module):
    code = f"import sys, lib.{module}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
