"""Python may be told to leave docstrings out (-OO); the library can do without them."""

import os
import subprocess
import sys

import pytest

# our own modules alone are compiled as with -OO
PROGRAM = """
import importlib.machinery

def without_docstrings(loader, name, get_code=importlib.machinery.SourceFileLoader.get_code):
    if not name.startswith("skmeta"):
        return get_code(loader, name)
    return compile(loader.get_data(loader.path), loader.path, "exec", dont_inherit=True, optimize=2)

importlib.machinery.SourceFileLoader.get_code = without_docstrings
import skmeta
assert skmeta.ProtoNetClassifier.fit.__doc__ is None
skmeta.ProtoNetClassifier(max_epochs=0).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]).predict([[0.0]])
print("done")
"""


def run(*arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment)


def test_the_library_works_without_its_docstrings():
    done = run("-c", PROGRAM)
    assert done.stdout.strip() == "done", done.stderr[-2000:]


def test_where_skorch_cannot_do_without_its_own_the_error_says_so():
    done = run("-OO", "-c", "import skmeta; print('done')")
    if done.stdout.strip() == "done":
        pytest.skip("this skorch can")
    assert "say -O in place of -OO" in done.stderr, done.stderr[-2000:]
