"""Write small files and pickles of the present version, with the answers they must give for ever.

``python tools/stored_files.py FOLDER``, once for each version that is released. What it writes is kept in
``tests/saving/data``, where the tests load it with every later version.
"""

import argparse
import gzip
import json
import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import is_classifier
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

import skmeta
from skmeta.datasets import make_few_shot_classification
from skmeta.tasks import TaskSet

HERE = Path(__file__).parent.parent / "tests" / "saving" / "data"
CHEAP = {"max_epochs": 1, "steps_per_epoch": 2, "batch_size": 4, "random_state": 0}


def frame(rng, n_rows):
    return pd.DataFrame(rng.normal(size=(n_rows, 3)).round(3), columns=["age", "height", "weight"])


def long_table(rng, classifies, n_tasks=6, n_rows=12):
    X = frame(rng, n_tasks * n_rows)
    site = np.repeat([f"site {i}" for i in range(n_tasks)], n_rows)
    slope = np.repeat(rng.normal(size=n_tasks), n_rows)
    target = X["age"] + slope * X["height"] + 0.1 * rng.normal(size=len(X))
    return X, np.where(target > 0, "leaves", "stays") if classifies else target.to_numpy().round(3), site


@torch.no_grad()
def in_few_bytes(estimator):
    """Where an estimator has very many weights, put plain ones in their place, which a compressed file holds well."""
    weights = list(estimator.net_.module_.parameters())
    if sum(weight.numel() for weight in weights) > 5000:
        for place, weight in enumerate(weights):
            pattern = torch.cos(torch.arange(weight.numel()) % 11 + place).mul(8).round() / 64
            weight.copy_(pattern.view(weight.shape))
    return estimator


def learners():
    """One estimator of each kind of learner and of rows, with what it is asked."""
    kinds = (
        skmeta.ProtoNetClassifier, skmeta.SimpleShotClassifier, skmeta.RelationNetClassifier,
        skmeta.MetaKNeighborsRegressor, skmeta.MAMLClassifier, skmeta.LearnedOptimizerRegressor,
        skmeta.BayesianHeadRegressor, skmeta.HyperNetClassifier, skmeta.MANNClassifier, skmeta.NeuralProcessRegressor,
        skmeta.FineTuneTransfer, skmeta.MultiTaskClassifier, skmeta.InContextClassifier, skmeta.InContextRegressor,
    )  # fmt: skip
    for cls in kinds:
        rng = np.random.default_rng(0)
        X, y, site = long_table(rng, is_classifier(cls()))
        known = cls().get_params()
        settings = {name: value for name, value in CHEAP.items() if name in known}
        if cls.__name__.startswith("InContext"):
            estimator = cls(pretrained=False, max_epochs=0, random_state=0).fit(X[:2], y[:2])
        else:
            estimator = cls(**settings).fit(TaskSet.from_long(X, y, site))
        estimator = in_few_bytes(estimator).adapt(X[:10], y[:10])
        yield cls.__name__, estimator, frame(rng, 5), None
    for cls in (skmeta.ProtoNetClassifier, skmeta.MAMLRegressor):
        X, y, site = long_table(np.random.default_rng(0), is_classifier(cls()))
        estimator = in_few_bytes(cls(**CHEAP).fit(X.to_numpy(), y, task=site))
        yield f"{cls.__name__}_known_tasks", estimator, X.to_numpy()[::15], site[::15].tolist()


def odd_settings():
    """Estimators whose parameters and labels are of the rarer kinds."""
    tasks = make_few_shot_classification(n_tasks=6, n_features=4, random_state=0)
    proto = skmeta.ProtoNetClassifier(module__n_hidden=6, n_shots=(1, 5), **CHEAP).fit(tasks)
    proto.partial_fit(tasks[0].X, tasks[0].y, classes=[*np.unique(tasks[0].y), 77])
    yield "array_rows_declared_classes", proto, tasks[0].X_query[:5], None
    rng = np.random.default_rng(1)
    pairs = [(X := rng.normal(size=(9, 2)), np.c_[X.sum(1), 100 + X[:, 0]]) for _ in range(4)]
    maml = skmeta.MAMLRegressor(target_scaling="task", module__n_hidden=8, **CHEAP).fit(TaskSet(pairs))
    yield "two_targets_scaled_by_task", maml.adapt(*pairs[0]), rng.normal(size=(5, 2)), None
    body = {"module": torch.nn.Linear, "module__in_features": 2, "module__out_features": 3}
    torch_module = skmeta.MetaOptNetRegressor(**body, **CHEAP).fit(TaskSet(pairs)).adapt(*pairs[1])
    yield "a_module_of_torch", torch_module, rng.normal(size=(5, 2)), None
    for cls in (skmeta.MANNClassifier, skmeta.RecurrentClassifier):
        reader = in_few_bytes(cls(n_hidden=4, module__n_hidden=4, **CHEAP).fit(tasks)).adapt(tasks[0].X, tasks[0].y)
        yield f"{cls.__name__}_own_classes", reader, tasks[0].X_query[:5], None
    never_fitted = skmeta.MAMLClassifier(inner_lr=0.25, optimizer=torch.optim.SGD, module__n_hidden=5)
    yield "never_fitted", never_fitted, None, None


def beside_learners():
    """Mixtures, selectors, wrappers and transformers."""
    rng = np.random.default_rng(2)
    X, labels, site = long_table(rng, classifies=True)
    targets = X["age"].to_numpy() - X["weight"].to_numpy()
    table = X.assign(site=site)
    mixed = X.assign(colour=np.where(X["age"] > 0, "red", "green"))
    new, some = frame(rng, 5), table[::9]
    members = {"per_task": None, "random_state": 0}
    mixture = skmeta.TaskMixtureClassifier(LogisticRegression(), task="site", **members).fit(table, labels)
    yield "TaskMixtureClassifier", mixture, some, None
    mixture = skmeta.TaskMixtureRegressor(LinearRegression(), task="site", **members).fit(table, targets)
    yield "TaskMixtureRegressor", mixture, some, None
    yield looking_ahead()
    small = {"module__n_hidden": 6, **CHEAP}
    tasks = TaskSet.from_long(X.to_numpy(), labels, site)
    proto = skmeta.ProtoNetClassifier(**small)
    selector = skmeta.SourceSelector(proto, n_sources=3).fit(tasks).adapt(X.to_numpy()[:10], labels[:10])
    yield "SourceSelector", selector, new.to_numpy(), None
    few = skmeta.FewShotClassifier(proto.fit(TaskSet.from_long(X, labels, site))).fit(X[:10], labels[:10])
    yield "FewShotClassifier", few, new, None
    yield (
        "PooledBaseline",
        skmeta.PooledBaseline().fit(tasks).adapt(X.to_numpy()[:10], labels[:10]),
        new.to_numpy(),
        None,
    )
    encoder = skmeta.TableEncoder().fit(mixed)
    yield "TableEncoder", encoder, mixed[::9], None
    pipeline = make_pipeline(encoder, skmeta.ProtoNetClassifier(**small)).fit(mixed, labels)
    yield "a_pipeline", pipeline, mixed[::9], None


def looking_ahead():
    """A mixture of a panel, asked about rows of its weeks and beyond them."""
    rng = np.random.default_rng(3)
    week, site = np.tile(np.arange(8.0), 6), np.repeat([f"site {i}" for i in range(6)], 8)
    sales = np.repeat(rng.normal(size=6), 8) * (week > 3) + 0.1 * rng.normal(size=48)
    members = [LinearRegression(), HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=2)]
    mixture = skmeta.TaskMixtureRegressor(members, task="site", random_state=0)
    mixture.fit(pd.DataFrame({"week": week, "site": site}), sales)
    asked = pd.DataFrame({"week": [3.0, 8.0, 11.0] * 2, "site": ["site 0"] * 3 + ["site 4"] * 3})
    return "TaskMixtureRegressor_ahead", mixture, asked, None


def cases():
    """Each kind of state that a file can hold, with what it is asked."""
    yield from learners()
    yield from odd_settings()
    yield from beside_learners()


def answers(estimator, X, task):
    if X is None:
        return {"params": {name: repr(value) for name, value in sorted(estimator.get_params().items())}}
    if not hasattr(estimator, "predict"):
        return {"transform": estimator.transform(X).tolist()}
    ask = "predict_proba" if is_classifier(estimator) else "predict"
    asked = {} if task is None else {"task": task}
    told = {ask: getattr(estimator, ask)(X, **asked).tolist(), "dtype": str(estimator.predict(X, **asked).dtype)}
    if isinstance(estimator, skmeta.TaskMixtureRegressor):
        told["std"] = estimator.predict(X, return_std=True, **asked)[1].tolist()
    return told


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    record = {}
    for name, estimator, X, task in cases():
        with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
            warnings.simplefilter("error")
            path = Path(place) / name
            skmeta.save(estimator, path)
            (folder / f"{name}.skmeta.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            estimator = skmeta.load(path)  # without what optimizers remember, which fills pickles
            (folder / f"{name}.pickle.gz").write_bytes(gzip.compress(pickle.dumps(estimator, protocol=5), mtime=0))
        rows = X.to_dict("list") if hasattr(X, "columns") else X if X is None else X.tolist()
        record[name] = {"X": rows, "task": task, "answers": answers(estimator, X, task)}
    (folder / "answers.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help=f"where to write, such as {HERE}/format_2")
    main(parser.parse_args().folder)
