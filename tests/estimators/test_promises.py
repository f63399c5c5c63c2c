"""Promises that are easily broken where two ways in meet: columns of ids, declared classes, copies, subclasses."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

import skmeta
from skmeta import (
    FewShotRegressor,
    MAMLClassifier,
    MAMLRegressor,
    MetaKNeighborsClassifier,
    PerTaskBaseline,
    ProtoNetClassifier,
    TaskMixtureRegressor,
)
from skmeta.exceptions import AdaptationWarning
from skmeta.registry import REGISTRY

rng = np.random.default_rng(0)
K = {"max_epochs": 1, "steps_per_epoch": 1, "random_state": 0}
TABLE = pd.DataFrame({"g": np.repeat(list("abcdef"), 12), "x1": rng.normal(size=72), "x2": rng.normal(size=72)})
X, IDS = TABLE[["x1", "x2"]].to_numpy(), TABLE["g"].to_numpy()
Y, LABELS = TABLE["x1"].to_numpy() + np.repeat(np.arange(6), 12) * 10.0, np.where(TABLE["x1"] > 0, "p", "q")
NEW = pd.DataFrame({"g": ["z"] * 10, "x1": rng.normal(size=10), "x2": rng.normal(size=10)})
FAR = NEW["x1"].to_numpy() + 500


def mixture():
    return TaskMixtureRegressor(Ridge(), per_task=None, cv=2, task="g", random_state=0)


@pytest.mark.parametrize("make", [lambda: MAMLRegressor(task="g", target_scaling="task", **K), mixture])
def test_rows_adapted_to_under_an_id_are_those_the_id_is_answered_by(make):
    meta = make().fit(TABLE, Y)
    cold = meta.predict(NEW.assign(g="never seen"))
    adapted = copy.copy(meta).adapt(NEW, FAR).predict(NEW)
    assert (np.abs(cold - FAR) > 400).all() and (np.abs(adapted - FAR) < 30).all()
    halves = copy.copy(meta).adapt(NEW[:5], FAR[:5]).partial_fit(NEW[5:], FAR[5:]).predict(NEW)
    assert_allclose(halves, adapted, rtol=1e-6)


def test_a_task_far_beyond_those_of_meta_training_is_answered_with_a_warning_and_no_worse_than_before_its_rows():
    """Targets were from -1 to 51, and are 500: steps that suited the former do not reach the latter."""
    meta = MAMLRegressor(task="g", **K).fit(TABLE, Y)
    cold = meta.predict(NEW.assign(g="never seen"))
    with pytest.warns(AdaptationWarning, match="elsewhere.*the targets above 49.*target_scaling='task'"):
        adapted = copy.copy(meta).adapt(NEW, FAR).predict(NEW)
    assert np.square(adapted - FAR).mean() < np.square(cold - FAR).mean()


def test_adapting_again_forgets_what_the_id_had_shown():
    meta = MAMLRegressor(task="g", **K).fit(TABLE, Y)
    once = copy.copy(meta).adapt(NEW, FAR).predict(NEW)
    assert_array_equal(meta.adapt(NEW, -FAR).adapt(NEW, FAR).predict(NEW), once)


def test_a_few_shot_wrapper_answers_by_the_rows_it_was_given_whatever_their_id():
    meta = MAMLRegressor(task="g", **K).fit(TABLE, Y)
    own = TABLE[TABLE["g"] == "a"]
    wrapped = FewShotRegressor(meta).fit(own, own["x1"] + 500)
    assert wrapped.predict(own).mean() > meta.predict(own).mean() + 20


def test_a_task_that_a_mixture_was_fitted_on_cannot_be_forgotten():
    with pytest.raises(ValueError, match="'a' was there when the mixture was fitted"):
        mixture().fit(TABLE, Y).adapt(TABLE[:12], Y[:12])


def test_columns_of_chances_are_those_of_all_known_classes_whatever_rows_are_asked():
    meta = ProtoNetClassifier(task="g", **K).fit(TABLE, LABELS).partial_fit(NEW, ["p", "s"] * 5)
    assert meta.classes_.tolist() == ["p", "q", "s"]
    alone, together = meta.predict_proba(NEW), meta.predict_proba(pd.concat([TABLE, NEW]))
    assert alone.shape == (10, 3)
    assert_allclose(together[72:], alone, atol=1e-6)
    assert_array_equal(alone[:, 1], 0)
    assert np.isfinite(meta.decision_function(TABLE)).all()


def test_labels_of_another_kind_are_refused_in_a_known_task_too():
    meta = ProtoNetClassifier(**K).fit(X, LABELS, task=IDS)
    with pytest.raises(ValueError, match="all numbers or all text"):
        meta.partial_fit(X[:4], [1, 2, 1, 2], task=["n"] * 4)
    with pytest.raises(ValueError, match=r"\['zz'\] are not among the declared"):
        meta.partial_fit(X[:4], ["p", "zz", "p", "zz"], classes=["p", "q"], task=["n"] * 4)
    with pytest.raises(ValueError, match="holds a missing label"):
        ProtoNetClassifier(**K).fit(X, LABELS).adapt(X, LABELS, classes=["p", "q", np.nan])


def test_a_baseline_keeps_its_rows_when_the_users_array_changes():
    mine = X.copy()
    baseline = PerTaskBaseline(Ridge()).fit(mine, Y)
    mine[:] = 0
    whole = PerTaskBaseline(Ridge()).fit(X, Y).partial_fit(X[:1], Y[:1])
    assert_allclose(baseline.partial_fit(X[:1], Y[:1]).predict(X), whole.predict(X))


class Mine(ProtoNetClassifier):
    def __init__(self, module=None, extra=3, **handed_on):
        super().__init__(module, **handed_on)
        self.extra = extra


def test_a_subclass_with_a_constructor_of_its_own_keeps_what_it_hands_on():
    mine = Mine(extra=4, max_epochs=1, lr=0.5, module__n_hidden=8)
    again = clone(mine)
    assert (again.extra, again.max_epochs, again.lr) == (4, 1, 0.5)
    assert again.get_params()["module__n_hidden"] == 8
    search = GridSearchCV(Mine(steps_per_epoch=1, max_epochs=1), {"lr": [0.1, 0.2], "extra": [1]}, cv=2)
    assert search.fit(X, LABELS).best_params_["extra"] == 1


@pytest.mark.parametrize(
    "cls, settings",
    [
        (MAMLClassifier, {"adapt_steps": 40}),
        (MAMLClassifier, {"adapt_steps": -1}),
        (MetaKNeighborsClassifier, {"n_neighbors": 40}),
    ],
)
def test_a_copy_answers_as_its_original_whatever_has_been_set_since(cls, settings):
    meta = cls(**K).fit(X, LABELS).set_params(**settings)
    for again in (pickle.loads(pickle.dumps(meta)), copy.deepcopy(meta)):
        assert_array_equal(again.predict_proba(X), meta.predict_proba(X))


def test_a_warm_start_refuses_another_scaling_of_targets():
    tasks = [(X[i : i + 12], Y[i : i + 12]) for i in range(0, 72, 12)]
    for other in ("task", None):
        meta = MAMLRegressor(warm_start=True, **K).fit(tasks).set_params(target_scaling=other)
        with pytest.raises(ValueError, match="target_scaling"):
            meta.fit(tasks)


def test_every_method_drops_the_column_of_ids():
    meta = MetaKNeighborsClassifier(task="g", **K).fit(TABLE, LABELS)
    assert_array_equal(meta.transform(TABLE), MetaKNeighborsClassifier(**K).fit(X, LABELS, task=IDS).transform(X))
    plain = ProtoNetClassifier(task="g", **K).fit(TABLE, LABELS).adapt(X[:12], LABELS[:12])
    assert plain.explain(TABLE[:3]).support.shape == (3, 12)


def test_whatever_can_be_saved_has_the_method(tmp_path):
    assert all(hasattr(entry.cls, "save") for entry in REGISTRY.values())
    PerTaskBaseline(Ridge()).fit(X, Y).save(tmp_path / "baseline")
    assert_array_equal(skmeta.load(tmp_path / "baseline").predict(X), PerTaskBaseline(Ridge()).fit(X, Y).predict(X))


def test_a_long_fit_from_polars_is_saved(tmp_path):
    polars = pytest.importorskip("polars")
    meta = ProtoNetClassifier(task="g", **K).fit(polars.from_pandas(TABLE), LABELS)
    meta.save(tmp_path / "polars")
    assert_array_equal(skmeta.load(tmp_path / "polars").predict(TABLE), meta.predict(TABLE))
