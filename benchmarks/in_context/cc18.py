"""The protocol of the TabPFN (v1) paper, for whoever can download its data: 18 numeric sets of OpenML-CC18.

All sets of the suite with at most 2,000 rows, 100 columns and 10 classes, no categories and no missing values; each
is split five times at random into two halves, one to fit (so 1,000 rows at most) and one to ask. The score is ROC-AUC,
one class against one other, averaged. The paper has a mean of .934 for TabPFN and .924 for CatBoost and XGBoost (tuned
for an hour). Defaults only; this is no reproduction of their baselines, only of the measurement of ours.

    python -m benchmarks.in_context.cc18             # downloads by scikit-learn's fetch_openml
    python -m benchmarks.in_context.cc18 --try-out   # the same on a table that comes with scikit-learn

Writes ``benchmarks/results/in_context_cc18.csv`` (not with ``--try-out``).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import fetch_openml, load_wine
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

from skmeta.estimators.in_context import InContextClassifier

RESULTS = Path(__file__).parents[1] / "results"
#: OpenML's names and numbers of the sets
SETS = {
    "balance-scale": 11,
    "mfeat-fourier": 14,
    "mfeat-karhunen": 16,
    "mfeat-morphological": 18,
    "mfeat-zernike": 22,
    "diabetes": 37,
    "vehicle": 54,
    "analcatdata_authorship": 458,
    "pc4": 1049,
    "pc3": 1050,
    "kc2": 1063,
    "pc1": 1068,
    "banknote-authentication": 1462,
    "blood-transfusion-service-center": 1464,
    "qsar-biodeg": 1494,
    "wdbc": 1510,
    "steel-plates-fault": 40982,
    "climate-model-simulation-crashes": 40994,
}
SPLITS = 5


def measured(name, X, y, seed):
    """Scores of one split into halves."""
    y = np.unique(y, return_inverse=True)[1]
    halves = train_test_split(np.asarray(X, float), y, test_size=0.5, random_state=seed, stratify=y)
    X_train, X_test, y_train, y_test = halves
    started = time.process_time()
    chance = InContextClassifier().fit(X_train, y_train).predict_proba(X_test)
    spent = time.process_time() - started
    chance = chance.astype(float) / chance.sum(1, keepdims=True)
    several = chance.shape[1] > 2
    return {
        "table": name,
        "split": seed,
        "n": len(y_train),
        "auc_ovo": roc_auc_score(y_test, chance if several else chance[:, 1], multi_class="ovo"),
        "log_loss": log_loss(y_test, chance),
        "accuracy": (chance.argmax(1) == y_test).mean(),
        "seconds": spent,
    }


def tables(try_out):
    if try_out:
        yield "wine", *load_wine(return_X_y=True)
        return
    for name, number in SETS.items():
        yield name, *fetch_openml(data_id=number, as_frame=False, return_X_y=True, parser="auto")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--try-out", action="store_true", help="one table of scikit-learn's own, nothing downloaded")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.DataFrame([measured(name, X, y, s) for name, X, y in tables(options.try_out) for s in range(SPLITS)])
    by_table = table.groupby("table").mean().drop(columns="split")
    print(by_table.round(4).to_string())
    print(f"mean of {len(by_table)} sets: ROC-AUC OVO {by_table['auc_ovo'].mean():.4f}")
    if not options.try_out:
        table.round(5).to_csv(RESULTS / "in_context_cc18.csv", index=False)


if __name__ == "__main__":
    main()
