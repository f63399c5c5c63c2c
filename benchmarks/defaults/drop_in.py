"""Every estimator in the place of KNeighborsClassifier (or -Regressor), on one plain table at a time, defaults only.

Each table of the local copy of the data (environment variable ``SKMETA_DATA``) is split at random (classes:
stratified) into up to 20, 50 and 200 training rows and up to 500 test rows. All models see the same numbers:
categories one-hot encoded, missing cells imputed, numbers scaled. Baselines: nearest neighbours and logistic (ridge)
regression, both tuned by cross-validation on the training rows, and a random forest. The expected calibration error is
that of the most probable class, in ten bins of equal width. Of so few test rows most of it is chance: what is beyond
that is the error less that of answers that are as sure and right as often as they say. Overconfidence is how probable
the most probable class is said to be less how often it is right.

    SKMETA_DATA=... python -m benchmarks.defaults.drop_in --rows 50 200 --splits 3
    SKMETA_DATA=... python -m benchmarks.defaults.drop_in --kind regression --models MetaKNeighbors MAML

A stopped run goes on where it was.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.defaults.learners import learners
from benchmarks.intervals import mean_and_interval
from benchmarks.records import Records
from skmeta.datasets import list_local_tables, load_local_table

ROWS, LEAST = (20, 50, 200), 1e-7
MEASURES = "accuracy", "log_loss", "calibration_error", "beyond_chance", "overconfidence"


def encoder():
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False)
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )


def split(name, n_rows, seed, kind):
    """Training and test rows, encoded, and their labels or targets."""
    X, y, _ = load_local_table(name)
    y, strata = np.asarray(y), None
    if kind == "classification":
        keep = np.isin(y, [c for c, n in zip(*np.unique(y, return_counts=True)) if n >= 4])
        X, y = X[keep], y[keep]
        strata = y
    n_train = min(n_rows, int(0.7 * len(y)))
    if kind == "classification":
        n_train = max(n_train, len(np.unique(y)))
    n_test = min(500, len(y) - n_train)
    A, B, a, b = train_test_split(X, y, train_size=n_train, test_size=n_test, stratify=strata, random_state=seed)
    coding = encoder().fit(A)
    A, B = (np.asarray(coding.transform(part), dtype=float) for part in (A, B))
    return A, B, a, b


def models(kind, y):
    """All models by name, made for training labels ``y``."""
    n_rows = len(y)
    if kind == "regression":
        folds = KFold(5, shuffle=True, random_state=0)
        found = {
            "tuned KNN": GridSearchCV(KNeighborsRegressor(), grid(0.8 * n_rows), cv=folds, scoring="r2"),
            "ridge": RidgeCV(np.logspace(-2, 3, 11)),
            "forest": RandomForestRegressor(random_state=0),
        }
    else:
        rarest = np.unique(y, return_counts=True)[1].min()
        folds = StratifiedKFold(max(2, min(5, rarest)), shuffle=True, random_state=0)
        share = 1 - 1 / folds.n_splits
        tuned = {"cv": folds, "scoring": "neg_log_loss"}
        found = {
            "tuned KNN": GridSearchCV(KNeighborsClassifier(), grid(share * n_rows), **tuned),
            "tuned logistic": GridSearchCV(
                LogisticRegression(max_iter=1000), {"C": np.logspace(-3, 1, 9).tolist()}, **tuned
            ),
            "forest": RandomForestClassifier(random_state=0),
        }
    return found | learners(kind)


def grid(most):
    return {"n_neighbors": [k for k in (1, 3, 5, 10, 15, 20, 30) if k <= most]}


def scores(kind, fitted, B, b):
    if kind == "regression":
        errors = np.square(b - fitted.predict(B)).mean()
        return {"r2": 1 - errors / b.var(), "rmse": errors**0.5}
    p, classes = fitted.predict_proba(B), fitted.classes_
    right = classes[p.argmax(1)] == b
    p_true, top = np.where(classes == b[:, None], p, 0).sum(1), p.max(1)
    error = calibration_error(top, right)
    return {
        "accuracy": right.mean(),
        "log_loss": -np.log(p_true.clip(LEAST)).mean(),
        "calibration_error": error,
        "beyond_chance": error - error_of_calibrated(top),
        "overconfidence": top.mean() - right.mean(),
    }


def calibration_error(top, right, n_bins=10):
    """Mean distance of how often the most probable class is right from how probable it is said to be.

    ``right`` may have further axes before that of the rows.
    """
    place = np.minimum((top * n_bins).astype(int), n_bins - 1)
    gaps = [np.abs((top - right)[..., place == k].sum(-1)) for k in range(n_bins)]
    return sum(gaps) / len(top)


def error_of_calibrated(top, n_draws=200):
    """The calibration error that rows show by chance where probabilities are what they are said to be."""
    right = np.random.default_rng(0).random((n_draws, len(top))) < top
    return calibration_error(top, right).mean()


def summary(records, kind):
    """Means over tables with 95% intervals; of the loss, also relative to the linear model, table by table."""
    metric, linear = ("log_loss", "tuned logistic") if kind == "classification" else ("r2", "ridge")
    columns = [*MEASURES] if kind == "classification" else ["r2"]
    lines = []
    for n_rows, of_size in records.groupby("rows"):
        by_table = of_size.groupby(["model", "table"])[columns].mean()
        for model in of_size["model"].unique():
            values = by_table.loc[model]
            line = {"rows": n_rows, "model": model, "tables": len(values)}
            for column in columns:
                mean, half = mean_and_interval(values[column])
                line[column] = f"{mean:.3f} ± {half:.3f}"
            if linear in by_table.index.get_level_values(0):
                beside = by_table.loc[linear].loc[values.index, metric]
                mean, half = mean_and_interval(values[metric] - beside)
                line[f"{metric} - {linear}"] = f"{mean:+.3f} ± {half:.3f}"
            lines.append(line)
    return pd.DataFrame(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="classification", choices=["classification", "regression"])
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--tables", nargs="+")
    parser.add_argument("--every", type=int, default=1, help="every so many tables only")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--splits", type=int, default=3)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    kind, records = arguments.kind, Records(f"drop_in_{arguments.kind}")
    for seed in range(arguments.splits):
        for n_rows in arguments.rows:
            for name in (arguments.tables or list_local_tables(kind))[:: arguments.every]:
                A, B, a, b = split(name, n_rows, seed, kind)
                new = []
                for model, estimator in models(kind, a).items():
                    setting = {"table": name, "rows": n_rows, "split": seed, "model": model}
                    if arguments.models and model not in arguments.models or records.has(**setting):
                        continue
                    began = time.process_time()
                    fitted = estimator.fit(A, a)
                    seconds = time.process_time() - began
                    new.append(setting | scores(kind, fitted, B, b) | {"fit_cpu_s": seconds})
                records.add(new)
    print(summary(records.table, kind).to_string(index=False))


if __name__ == "__main__":
    main()
