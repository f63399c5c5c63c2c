"""TaskMixture under the contract of all estimators: tasks in, one task at a time, and calls that fail."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import (
    FewShotClassifier,
    FewShotRegressor,
    NotAdaptedError,
    Task,
    TaskKFold,
    TaskMixtureClassifier,
    TaskMixtureRegressor,
    load,
)
from tests.task_mixture.small import KINDS, SITE, X, Y, answers, learned, mixture, sites, targets

TABLE = pd.DataFrame(X, columns=["dose", "weight"]).assign(site=SITE)


@pytest.fixture(scope="module", params=KINDS)
def fitted(request):
    return request.param, mixture(request.param).fit(X, targets(request.param), task=SITE)


# ---------------------------------------------------------------------- calls that fail


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError])
def test_a_fit_that_fails_or_is_interrupted_changes_nothing(kind, error, monkeypatch):
    model = learned(kind)
    before = answers(model, X, task=SITE), set(vars(model)), model.adapted_tasks_.tolist()

    def fail(*args):
        raise error

    monkeypatch.setattr("skmeta.task_mixture.mixture.Mixture._learn_new", fail)
    with pytest.raises(error):
        model.fit(X[:40, :1], targets(kind, 1000 * Y[::-1])[:40], task=SITE[:40] + 100)
    assert_array_equal(answers(model, X, task=SITE), before[0])
    assert (set(vars(model)), model.adapted_tasks_.tolist()) == before[1:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", ["fit", "partial_fit", "adapt"])
def test_a_call_that_is_refused_changes_nothing(kind, call):
    model = learned(kind)
    before = answers(model, X, task=SITE)
    wrong = np.full(len(X), np.nan) if kind == "regressor" else np.array(["odd"] * len(X))
    with pytest.raises(ValueError):
        getattr(model, call)(X, wrong)
    assert_array_equal(answers(model, X, task=SITE), before)


# ---------------------------------------------------------------------- one task, and many


def test_a_current_task_is_shown_row_by_row_and_forgotten(fitted):
    kind, model = fitted
    y = targets(kind, np.r_[Y[:6] + 5])
    in_parts = learned(kind)
    in_parts.adapt(X[:3], y[:3]).partial_fit(X[3:6], y[3:6])
    at_once = learned(kind).adapt(X[:6], y[:6])
    assert_allclose(answers(in_parts, X), answers(at_once, X))
    named = learned(kind).partial_fit(X[:6], y[:6], task=np.full(6, 99))
    assert_allclose(answers(named, X, task=np.full(len(X), 99)), answers(at_once, X))
    assert_allclose(answers(at_once.adapt(), X), answers(model, X, task=np.full(len(X), 99)))
    again = at_once.adapt(X[:6], y[:6])
    assert_allclose(answers(again, X), answers(in_parts, X))
    assert again.adapted_tasks_.tolist() == list(range(12))


def test_many_classes_have_no_more_trees_than_three():
    rng = np.random.default_rng(0)
    trees = {}
    for n_classes in (2, 3, 10):
        labels = np.r_[np.arange(n_classes), rng.integers(n_classes, size=70 - n_classes)]
        model = TaskMixtureClassifier(cv=2, random_state=0).fit(rng.normal(size=(70, 1)), labels)
        (fitted,) = [one.fitted for one in model.mixtures_[0].for_new.pooled if hasattr(one.fitted, "n_iter_")][-1:]
        trees[n_classes] = fitted.n_iter_ * fitted.n_trees_per_iteration_
    assert trees == {2: 100, 3: 300, 10: 300}


def test_labels_that_were_not_declared_are_refused():
    labels = targets("classifier")
    model = learned("classifier")
    declared = learned("classifier").partial_fit(X[:4], labels[:4], classes=["high", "low"])
    assert_array_equal(declared.predict_proba(X[:3]), model.partial_fit(X[:4], labels[:4]).predict_proba(X[:3]))
    with pytest.raises(ValueError, match=r"Labels \['low'\] are not among the declared classes \['high'\]"):
        model.partial_fit(X[:2], ["low", "high"], classes=["high"])
    with pytest.raises(ValueError, match=r"classes= declares \['odd'\], but fit saw \['high', 'low'\] alone"):
        model.partial_fit(X[:2], ["low", "high"], classes=["high", "low", "odd"])


def test_many_tasks_are_answered_each_by_its_own_rows_and_leave_no_trace(fitted):
    kind, model = fitted
    new_X, new_y, new_site = sites(5, 6, seed=1)
    tasks = [
        Task(new_X[mine][:3], targets(kind, new_y[mine])[:3], new_X[mine][3:], targets(kind, new_y[mine])[3:])
        for mine in (new_site == i for i in range(5))
    ]
    tasks[2] = Task(tasks[2].X[:0], tasks[2].y[:0], tasks[2].X_query, tasks[2].y_query)
    together = answers(model, tasks)
    assert together.shape == (5,)
    for one, answer in zip(tasks, together):
        alone = learned(kind)
        alone = alone.adapt(one.X, one.y) if len(one.y) else alone.adapt()
        assert_allclose(answer, answers(alone, one.X_query))
    assert model.adapted_tasks_.tolist() == list(range(12))
    assert np.isfinite(model.score(tasks))


def test_one_task_as_an_ordinary_estimator_is_what_adapt_makes_of_it(fitted):
    kind, model = fitted
    wrapped = (FewShotRegressor if kind == "regressor" else FewShotClassifier)(model)
    y = targets(kind, Y[:6] - Y[:6].mean())
    shown = wrapped.fit(X[:4], y[:4]).partial_fit(X[4:6], y[4:6])
    by_hand = learned(kind).adapt(X[:6], y)
    assert_allclose(answers(shown, X[6:9]), answers(by_hand, X[6:9]))


def test_tasks_are_fitted_scored_and_asked_for_their_own_rows():
    tasks = [(X[i == SITE], Y[i == SITE]) for i in range(12)]
    model = mixture().fit(tasks)
    assert_allclose(model.predict(X, task=SITE), learned().predict(X, task=SITE))
    with pytest.raises(NotAdaptedError, match="has no current one"):
        model.predict(X)
    assert model.score(tasks) > 0.8
    by_hand = model.predict([Task(X[:5], Y[:5], X[5:8])])[0]
    assert_allclose(model.adapt(X[:5], Y[:5]).predict(X[5:8]), by_hand)
    with pytest.raises(ValueError, match="has none: build it as Task"):
        model.predict(tasks)
    labelled = [Task(x[:5], y[:5], x[5:], y[5:]) for x, y in tasks]
    errors = sum(np.sum((one.y_query - p) ** 2) for one, p in zip(labelled, model.predict(labelled)))
    apart = sum(np.sum((one.y_query - one.y_query.mean()) ** 2) for one in labelled)
    assert model.score(labelled) == pytest.approx(1 - errors / apart)
    unlabelled = [Task(one.X, one.y, one.X_query) for one in labelled]
    with pytest.raises(ValueError, match="no y_query"):
        model.score(unlabelled)


def test_copies_and_pickles_answer_alike_and_clones_know_nothing(fitted):
    kind, model = fitted
    assert_array_equal(answers(pickle.loads(pickle.dumps(model)), X, task=SITE), answers(model, X, task=SITE))
    twin = clone(model)
    assert not hasattr(twin, "encoder_") and twin.get_params()["cv"] == 2


def test_several_targets_are_answered_each_by_its_own_mixture():
    both = np.column_stack([Y, -3 * Y[::-1]])
    model = mixture().fit(X, both, task=SITE)
    assert_allclose(model.predict(X, task=SITE)[:, 0], learned().predict(X, task=SITE))
    assert model.partial_fit(X[:2], both[:2], task=[77, 77]).predict(X[:3], task=[77] * 3).shape == (3, 2)
    assert model.weights_new_.index.names == ["target", "rows shown"]
    with pytest.raises(ValueError, match="1 targets, but fit saw 2"):
        model.partial_fit(X[:2], Y[:2], task=[77, 77])


def test_rows_that_come_one_by_one_do_not_touch_what_others_have_shown():
    model = learned()
    before = model.mixtures_[0].shown
    model.partial_fit(X[:1], Y[:1], task=[50]).partial_fit(X[1:2], Y[1:2], task=[50])
    after = model.mixtures_[0].shown
    assert after.X is before.X and after.base is before.base
    assert not before.later and [len(y) for _, y, *_ in after.later.values()] == [2]


# ---------------------------------------------------------------------- the column that names the task


def test_the_task_column_is_named_once_and_found_by_every_method():
    beside = learned()
    for model in (mixture(task="site").fit(TABLE, Y), mixture().fit(TABLE, Y, task="site")):
        assert model.task_names_in_ == ["site"]
        assert_allclose(model.predict(TABLE), beside.predict(X, task=SITE))
        assert model.score(TABLE, Y) == pytest.approx(r2_score(Y, model.predict(TABLE)))
        opened = TABLE[:4].assign(site=99)
        assert_allclose(
            model.partial_fit(opened, Y[:4] + 9).predict(opened),
            learned().partial_fit(X[:4], Y[:4] + 9, task=[99] * 4).predict(X[:4], task=[99] * 4),
        )
        instead = learned().partial_fit(X[:4], Y[:4] - 9, task=[99] * 4)
        assert_allclose(
            model.adapt(opened, Y[:4] - 9).predict(opened), instead.predict(X[:4], task=[99] * 4)
        )  # what the task had shown before is forgotten


def test_rows_without_the_column_are_answered_cold_and_it_is_said():
    model = mixture(task="site").fit(TABLE, Y)
    with pytest.warns(UserWarning, match=r"Give it the column \['site'\]"):
        cold = model.predict(TABLE[["dose", "weight"]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_allclose(model.predict(TABLE.assign(site=99)), cold)
        assert_allclose(mixture().fit(X, Y).predict(X[:2]), mixture().fit(X, Y).predict(X)[:2])


def test_a_step_that_drops_the_column_is_told_so():
    drops = make_pipeline(make_column_transformer((StandardScaler(), ["dose", "weight"])), mixture(task="site"))
    with pytest.raises(ValueError, match="set_output"):
        drops.fit(TABLE, Y)
    with pytest.raises(ValueError, match="has no column 'site'"):
        drops.set_output(transform="pandas").fit(TABLE, Y)
    hands_on = make_column_transformer(
        (StandardScaler(), ["weight"]), remainder="passthrough", verbose_feature_names_out=False
    )
    kept = make_pipeline(hands_on.set_output(transform="pandas"), mixture(task="site")).fit(TABLE, Y)
    assert kept.score(TABLE, Y) > 0.95


def test_nested_groups_are_named_by_their_columns():
    nested = TABLE.assign(region=SITE // 3)
    model = mixture(task=["region", "site"]).fit(nested, Y)
    assert model.task_names_in_ == ["region", "site"]
    ids = list(zip((SITE // 3).tolist(), SITE.tolist()))
    assert_allclose(model.predict(nested), mixture().fit(X, Y, task=ids).predict(X, task=ids))


def by_hand(splits, *metrics):
    """What a loop finds: one list of scores for each metric."""
    model = mixture(task="site")
    answers = [(Y[test], model.fit(TABLE.iloc[train], Y[train]).predict(TABLE.iloc[test])) for train, test in splits]
    return [[metric(*one) for one in answers] for metric in metrics]


def test_named_scorers_and_searches_ask_about_the_task_without_any_routing():
    folds = KFold(2, shuffle=True, random_state=0)
    scores = cross_val_score(mixture(task="site"), TABLE, Y, cv=folds, scoring="neg_mean_absolute_error")
    error, best = by_hand(folds.split(TABLE), mean_absolute_error, r2_score)
    assert_allclose(-scores, error)
    shown = TaskKFold(2, n_shots=3, random_state=0)
    scores = cross_val_score(mixture(task="site"), TABLE, Y, cv=shown, groups=SITE, scoring="r2")
    assert_allclose([scores], by_hand(shown.split(TABLE, groups=SITE), r2_score))
    grid = {"per_task": [None, LinearRegression()]}
    search = GridSearchCV(mixture(task="site"), grid, cv=folds, scoring="r2").fit(TABLE, Y)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(best))
    assert_allclose(search.predict(TABLE), search.best_estimator_.predict(X, task=SITE))


def test_importances_curves_and_dependence_know_the_task():
    model = mixture(task="site").fit(TABLE, Y)
    found = permutation_importance(model, TABLE, Y, scoring="r2", n_repeats=2, random_state=0)
    assert found.importances_mean[2] > 0.5 > abs(found.importances_mean[1])
    _, _, scores = learning_curve(mixture(task="site"), TABLE, Y, cv=GroupKFold(2), groups=SITE, train_sizes=[1.0])
    assert_allclose(scores[0], *by_hand(GroupKFold(2).split(TABLE, groups=SITE), r2_score))
    lifted = partial_dependence(model, TABLE[SITE == 3], ["dose"], grid_resolution=3)
    grid = [TABLE[SITE == 3].assign(dose=value) for value in lifted["grid_values"][0]]
    assert_allclose(lifted["average"][0], [model.predict(one).mean() for one in grid])


# ---------------------------------------------------------------------- threads and progress


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_threads_changes_no_answer(kind):
    one = type(mixture(kind))(cv=2, random_state=0).fit(X, targets(kind), task=SITE)
    two = type(mixture(kind))(cv=2, random_state=0, n_jobs=2).fit(X, targets(kind), task=SITE)
    assert_array_equal(answers(one, X, task=SITE), answers(two, X, task=SITE))


def test_progress_is_shown_when_asked_for(capsys):
    mixture(verbose=1).fit(X, Y, task=SITE)
    told = "".join(capsys.readouterr())
    assert "known tasks: pooled models" in told and "new tasks: answers" in told
    mixture().fit(X, Y, task=SITE)
    assert not "".join(capsys.readouterr())


def test_weights_are_tables_of_members_by_rows_shown():
    weights = learned().weights_new_
    assert weights.index.tolist() == [0, 1, 2, 5] and "LinearRegression + task intercept" in weights.columns
    assert_allclose(weights.sum(axis=1), 1)
    known = TaskMixtureRegressor(cv=2, random_state=0).fit(X, Y, task=SITE).weights_known_
    assert known.columns[-1] == "HistGradientBoostingRegressor with the task"
    assert_allclose(known.sum(axis=1), 1)


# ---------------------------------------------------------------------- odd tasks


def test_a_task_unlike_the_others_is_answered_by_the_mean_of_its_rows():
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(30), 12)
    rows = rng.normal(size=(360, 2))
    y = 5 * rows[:, 0] + rng.normal(size=30)[task] + 0.3 * rng.normal(size=360)
    model = mixture().fit(rows, y, task=task)
    odd = 20 + 0.5 * rng.normal(size=40)  # flat and far off: the common slope is wrong for it
    asked = np.arange(40) >= 12
    new = rng.normal(size=(40, 2))
    errors = {}
    for n in (3, 6, 12):
        answers = model.adapt(new[:n], odd[:n]).predict(new[asked])
        errors[n] = np.sqrt(np.mean((answers - odd[asked]) ** 2))
    assert errors[12] < 0.8 and errors[12] <= errors[6] <= 1.03 * errors[3]
    usual = model.adapt(rows[:8], y[:8]).predict(rows[8:12])
    named = model.partial_fit(rows[:8], y[:8], task=[99] * 8).predict(rows[8:12], task=[99] * 4)
    assert_allclose(usual, named)
    assert np.sqrt(np.mean((usual - y[8:12]) ** 2)) < 0.8
    (trust,) = [one for name, one in model.mixtures_[0].trust_in_blend.items() if name == model.places_.place[99]]
    assert trust[0] > 0.95


# ---------------------------------------------------------------------- files


@pytest.mark.parametrize("kind", KINDS)
def test_a_loaded_mixture_answers_alike_and_can_be_shown_more(kind, tmp_path):
    pooled = [LinearRegression() if kind == "regressor" else LogisticRegression(), *trees_of(kind)]
    model = type(mixture(kind))(pooled, cv=2, random_state=0).fit(X, targets(kind), task=SITE)
    model.partial_fit(X[:5], targets(kind)[:5], task=[99] * 5)
    model.save(tmp_path / "mixture.skmeta")
    loaded = load(tmp_path / "mixture.skmeta")
    ids = np.where(SITE < 3, 99, SITE)
    assert_array_equal(answers(loaded, X, task=ids), answers(model, X, task=ids))
    for one in (model, loaded):
        one.partial_fit(X[5:9], targets(kind)[5:9], task=[99] * 4).adapt(X[:4], targets(kind)[:4])
    assert_array_equal(answers(loaded, X, task=ids), answers(model, X, task=ids))
    assert_array_equal(answers(loaded, X), answers(model, X))


def trees_of(kind):
    few = {"max_iter": 5, "min_samples_leaf": 5}
    return [HistGradientBoostingRegressor(**few) if kind == "regressor" else HistGradientBoostingClassifier(**few)]


def test_nested_groups_and_uncertainty_are_in_the_file(tmp_path):
    ids = list(zip((SITE // 3).tolist(), SITE.tolist()))
    model = mixture().fit(X, Y, task=ids)
    model.save(tmp_path / "nested.skmeta")
    new_of_known = [(0, 77)] * 3
    loaded = load(tmp_path / "nested.skmeta")
    assert_array_equal(loaded.predict(X[:3], task=new_of_known), model.predict(X[:3], task=new_of_known))
    assert_array_equal(loaded.predict(X, quantiles=[0.1], task=ids), model.predict(X, quantiles=[0.1], task=ids))
