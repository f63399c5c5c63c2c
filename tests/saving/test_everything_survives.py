"""Mixtures, wrappers, transformers and pipelines come out of their files as they went in."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

import skmeta
from skmeta import (
    FewShotClassifier,
    FewShotRegressor,
    InContextClassifier,
    MAMLClassifier,
    MAMLRegressor,
    PerTask,
    PerTaskBaseline,
    PooledBaseline,
    ProtoNetClassifier,
    SourceSelector,
    TableEncoder,
    TaskMixtureClassifier,
    TaskMixtureRegressor,
    TaskSet,
)

rng = np.random.default_rng(0)
SITE = np.repeat([f"site {i}" for i in range(12)], 10)
TABLE = pd.DataFrame(
    {
        "size": rng.normal(size=120),
        "weight": rng.exponential(size=120),
        "maker": rng.choice(["x", "y", "z"], 120),
        "day": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 120), "D"),
    }
)
TABLE.loc[3, "size"] = np.nan
Y = TABLE["size"].fillna(0).to_numpy() + rng.normal(size=12).repeat(10) + 0.1 * rng.normal(size=120)
CLASSES = np.where(Y > 0, "high", "low")
NUMBERS = TABLE[["size", "weight"]].fillna(0.0)
X = NUMBERS.to_numpy()
WORDS = [f"of {maker} {word}" for maker, word in zip(TABLE["maker"], CLASSES)]
CHEAP = {"max_epochs": 1, "steps_per_epoch": 2, "random_state": 0}
TASKS = TaskSet.from_long(X, CLASSES, SITE)
NUMBER_TASKS = TaskSet.from_long(X, Y, SITE)
NESTED = NUMBERS.assign(region=SITE.astype("U6"), site=SITE)
FEW_TREES = {"max_iter": 3, "random_state": 0}


def columns():
    numbers = make_pipeline(SimpleImputer(add_indicator=True), QuantileTransformer(n_quantiles=10))
    return ColumnTransformer(
        [
            ("numbers", numbers, ["size", "weight"]),
            ("words", OneHotEncoder(), ["maker"]),
            ("curves", SplineTransformer(), ["weight"]),
        ]
    )


def proto(**settings):
    return ProtoNetClassifier(**CHEAP, **settings)


CASES = {
    "mixture of numbers": (
        lambda: TaskMixtureRegressor(cv=2, random_state=0).fit(TABLE, 5 + Y - Y.min(), task=SITE),
        lambda one: [one.predict(TABLE, task=SITE), one.predict(TABLE.iloc[:5], task=["new"] * 5)],
    ),
    "mixture of nested groups": (
        lambda: TaskMixtureRegressor(Ridge(), cv=2, random_state=0).fit(NESTED, Y, task=["region", "site"]),
        lambda one: [one.predict(NESTED, task=["region", "site"])],
    ),
    "mixture with a learner": (
        lambda: TaskMixtureRegressor(Ridge(), meta=[MAMLRegressor(**CHEAP)], cv=2, random_state=0).fit(X, Y, task=SITE),
        lambda one: [one.predict(X, task=SITE), one.partial_fit(X, Y, task=SITE).predict(X, task=SITE)],
    ),
    "mixture of classes": (
        lambda: TaskMixtureClassifier(cv=2, random_state=0).fit(TABLE, CLASSES, task=SITE),
        lambda one: [one.predict_proba(TABLE, task=SITE)],
    ),
    "selector": (
        lambda: SourceSelector(MAMLClassifier(**CHEAP), n_sources=3).fit(TASKS).partial_fit(X[:20], CLASSES[:20]),
        lambda one: [one.predict(X), one.memberships_],
    ),
    "pooled": (
        lambda: PooledBaseline(LogisticRegression()).fit(NUMBERS, CLASSES, task=SITE),
        lambda one: [one.predict(NUMBERS, task=SITE)],
    ),
    "pooled, a current task": (
        lambda: PooledBaseline(Ridge()).fit(NUMBER_TASKS).partial_fit(X[:9], Y[:9]),
        lambda one: [one.predict(X), one.partial_fit(X[9:12], Y[9:12]).predict(X)],
    ),
    "each task alone": (
        lambda: PerTaskBaseline(Ridge()).fit(NUMBERS, Y, task=SITE),
        lambda one: [one.predict(NUMBERS, task=SITE)],
    ),
    "neighbours": (
        lambda: PerTaskBaseline(KNeighborsClassifier(3)).fit(TASKS).adapt(X[:20], CLASSES[:20]),
        lambda one: [one.predict_proba(X), one.predict(X)],
    ),
    "neighbours of numbers": (
        lambda: make_pipeline(StandardScaler(), KNeighborsRegressor(3)).fit(NUMBERS, np.c_[Y, 2 * Y]),
        lambda one: [one.predict(NUMBERS)],
    ),
    "few shots": (
        lambda: FewShotClassifier(proto().fit(TASKS), adaptation={"n_shots": 3}).fit(X[:30], CLASSES[:30]),
        lambda one: [one.predict_proba(X)],
    ),
    "few shots of a pipeline": (
        lambda: FewShotClassifier(make_pipeline(PerTask(StandardScaler()), proto()).fit(TASKS)).fit(X, CLASSES),
        lambda one: [one.predict_proba(X)],
    ),
    "few numbers": (
        lambda: FewShotRegressor(MAMLRegressor(**CHEAP).fit(NUMBER_TASKS)).fit(X[:30], Y[:30]),
        lambda one: [one.predict(X)],
    ),
    "lifted transformer": (lambda: PerTask(StandardScaler()).fit(TASKS), lambda one: [one.transform(X)]),
    "table encoder": (lambda: TableEncoder(high_cardinality=2).fit(TABLE), lambda one: [one.transform(TABLE)]),
    "columns": (
        lambda: make_pipeline(columns(), PCA(3), proto()).fit(TABLE, CLASSES),
        lambda one: [one.predict_proba(TABLE), one[:-1].get_feature_names_out()],
    ),
    "pipeline of tasks": (
        lambda: make_pipeline(PerTask(RobustScaler()), proto()).fit(TASKS),
        lambda one: list(one.predict(TaskSet([(task.X, task.y, task.X) for task in TASKS]))),
    ),
    "texts": (
        lambda: make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), TruncatedSVD(2), proto()).fit(WORDS, CLASSES),
        lambda one: [one.predict_proba(WORDS)],
    ),
    "scikit-learn's alone": (
        lambda: make_pipeline(TableEncoder(), LogisticRegression()).fit(TABLE, CLASSES),
        lambda one: [one.predict_proba(TABLE)],
    ),
    "more transformers": (
        lambda: make_pipeline(
            FeatureUnion([("power", PowerTransformer()), ("bins", KBinsDiscretizer(3, encode="ordinal"))]),
            FunctionTransformer(),
            Ridge(),
        ).fit(X, Y),
        lambda one: [one.predict(X)],
    ),
    "trees of numbers": (
        lambda: HistGradientBoostingRegressor(loss="quantile", quantile=0.3, **FEW_TREES).fit(X, Y),
        lambda one: [one.predict(X), one.fit(X, Y).predict(X)],
    ),
    "trees of classes and categories": (
        lambda: HistGradientBoostingClassifier(**FEW_TREES).fit(
            TABLE[["size", "maker"]].astype({"maker": "category"}), TABLE["day"].dt.month % 3
        ),
        lambda one: [one.predict_proba(TABLE[["size", "maker"]].astype({"maker": "category"}))],
    ),
    "in context": (
        lambda: InContextClassifier().fit(TABLE[["size", "maker"]], CLASSES),
        lambda one: [one.predict_proba(TABLE[["size", "maker"]])],
    ),
    "where tasks lie": (
        lambda: proto().fit(NUMBERS, CLASSES, task=SITE),
        lambda one: [one.predict(NUMBERS, task=SITE), one.task_embedding_],
    ),
    "a criterion of its own": (lambda: proto(criterion=torch_loss()).fit(TASKS).adapt(X, CLASSES), None),
}


def torch_loss():
    import torch

    return torch.nn.NLLLoss


@pytest.mark.parametrize("name", CASES)
def test_whatever_is_public_survives(name, tmp_path):
    make, ask = CASES[name]
    ask = ask or (lambda one: [one.predict_proba(X)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = make()
    skmeta.save(fitted, tmp_path / "file")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = skmeta.load(tmp_path / "file")
    assert type(again) is type(fitted) and repr(again) == repr(fitted)
    for before, after in zip(ask(fitted), ask(again)):
        assert_array_equal(after, before)


def test_what_is_more_than_numbers_is_refused_by_name(tmp_path):
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(2)).fit(X, CLASSES)
    with pytest.raises(TypeError, match="RandomForestClassifier is not among .*pickle or joblib"):
        skmeta.save(forest, tmp_path / "file")
    with pytest.raises(TypeError, match="function .*<lambda> is not among"):
        skmeta.save(make_pipeline(FunctionTransformer(lambda rows: rows), proto()), tmp_path / "file")
    with pytest.raises(TypeError, match="got a dict"):
        skmeta.save({}, tmp_path / "file")
    assert not list(tmp_path.iterdir())


def forged_trees(tmp_path, change):
    """Boosted trees whose parts an attacker has changed before they were saved."""
    model = HistGradientBoostingClassifier(categorical_features=[1], min_samples_leaf=5, **FEW_TREES)
    category = np.arange(120) % 4
    model.fit(np.c_[X[:, 0], category], np.where(X[:, 0] > 0.3, category % 2, 1 - category // 2))
    change(model)
    skmeta.save(model, tmp_path / "file")
    return tmp_path / "file"


def set_node(field, value, where="is_leaf", is_=0):
    def change(model):
        nodes = model._predictors[0][0].nodes
        inner = np.flatnonzero((nodes["is_leaf"] == 0) & (nodes[where] == is_))
        nodes[field][inner[0]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_node("left", 0),
        set_node("right", 10**6),
        set_node("feature_idx", 2),
        set_node("feature_idx", -1),
        set_node("bitset_idx", 10**6, "is_categorical", 1),
        set_node("is_categorical", 1, "feature_idx", 1),
        lambda model: setattr(model, "n_features_in_", 1),
        lambda model: setattr(model, "n_trees_per_iteration_", 2),
        lambda model: model._bin_mapper.bin_thresholds_[0].__setitem__(0, 1e9),
        lambda model: setattr(model._predictors[0][0], "nodes", model._predictors[0][0].nodes[:0]),
    ],
)
def test_trees_that_would_lead_compiled_code_astray_are_refused(change, tmp_path):
    path = forged_trees(tmp_path, change)
    with pytest.raises(ValueError, match="[Bb]oosted tree"):
        skmeta.load(path)
