"""What an editor shows of the estimators is what there is."""

import os
import subprocess
import sys

import pytest

from tools.stubs import PATH, text

SCRIPT = """
import numpy as np
from skmeta import FewShotClassifier, MAMLClassifier, ProtoNetClassifier, Task, TaskSet

X, y = np.zeros((6, 2)), np.array([0, 1] * 3)
meta = MAMLClassifier(inner_lr=0.1, inner_steps=3, device="cpu", module__n_hidden=8).fit([Task(X, y)])
chances: np.ndarray = meta.adapt(X, y).predict_proba(X)
score: float = meta.score(TaskSet([Task(X, y)]))
ProtoNetClassifier(task="site").fit(X, y).partial_fit(X, y, classes=[0, 1]).decision_function(X).sum()
reveal_type(meta.fit(X, y))
MAMLClassifier(inner_steps="three")
"""
#: what the estimators are made of is not asked about, and would take most of the time
SETTINGS = """
[mypy]
ignore_missing_imports = true
[mypy-torch.*,sklearn.*,scipy.*,skorch.*,pandas.*,narwhals.*,polars.*,pyarrow.*,matplotlib.*]
follow_imports = skip
"""


def test_the_stub_is_what_the_code_says():
    assert PATH.read_text() == text(), "run: python -m tools.stubs"


@pytest.mark.full
def test_a_type_checker_sees_what_help_sees(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "user.py").write_text(SCRIPT)
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    environment = {**os.environ, "PYTHONPATH": str(PATH.parents[2])}
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path), "user.py"]
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False).stdout
    lines = [line for line in said.splitlines() if line.startswith("user.py")]
    assert [line.partition(": ")[2] for line in lines] == [
        'note: Revealed type is "skmeta.estimators.MAMLClassifier"',
        'error: Argument "inner_steps" to "MAMLClassifier" has incompatible type "str"; expected "int"  [arg-type]',
    ]
