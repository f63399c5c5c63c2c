"""Our classifiers in the place of KNeighborsClassifier, on one plain table at a time, all with default parameters.

Every classification table of the local copy of the data (environment variable ``SKMETA_DATA``) is split at random,
stratified, into up to ``--rows`` training rows and up to 500 test rows. All models see the same numbers: categories
one-hot encoded, missing cells imputed, columns scaled.

    python -m benchmarks.drop_in --models protonet maml --splits 3
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmeta
from benchmarks.records import save
from skmeta.datasets import list_local_tables, load_local_table

MODELS = {
    "knn": KNeighborsClassifier,
    "logistic": lambda: LogisticRegression(max_iter=1000),
    "protonet": lambda: skmeta.ProtoNetClassifier(random_state=0),
    "maml": lambda: skmeta.MAMLClassifier(random_state=0),
}


def encoder():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False)
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )


def splits(n_rows, n_splits, kind="classification"):
    """``(table, split, X_train, X_test, y_train, y_test)``, encoded."""
    for name in list_local_tables(kind):
        X, y, _ = load_local_table(name)
        y = np.asarray(y)
        keep = np.isin(y, [c for c, n in zip(*np.unique(y, return_counts=True)) if n >= 4])
        X, y = X[keep], y[keep]
        for split in range(n_splits):
            n_train = min(n_rows, int(0.7 * len(y)))
            n_test = min(500, len(y) - n_train)
            A, B, a, b = train_test_split(X, y, train_size=n_train, test_size=n_test, stratify=y, random_state=split)
            coding = encoder().fit(A)
            yield name, split, coding.transform(A), coding.transform(B), a, b


def evaluate(models, n_rows, n_splits):
    records = []
    for table, split, A, B, a, b in splits(n_rows, n_splits):
        for model in models:
            start = time.process_time()
            fitted = MODELS[model]().fit(A, a)
            seconds = time.process_time() - start
            p = fitted.predict_proba(B)
            records.append(
                {
                    "table": table,
                    "split": split,
                    "n_train": len(a),
                    "n_features": A.shape[1],
                    "model": model,
                    "accuracy": np.mean(fitted.classes_[p.argmax(1)] == b),
                    "log_loss": log_loss(b, p, labels=fitted.classes_),
                    "fit_seconds": seconds,
                }
            )
    return pd.DataFrame(records)


def summary(records, baseline="knn"):
    """Means over tables, and the paired difference to the baseline with its 95% interval over tables."""
    lines = []
    by_table = records.groupby(["model", "table"])[["accuracy", "log_loss", "fit_seconds"]].mean()
    for model, scores in by_table.groupby(level="model"):
        line = {"model": model, **scores.mean().to_dict()}
        for metric in ("accuracy", "log_loss"):
            difference = scores[metric].droplevel("model") - by_table.loc[baseline][metric]
            line[f"{metric}_difference"] = difference.mean()
            line[f"{metric}_difference_95"] = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference))
        line["better_accuracy_share"] = np.mean(
            scores["accuracy"].droplevel("model") > by_table.loc[baseline]["accuracy"]
        )
        lines.append(line)
    return pd.DataFrame(lines).set_index("model").round(4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--splits", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    records = evaluate(dict.fromkeys(["knn", *arguments.models]), arguments.rows, arguments.splits)
    save(records, f"drop_in_{arguments.rows}")
    print(summary(records).T.to_string())


if __name__ == "__main__":
    main()
