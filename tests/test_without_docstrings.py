"""Python may be told to leave docstrings out (-OO); the library can do without them."""

import os
import subprocess
import sys

import pytest

# skorch before our own modules, and these compiled as with -OO, wherever that leaves compiled ones from before
PROGRAM = """
import sys, importlib.machinery
import skorch

def without_docstrings(loader, data, path):
    return compile(data, path, "exec", dont_inherit=True, optimize=2)

importlib.machinery.SourceFileLoader.source_to_code = without_docstrings
sys.dont_write_bytecode, sys.pycache_prefix = True, sys.argv[1]
import skmeta
assert skmeta.ProtoNetClassifier.fit.__doc__ is None
skmeta.ProtoNetClassifier(max_epochs=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]).predict([[0.0]])
print("done")
"""


def run(*arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)


def test_the_library_works_without_its_docstrings(tmp_path):
    done = run("-c", PROGRAM, str(tmp_path))
    assert done.stdout.strip() == "done", done.stderr[-2000:]


def test_where_skorch_cannot_do_without_its_own_the_error_says_so():
    done = run("-OO", "-c", "import skmeta; print('done')")
    if done.stdout.strip() == "done":
        pytest.skip("this skorch can")
    assert "say -O in place of -OO" in done.stderr, done.stderr[-2000:]
