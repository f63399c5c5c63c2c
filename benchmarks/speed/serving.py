"""An estimator adapted to one task beside its program in ONNX: latency, memory, size.

Run: python -m benchmarks.speed.serving. Writes results/serving.csv and results/serving_memory.csv.

Both answer the same rows on one thread, taking turns within every round (`timing.py`). Memory is the most that a fresh
process has held which reads the file and answers one row; "nothing" has imported numpy and answers nothing.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes

import skmeta
from benchmarks.records import save
from benchmarks.speed import timing
from skmeta import (
    FineTuneTransfer,
    MAMLClassifier,
    MAMLRegressor,
    MatchingNetClassifier,
    MetaOptNetClassifier,
    ProtoNetClassifier,
    SimpleShotClassifier,
)

ESTIMATORS = [
    ProtoNetClassifier,
    SimpleShotClassifier,
    MatchingNetClassifier,
    MAMLClassifier,
    MetaOptNetClassifier,
    FineTuneTransfer,
    MAMLRegressor,
]
N_SUPPORT, SEED = 100, 0
SIZES = 1, 1000  # rows asked about at once
LOADS = {
    "nothing": "",
    "skmeta": "import skmeta; model = skmeta.load({path!r}); model.predict(X)",
    "onnx": "import onnxruntime; onnxruntime.InferenceSession({path!r}).run(None, {{'X': X}})",
}


def fitted(cls):
    """An estimator that has learned 100 rows of a table, and 1,000 rows to ask about."""
    X, y = (load_breast_cancer if is_classifier(cls()) else load_diabetes)(return_X_y=True)
    order = np.random.default_rng(SEED).permutation(len(y))
    shown = order[:N_SUPPORT]
    asked = np.resize(order[N_SUPPORT:], 1000)
    return cls(max_epochs=3, random_state=SEED).fit(X[shown], y[shown]), np.ascontiguousarray(X[asked])


def session(path):
    """The program on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def measured(cls, folder):
    """Records of both, and the two files."""
    model, X = fitted(cls)
    ours, theirs = str(folder / f"{cls.__name__}.skmeta"), str(folder / f"{cls.__name__}.onnx")
    model.save(ours)
    skmeta.export_onnx(model, theirs)
    program, lines = session(theirs), []
    ask = model.predict_proba if is_classifier(model) else model.predict
    for n_rows in SIZES:
        rows = X[:n_rows].copy()
        of_both = {"skmeta": lambda rows=rows: ask(rows), "onnx": lambda rows=rows: program.run(None, {"X": rows})}
        times = timing.interleave(of_both, rounds=15, seconds=0.05)
        gap = np.abs(program.run(None, {"X": rows})[-1] - ask(rows)).max()
        for line in timing.records(cls.__name__, times, "skmeta"):
            size = Path(ours if line["implementation"] == "skmeta" else theirs).stat().st_size
            lines.append(line | {"n_rows": n_rows, "file_kb": size / 1e3, "gap": gap})
    return lines, {"skmeta": ours, "onnx": theirs}, X.shape[1]


def memory(how, path, n_features):
    """Megabytes that a process holds at most which reads the file and answers a row."""
    code = (
        f"import re, numpy as np; X = np.zeros((1, {n_features}))\n{LOADS[how].format(path=path)}\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) / 1e3


def main():
    timing.one_thread()
    records, used = [], []
    with tempfile.TemporaryDirectory() as folder:
        for cls in ESTIMATORS:
            found, files, n_features = measured(cls, Path(folder))
            records += found
            save(pd.DataFrame(records), "serving")
            if cls is ProtoNetClassifier:
                for how in LOADS:
                    held = [memory(how, files.get(how), n_features) for _ in range(3)]
                    used.append({"process": how, "mb": np.median(held)})
                save(pd.DataFrame(used), "serving_memory")
    print(pd.DataFrame(records).to_string(index=False))
    print(pd.DataFrame(used).to_string(index=False))


if __name__ == "__main__":
    main()
