"""The pretrained in-context estimators against scikit-learn's on real tables, everything with default settings.

Tables come from the local copy of the data (environment variable ``SKMETA_DATA``). A table is split at random,
stratified, into n training rows and up to 500 test rows. Ours reads the columns as they are; the others get imputed,
scaled and one-hot encoded columns. ``*_tuned`` are chosen by cross-validation on the training rows.

A fifth of the tables, decided by a hash of their names, was kept aside while prior, network and experts were made
(``--part kept``); all decisions were taken on the rest (``--part dev``).

    python -m benchmarks.in_context.real_tables --rows 50 100 --seeds 0 1 --models ours knn forest
    python -m benchmarks.in_context.real_tables --kind regression --rows 100

Results are appended to ``benchmarks/results/in_context_<kind>.csv``; what is there already is not run again.
``python -m benchmarks.in_context.report`` sums them up.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import norm
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression, LogisticRegressionCV, RidgeCV
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR

from skmeta.datasets import list_local_tables, load_local_table
from skmeta.estimators.in_context import InContextClassifier, InContextRegressor
from tools.pretraining.development import is_kept_aside, mean_auc

RESULTS = Path(__file__).parents[1] / "results"
LEVELS = (np.arange(50) + 0.5) / 50  # of quantiles, evenly spread
NEIGHBOURS = {"n_neighbors": [1, 3, 5, 10, 20, 40], "weights": ["uniform", "distance"]}

CLASSIFIERS = {
    "ours": InContextClassifier,
    "knn": KNeighborsClassifier,
    "knn_distance": lambda: KNeighborsClassifier(weights="distance"),
    "knn_tuned": lambda: GridSearchCV(KNeighborsClassifier(), NEIGHBOURS, scoring="neg_log_loss", cv=3),
    "logistic": lambda: LogisticRegression(max_iter=1000),
    "logistic_tuned": lambda: LogisticRegressionCV(Cs=8, cv=3, scoring="neg_log_loss", max_iter=500),
    "svc": lambda: SVC(probability=True, random_state=0),
    "forest": lambda: RandomForestClassifier(300, random_state=0),
    "forest_tuned": lambda: GridSearchCV(
        RandomForestClassifier(200, random_state=0),
        [{"min_samples_leaf": [1, 3, 8]}, {"max_features": [0.5]}],
        scoring="neg_log_loss",
        cv=3,
    ),
    "boosting": lambda: HistGradientBoostingClassifier(random_state=0),
    "boosting_tuned": lambda: GridSearchCV(
        HistGradientBoostingClassifier(min_samples_leaf=5, random_state=0),
        {"learning_rate": [0.03, 0.1], "max_leaf_nodes": [4, 31]},
        scoring="neg_log_loss",
        cv=3,
    ),
}
REGRESSORS = {
    "ours": InContextRegressor,
    "knn": KNeighborsRegressor,
    "knn_distance": lambda: KNeighborsRegressor(weights="distance"),
    "knn_tuned": lambda: GridSearchCV(KNeighborsRegressor(), NEIGHBOURS, cv=3),
    "ridge": lambda: RidgeCV(np.logspace(-2, 3, 12)),
    "bayesian_ridge": BayesianRidge,
    "svr": SVR,
    "forest": lambda: RandomForestRegressor(300, random_state=0),
    "boosting": lambda: HistGradientBoostingRegressor(random_state=0),
}
CATALOGUES = {"classification": CLASSIFIERS, "regression": REGRESSORS}


def encoded(model):
    """A baseline behind the preparation it needs."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=20, sparse_output=False)
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, model)


def split(X, y, n, seed, classification):
    """Training and test rows; None where the table is too small."""
    if len(y) < n + 50:
        return None
    stratify = y if classification and np.unique(y, return_counts=True)[1].min() > 1 else None
    n_test = min(500, len(y) - n)
    if stratify is not None and min(n, n_test) < len(np.unique(y)):
        stratify = None
    return train_test_split(X, y, train_size=n, test_size=n_test, random_state=seed, stratify=stratify)


def score_classifier(model, X, y):
    """Accuracy, AUC and log-loss; classes the training rows do not have get no chance."""
    known = model.classes_
    classes = np.union1d(known, np.unique(y))
    chance = np.full((len(y), len(classes)), 1e-7)
    chance[:, np.searchsorted(classes, known)] = np.clip(model.predict_proba(X), 1e-7, 1)
    chance /= chance.sum(1, keepdims=True)
    code = np.searchsorted(classes, y)
    log_loss = -np.log(chance[np.arange(len(y)), code]).mean()
    return {"accuracy": (chance.argmax(1) == code).mean(), "auc": mean_auc(chance, code), "log_loss": log_loss}


def score_regressor(model, X, y):
    """R2 and RMSE; of models that say how sure they are, also how often the central 90% interval holds the truth and,
    in units of the test targets' spread, the log-likelihood of a Gaussian with the answered mean and deviation and the
    continuous ranked probability score (CRPS) of the answered distribution."""
    answer = model.predict(X)
    out = {
        "r2": 1 - ((y - answer) ** 2).sum() / ((y - y.mean()) ** 2).sum(),
        "rmse": np.sqrt(((y - answer) ** 2).mean()),
    }
    if isinstance(model[-1] if isinstance(model, Pipeline) else model, (InContextRegressor, BayesianRidge)):
        mean, std = model.predict(X, return_std=True)
        out["log_likelihood"] = norm.logpdf(y, mean, std).mean() + np.log(y.std())
        quantiles = mean[:, None] + np.outer(std, norm.ppf(LEVELS))
        low, high = mean + np.outer([-1, 1], norm.ppf(0.95) * std)
        if isinstance(model, InContextRegressor):
            quantiles = model.predict(X, quantiles=LEVELS)
            low, high = model.predict(X, quantiles=[0.05, 0.95]).T
        out["coverage_90"] = ((low <= y) & (y <= high)).mean()
        out["crps"] = crps(quantiles, y) / y.std()
    return out


def crps(quantiles, y):
    """Mean CRPS of distributions given by their quantiles (n, q) at LEVELS: twice the mean pinball loss."""
    above = y[:, None] - quantiles
    return 2 * np.maximum(LEVELS * above, (LEVELS - 1) * above).mean()


def run(kind, rows, seeds, models, part):
    file = RESULTS / f"in_context_{kind}.csv"
    table = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=["table", "n", "seed", "model"])
    done = set(zip(table["table"], table["n"], table["seed"], table["model"]))
    is_regression = kind == "regression"
    score = score_regressor if is_regression else score_classifier
    catalogue = CATALOGUES["regression" if is_regression else "classification"]
    for name in list_local_tables(kind):
        if part != "all" and is_kept_aside(name) != (part == "kept"):
            continue
        X, y, _ = load_local_table(name)
        y = np.asarray(y)
        records = []
        for n, seed in ((n, seed) for n in rows for seed in seeds):
            pieces = split(X, y, n, seed, not is_regression)
            for label in models if pieces is not None else ():
                if (name, n, seed, label) in done:
                    continue
                A, B, a, b = pieces
                model = catalogue[label]() if label == "ours" else encoded(catalogue[label]())
                started = time.process_time()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    try:
                        scores = score(model.fit(A, a), B, b)
                    except ValueError as error:  # a search whose folds lack a class
                        print(name, n, seed, label, error)
                        continue
                spent = time.process_time() - started
                key = {"table": name, "kept_aside": is_kept_aside(name), "n": n, "seed": seed, "model": label}
                records.append(key | {k: round(float(v), 5) for k, v in scores.items()} | {"seconds": round(spent, 3)})
        if records:
            new = pd.DataFrame(records)
            table = new if table.empty else pd.concat([table, new], ignore_index=True)
            table.to_csv(file, index=False)
            print(name, flush=True)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=["classification", "manyclass", "regression"], default="classification")
    parser.add_argument("--rows", type=int, nargs="+", default=[20, 50, 100, 200, 500])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--models", nargs="+")
    parser.add_argument("--part", choices=["dev", "kept", "all"], default="dev")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kind = "regression" if options.kind == "regression" else "classification"
    run(options.kind, options.rows, options.seeds, options.models or list(CATALOGUES[kind]), options.part)


if __name__ == "__main__":
    main()
