"""TaskMixture: the parts by hand, and the promise that it never loses much."""

import copy

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.tree import DecisionTreeRegressor

from skmeta import BayesianHeadRegressor, MAMLRegressor, TaskMixtureClassifier, TaskMixtureRegressor
from skmeta.mixed_models.design import Design
from skmeta.mixed_models.effects_around_model import ask_effects, fit_effects
from skmeta.mixed_models.gaussian_effects import GaussianEffects
from skmeta.mixed_models.leave_one_out_ridge import LeaveOneOutRidge
from skmeta.mixed_models.logit_effects import LogitEffects
from skmeta.mixed_models.mixed_ridge import MixedRidge
from skmeta.mixed_models.segments import Segments
from skmeta.task_mixture.rows import Rows
from skmeta.task_mixture.trust import SizeWeights, _n_that_count


def sites(n_tasks=30, n_rows=12, shift=1.0, tilt=0.0, seed=0):
    rng = np.random.default_rng(seed)
    task = np.repeat(np.arange(n_tasks), n_rows)
    X = rng.normal(size=(len(task), 2))
    slope = 1 + tilt * rng.normal(size=n_tasks)
    y = slope[task] * X[:, 0] + shift * rng.normal(size=n_tasks)[task] + 0.3 * rng.normal(size=len(task))
    return X, y, task


def linear(**params):
    return TaskMixtureRegressor(LinearRegression(), random_state=0, **params)


# ---------------------------------------------------------------------- task effects


def test_sums_and_moments_are_taken_task_by_task():
    tasks = Segments(np.array([0, 0, 2]))
    assert_array_equal(tasks.codes, [0, 2])
    assert_array_equal(tasks.sums(np.array([1.0, 2.0, 5.0])), [3, 5])
    assert_array_equal(tasks.moments(np.array([[1.0, 2.0], [0.0, 1.0], [3.0, 0.0]]))[0], [[1, 2], [2, 5]])


def test_an_intercept_is_the_mean_residual_shrunk_by_the_learned_variances():
    rng = np.random.default_rng(0)
    code = np.repeat(np.arange(400), 5)
    y = 2.0 * rng.normal(size=400)[code] + rng.normal(size=2000)
    Z, F = np.ones((2000, 1)), np.zeros((2000, 1))
    model = GaussianEffects().fit(Z, F, y, code)
    assert model.prior.covariance[0, 0] * model.scale**2 == pytest.approx(4, rel=0.15)
    assert model.prior.noise * model.scale**2 == pytest.approx(1, rel=0.1)
    shrunk = model.effects(Z[:2], F[:2], np.array([3.0, 1.0]), np.array([0, 0]), 1)[0, 0]
    ratio = model.prior.noise / model.prior.covariance[0, 0]
    assert shrunk == pytest.approx(2.0 * 2 / (2 + ratio))


def test_slopes_equal_the_posterior_mean_of_a_bayesian_regression():
    rng = np.random.default_rng(1)
    code = np.repeat(np.arange(50), 6)
    Z = np.column_stack([np.ones(300), rng.normal(size=300)])
    b = rng.normal(size=(50, 2)) * [1.0, 0.5]
    y = (Z * b[code]).sum(1) + 0.2 * rng.normal(size=300)
    model = GaussianEffects().fit(Z, np.zeros((300, 1)), y, code)
    mine, D, noise = Z[:6], model.prior.covariance, model.prior.noise
    by_hand = np.linalg.solve(mine.T @ mine / noise + np.linalg.inv(D), mine.T @ y[:6] / noise)
    assert_allclose(model.effects(Z, np.zeros((300, 1)), y, code, 50)[0], by_hand)


def test_logit_effects_reach_the_mode_of_the_posterior():
    rng = np.random.default_rng(2)
    Z = np.column_stack([np.ones(40), rng.normal(size=40)])
    y, code = rng.integers(2, size=40), np.zeros(40, dtype=int)
    F = np.full((40, 2), 0.5)
    theta = LogitEffects((1.0, 0.5, 0.0), n_iter=300).effects(Z, F, y, code, 1)[0, 0]
    # independent normal effects of both classes: their difference has twice the variance
    precision = np.array([1.0, 1 / 0.25]) / 2
    p = 1 / (1 + np.exp(-Z @ theta))
    assert_allclose(Z.T @ (y - p) - precision * theta, 0, atol=1e-8)


def test_logit_effects_of_three_classes_have_no_gradient_left():
    rng = np.random.default_rng(3)
    Z, y = np.ones((30, 1)), rng.integers(3, size=30)
    F = np.full((30, 3), 1 / 3)
    theta = LogitEffects((1.0, 1.0, 0.0), n_iter=500).effects(Z, F, y, np.zeros(30, dtype=int), 1)[0]
    p = np.exp(theta[:, 0]) / np.exp(theta[:, 0]).sum()
    assert_allclose(np.bincount(y, minlength=3) - 30 * p, theta[:, 0], atol=1e-8)


def test_many_columns_are_reduced_before_tasks_get_slopes():
    X = np.random.default_rng(0).normal(size=(100, 30))
    assert Design("slopes", max_columns=12).fit(X)(X).shape == (100, 13)
    assert Design("intercept").fit(X)(X).shape == (100, 1)


# ---------------------------------------------------------------------- weights


def test_weights_are_those_of_least_squares_on_the_simplex():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    answers = np.stack([y + 1, y - 1, 0 * y + 9], axis=1)[:, :, None]
    weights = SizeWeights([0], "regression").fit(answers, y, np.zeros(4), np.arange(4)).weights[0]
    assert_allclose(weights, [0.5, 0.5, 0], atol=0.01)


def test_classifiers_that_complement_each_other_share_the_weight():
    y = np.tile([0, 1], 50)
    sure_of_0, sure_of_1 = np.tile([0.9, 0.1], (100, 1)), np.tile([0.1, 0.9], (100, 1))
    knows_0, knows_1 = np.where(y[:, None] == 0, sure_of_0, 0.5), np.where(y[:, None] == 1, sure_of_1, 0.5)
    answers = np.stack([knows_0, knows_1, sure_of_0], axis=1)
    weights = SizeWeights([0], "classification").fit(answers, y, np.zeros(100), np.repeat(np.arange(50), 2)).weights[0]
    assert_allclose(weights, [0.5, 0.5, 0], atol=0.05)


def test_with_few_tasks_a_blend_that_only_seems_better_is_not_believed():
    rng = np.random.default_rng(0)
    y = rng.normal(size=40)
    good = y + 0.3 * rng.normal(size=40)
    others = y[:, None] + rng.normal(size=(40, 10))  # much worse, but least squares would use all of them
    answers = np.column_stack([good, others])[:, :, None]
    weights = SizeWeights([0], "regression").fit(answers, y, np.zeros(40), np.repeat(np.arange(4), 10)).weights[0]
    assert weights[0] > 0.95


def test_a_row_that_all_models_miss_does_not_decide_the_trust():
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    good, bad = y + 0.3 * rng.normal(size=200), y + rng.normal(size=200)
    y[7] += 60.0  # bad luck of the good model: the bad one lies nearer to this row
    bad[7] = good[7] + 6.0
    answers = np.stack([good, bad], axis=1)[:, :, None]
    weights = SizeWeights([0], "regression").fit(answers, y, np.zeros(200), np.repeat(np.arange(20), 10)).weights[0]
    assert weights[0] > 0.8


@pytest.mark.parametrize("n_rows, n_columns", [(100, 4), (20, 30), (30, 1)])
def test_ridge_of_one_decomposition_is_that_of_scikit_learn(n_rows, n_columns):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns)) + 3
    y, alphas = X[:, 0] + rng.normal(size=n_rows), np.logspace(-3, 3, 7)
    mine, theirs = LeaveOneOutRidge(alphas).fit(X, y), RidgeCV(alphas).fit(X, y)
    assert mine.alpha_ == theirs.alpha_
    assert_allclose(mine.predict(X), theirs.predict(X), rtol=1e-9)


def test_tasks_count_by_what_they_add_to_the_loss():
    losses = np.column_stack([[1.0, 1.0, 1.0, 1.0], [9.0, 9.0, 9.0, 9.0]])
    assert _n_that_count(losses, np.arange(4)) == pytest.approx(4)
    assert _n_that_count(losses, np.array([0, 0, 1, 1])) == pytest.approx(2)
    losses[0] = 1e6
    assert _n_that_count(losses, np.arange(4)) == pytest.approx(1, abs=1e-4)


def test_weights_change_with_the_size_of_the_task():
    y = np.random.default_rng(0).normal(size=200)
    n_shown = np.repeat([0, 50], 100)
    good_when_small, good_when_large = np.where(n_shown == 0, y, 0), np.where(n_shown == 50, y, 0)
    answers = np.stack([good_when_small, good_when_large], axis=1)[:, :, None]
    weights = SizeWeights([0, 50], "regression").fit(answers, y, n_shown, np.arange(200))
    assert weights(np.array([0]))[0, 0] > 0.98 and weights(np.array([50]))[0, 1] > 0.98
    assert 0.02 < weights(np.array([5]))[0, 0] < 0.98


# ---------------------------------------------------------------------- the promise


def test_related_tasks_are_answered_better_than_by_pooling_or_alone():
    train = np.tile(np.arange(12) < 6, 30)
    error, pooled, alone = [], [], []
    for seed in range(3):
        X, y, task = sites(tilt=0.7, seed=seed)
        mixture = linear().fit(X[train], y[train], task=task[train])
        error.append(mean_squared_error(y[~train], mixture.predict(X[~train], task=task[~train])))
        pooled.append(mean_squared_error(y[~train], LinearRegression().fit(X[train], y[train]).predict(X[~train])))
        for t in range(30):
            mine, hidden = train & (task == t), ~train & (task == t)
            alone.append(mean_squared_error(y[hidden], LinearRegression().fit(X[mine], y[mine]).predict(X[hidden])))
    assert np.mean(error) < 0.25 * np.mean(pooled)
    assert np.mean(error) < 0.9 * np.mean(alone)


def test_a_known_task_far_from_the_others_is_not_answered_by_extrapolation():
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(20), 10)
    X = np.exp(rng.normal(size=20))[task][:, None] * (1 + 0.1 * rng.normal(size=(200, 1)))
    X[task == 0] *= 40  # a giant that obeys the same law, which bends where no other task is
    y = np.sqrt(1 + X[:, 0]) + 0.05 * rng.normal(size=200)
    hidden, giant = np.arange(200) % 5 == 0, task == 0
    mixture = TaskMixtureRegressor(random_state=0).fit(X[~hidden], y[~hidden], task=task[~hidden])
    asked = hidden & giant
    error = mean_squared_error(y[asked], mixture.predict(X[asked], task=task[asked]))
    assert error < 0.25 * y[giant].var()


def test_unrelated_columns_of_ids_cost_next_to_nothing():
    rng = np.random.default_rng(0)
    X, y, _ = sites(shift=0.0)
    mixture = linear().fit(X[:240], y[:240], task=rng.integers(20, size=240))
    error = mean_squared_error(y[240:], mixture.predict(X[240:], task=rng.integers(20, size=120)))
    pooled = mean_squared_error(y[240:], LinearRegression().fit(X[:240], y[:240]).predict(X[240:]))
    assert error < 1.05 * pooled


def test_with_two_tasks_it_is_a_blend_of_pooled_models():
    X, y, task = sites(n_tasks=2, n_rows=40)
    mixture = linear().fit(X, y, task=task)
    assert mixture.members_ == ["mean", "LinearRegression"]
    new = mixture.predict(X, task=np.full(80, 9))
    assert mean_squared_error(y, new) < 1.05 * mean_squared_error(y, LinearRegression().fit(X, y).predict(X))


def test_the_more_rows_a_new_task_shows_the_better_it_is_answered():
    X, y, task = sites(n_tasks=40, seed=1)
    old = task < 30
    errors, fitted = [], linear().fit(X[old], y[old], task=task[old])
    for shots in (0, 1, 6):
        mixture = copy.copy(fitted)
        shown = ~old & np.tile(np.arange(12) < shots, 40)
        asked = ~old & np.tile(np.arange(12) >= 6, 40)
        if shots:
            mixture.partial_fit(X[shown], y[shown], task=task[shown])
        errors.append(mean_squared_error(y[asked], mixture.predict(X[asked], task=task[asked])))
    assert errors[0] > 3 * errors[1] > 3 * errors[2]


def test_rows_added_to_a_known_task_move_its_answers():
    X, y, task = sites()
    mixture = linear().fit(X, y, task=task)
    before = mixture.predict(X[:3], task=task[:3])
    mixture.partial_fit(X[:12], y[:12] + 5, task=task[:12])
    assert (mixture.predict(X[:3], task=task[:3]) > before + 1).all()
    assert len(mixture.adapted_tasks_) == 30


def test_small_tasks_beside_large_ones_are_not_answered_as_the_large_ones_are():
    X, y, task = sites(n_tasks=20, n_rows=10, seed=3)
    shown = (np.arange(200) % 10 < 3) | (task >= 5)  # five tasks have shown three rows, too few for their own model
    mixture = linear().fit(X[shown], y[shown], task=task[shown])
    assert mixture.score(X[~shown], y[~shown], task=task[~shown]) > 0.8


def test_classifiers_shift_the_odds_of_a_task():
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(30), 20)
    X = rng.normal(size=(600, 2))
    shift = 2 * rng.normal(size=30)
    y = np.where(X[:, 0] + shift[task] + rng.logistic(size=600) > 0, "yes", "no")
    train = np.tile(np.arange(20) < 10, 30)
    mixture = TaskMixtureClassifier(LogisticRegression(), random_state=0).fit(X[train], y[train], task=task[train])
    p = mixture.predict_proba(X[~train], task=task[~train])
    pooled = LogisticRegression().fit(X[train], y[train]).predict_proba(X[~train])
    assert_allclose(p.sum(1), 1)
    assert log_loss(y[~train], p) < 0.85 * log_loss(y[~train], pooled)


def test_a_task_of_one_class_still_has_probabilities_of_all():
    rng = np.random.default_rng(0)
    X, task = rng.normal(size=(200, 2)), np.repeat(np.arange(10), 20)
    y = np.where(X[:, 0] + rng.normal(size=200) > 0, 1, 0)
    y[task == 3] = 1
    p = TaskMixtureClassifier(LogisticRegression(), random_state=0).fit(X, y, task=task).predict_proba(X, task=task)
    assert (p[task == 3] > 1e-3).all() and p[task == 3, 1].mean() > p[:, 1].mean()


# ---------------------------------------------------------------------- what may be put in


def test_any_regressors_may_be_pooled_or_fitted_task_by_task():
    X, y, task = sites(n_tasks=8)
    pooled = [Ridge(), RandomForestRegressor(n_estimators=5)]
    mixture = TaskMixtureRegressor(pooled, per_task=Ridge(), cv=2, random_state=0).fit(X, y, task=task)
    assert mixture.members_[:3] == ["mean", "Ridge", "RandomForestRegressor"]
    again = TaskMixtureRegressor(pooled, per_task=Ridge(), cv=2, random_state=0).fit(X, y, task=task)
    assert_array_equal(mixture.predict(X, task=task), again.predict(X, task=task))


def test_meta_learners_take_part():
    X, y, task = sites(n_tasks=8)
    mixture = linear(cv=2, meta=[MAMLRegressor(max_epochs=1, steps_per_epoch=2)]).fit(X, y, task=task)
    assert mixture.members_[-1] == "MAMLRegressor"
    assert mixture.predict(X, task=np.full(len(X), 99)).shape == y.shape


def test_mixed_tables_and_task_columns_need_no_preparation():
    X, y, task = sites(n_tasks=8)
    table = pd.DataFrame(X, columns=["a", "b"]).assign(ward=np.tile(["x", None, "z"], 32), site=task)
    table.loc[3, "a"] = np.nan
    mixture = linear().fit(table, y, task="site")
    assert mixture.feature_names_in_.tolist() == ["a", "b", "ward"]
    assert mixture.score(table, y, task="site") > 0.8


def test_new_tasks_are_cross_validated_by_scikit_learn():
    X, y, task = sites(n_tasks=8)
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_validate(linear(), X, y, cv=GroupKFold(2), params={"task": task, "groups": task})
    assert np.isfinite(scores["test_score"]).all()


def test_order_of_rows_and_names_of_tasks_do_not_matter_to_an_answer():
    X, y, task = sites(n_tasks=8)
    mixture = linear().fit(X, y, task=task)
    order = np.random.default_rng(0).permutation(len(y))
    assert_allclose(mixture.predict(X[order], task=task[order]), mixture.predict(X, task=task)[order])
    assert_allclose(mixture.predict(X[5:6], task=task[5:6])[0], mixture.predict(X, task=task)[5])


def test_a_label_that_fit_never_saw_is_refused():
    X, y, task = sites(n_tasks=8)
    mixture = TaskMixtureClassifier(LogisticRegression(), random_state=0).fit(X, y > 0, task=task)
    with pytest.raises(ValueError, match="labels that fit never saw"):
        mixture.partial_fit(X[:2], [3, 4], task=[0, 0])


def test_no_answer_lies_farther_out_than_half_the_range_of_the_targets():
    X, y, task = sites(n_tasks=8)
    far = linear().fit(X, y, task=task).predict(1e6 * X, task=task)
    half = (y.max() - y.min()) / 2
    assert far.max() == pytest.approx(y.max() + half, rel=0.2)
    assert far.max() <= y.max() + half + 1e-9 and far.min() >= y.min() - half - 1e-9


ODD = {
    "two rows": (2, 1),
    "two rows of two tasks": (2, 2),
    "three rows of three tasks": (3, 3),
    "four tasks of one row": (4, 4),
    "one task": (20, 1),
    "two tasks": (20, 2),
    "tasks of one row": (20, 20),
}


@pytest.mark.parametrize("n_rows, n_tasks", ODD.values(), ids=ODD)
@pytest.mark.parametrize("mixture", [TaskMixtureRegressor(random_state=0), TaskMixtureClassifier(random_state=0)])
def test_odd_tables_are_answered(mixture, n_rows, n_tasks):
    X = np.random.default_rng(0).normal(size=(n_rows, 2))
    task = np.arange(n_rows) % n_tasks
    mixture.fit(X, np.arange(n_rows) % 2, task=task)
    answer = mixture.partial_fit(X[:1], [0], task=[99]).predict(X, task=task)
    assert np.isfinite(answer).all() and answer.min() >= -0.5 and answer.max() <= 1.5


def test_a_table_of_the_task_column_alone_is_answered_by_shrunken_means():
    site = np.repeat(np.arange(6), 5)
    y = 10.0 * site + np.tile(np.arange(5), 6)
    table = pd.DataFrame({"site": site})
    mixture = TaskMixtureRegressor(random_state=0).fit(table, y, task="site")
    answer = mixture.predict(pd.DataFrame({"site": [0, 3, 5, 77]}), task="site")
    assert_allclose(answer, [2, 32, 52, y.mean()], atol=1.5)
    proba = TaskMixtureClassifier(random_state=0).fit(table, site > 2, task="site").predict_proba(table, task="site")
    assert ((proba[:, 1] > 0.5) == (site > 2)).all()
    with pytest.raises(ValueError, match="needs features or tasks"):
        TaskMixtureRegressor().fit(table[[]], y)


def test_few_groups_of_few_tasks_may_have_fewer_folds_than_asked_for():
    X, y, task = sites(n_tasks=6, n_rows=5)
    mixture = linear(cv=50).fit(X, y, task=np.c_[task // 2, task])
    assert np.isfinite(mixture.predict(X, task=np.c_[task // 2, task + 100])).all()


def test_targets_of_any_size_are_answered_alike_and_features_too_large_are_refused():
    X, y, task = sites(n_tasks=8)
    answer = linear().fit(X, y, task=task).predict(X, task=task)
    for power in (600, -600):
        size = 2.0**power
        assert_array_equal(linear().fit(X, y * size, task=task).predict(X, task=task), answer * size)
    with pytest.raises(ValueError, match="too large to be squared"):
        linear().fit(X * 1e200, y, task=task)


# ---------------------------------------------------------------------- members


def test_differences_between_tasks_are_no_effect_of_a_column():
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(40), 10)
    level = 3 * rng.normal(size=40)[task]
    X = (level + rng.normal(size=400))[:, None]  # tasks of high level also lie to the right
    y = X[:, 0] - 4 * level + 0.1 * rng.normal(size=400)
    mixed = MixedRidge().fit(X, y, task=task)
    assert np.diff(mixed.predict([[0.0], [1.0]]))[0] == pytest.approx(1, abs=0.1)
    assert np.diff(Ridge().fit(X, y).predict([[0.0], [1.0]]))[0] < -1


def test_without_tasks_the_mixed_ridge_is_a_ridge():
    X, y, _ = sites()
    alike = MixedRidge(n_slopes=0).fit(X, y, task=np.arange(len(y)))
    Z = (X - X.mean(0)) / X.std(0)
    assert_allclose(alike.predict(X), Ridge().fit(Z, y).predict(Z), atol=0.02)


def test_curves_follow_tasks_that_bend_each_in_its_own_way():
    rng = np.random.default_rng(0)
    task = np.repeat(np.arange(30), 20)
    X = rng.uniform(-2, 2, size=(600, 1))
    y = np.sin(2 * X[:, 0] + rng.uniform(0, 6, size=30)[task]) + 0.1 * rng.normal(size=600)
    F, (rows, _) = np.zeros((600, 1)), Rows.in_order(X, y, task)
    (_, slopes), (curves_design, curves) = fit_effects(F, rows, 1, 0)[1:]
    assert curves.prior.covariance[-1, -1] == curves.prior.covariance[-2, -2]  # one variance for all curves
    shown = np.tile(np.arange(20) < 14, 30)
    support, query = rows.take(shown), rows.take(~shown)
    ask = lambda design, model: ask_effects(design, model, support, query, F[shown], F[~shown], 30)[:, 0]  # noqa: E731
    slopes_design = Design("slopes").fit(np.hstack([X, F]))
    assert mean_squared_error(query.y, ask(curves_design, curves)) < 0.1
    assert mean_squared_error(query.y, ask(slopes_design, slopes)) > 0.3


def test_of_few_tasks_luck_decides_next_to_nothing():
    rng = np.random.default_rng(0)
    task, place = np.repeat(np.arange(20), 8), np.tile(np.arange(8), 20)
    X = rng.normal(size=(160, 2))
    y = (1 + 0.5 * rng.normal(size=20))[task] * X[:, 0] + 2 * rng.normal(size=20)[task] + 0.5 * rng.normal(size=160)
    known, shown, asked = task < 10, (task >= 10) & (place < 2), (task >= 10) & (place >= 2)
    pooled, errors = [LinearRegression(), DecisionTreeRegressor(min_samples_leaf=5, random_state=0)], []
    for seed in range(4):
        model = TaskMixtureRegressor(pooled, random_state=seed).fit(X[known], y[known], task=task[known])
        model.partial_fit(X[shown], y[shown], task=task[shown])
        errors.append(mean_squared_error(y[asked], model.predict(X[asked], task=task[asked])) ** 0.5)
    assert np.std(errors, ddof=1) < 0.012 * np.mean(errors)


def test_what_versions_of_a_line_differ_by_is_not_taken_for_what_tasks_add():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(100), 7)
    years = rng.uniform(0, 40, size=100)[person] + np.tile(np.arange(7), 100)
    y = 0.1 * years + 2 * rng.normal(size=100)[person] - 0.1 * (years - 3).mean() + 0.1 * rng.normal(size=700)
    hidden = np.tile(np.arange(7) == 3, 100)
    shown = years[~hidden, None], y[~hidden]
    mixture = TaskMixtureRegressor(MixedRidge(), random_state=0).fit(*shown, task=person[~hidden])
    error = np.sqrt(np.mean((mixture.predict(years[hidden, None], task=person[hidden]) - y[hidden]) ** 2))
    assert error < 0.12  # the noise, and what six rows leave open of a person


def test_by_default_nothing_has_to_be_chosen():
    X, y, task = sites(n_tasks=12, tilt=0.5)
    mixture = TaskMixtureRegressor(cv=2, random_state=0).fit(X, y, task=task)
    assert (
        mixture.members_[-1] == "HistGradientBoostingRegressor + task curves"
        and "MixedRidge + task curves" in mixture.members_
    )
    assert mixture.score(X, y, task=task) > 0.8
    proba = TaskMixtureClassifier(cv=2, random_state=0).fit(X, y > 0, task=task).predict_proba(X, task=task)
    assert_allclose(proba.sum(1), 1)
    assert ((proba[:, 1] > 0.5) == (y > 0)).mean() > 0.8


# ---------------------------------------------------------------------- nested groups, and where tasks lie


def test_an_unknown_class_of_a_known_school_is_answered_from_the_school():
    rng = np.random.default_rng(0)
    school, room = np.repeat(np.arange(12), 24), np.repeat(np.arange(48), 6)
    X = rng.normal(size=(288, 1))
    y = X[:, 0] + 3 * rng.normal(size=12)[school] + 0.5 * rng.normal(size=48)[room] + 0.2 * rng.normal(size=288)
    table = pd.DataFrame({"school": school, "room": room, "x": X[:, 0]})
    known = room % 4 != 3
    mixture = linear().fit(table[known], y[known], task=["school", "room"])
    answers = mixture.predict(table[~known], task=["school", "room"])
    strangers = mixture.predict(table[~known].assign(school=99), task=["school", "room"])
    assert mean_squared_error(y[~known], answers) < 0.25 * mean_squared_error(y[~known], strangers)
    mixture.partial_fit(table[~known], y[~known], task=["school", "room"])
    closer = mixture.predict(table[~known], task=["school", "room"])
    assert mean_squared_error(y[~known], closer) < 0.7 * mean_squared_error(y[~known], answers)


def test_a_new_school_opened_by_partial_fit_answers_for_its_further_classes():
    X, y, task = sites(n_tasks=24)
    ids = np.empty(len(task), dtype=object)
    ids[:] = [(int(t) // 2, int(t)) for t in task]
    mixture = linear().fit(X, y, task=ids)
    before = mixture.predict(X[:5], task=_same((77, 1), 5))
    mixture.partial_fit(X[:12], y[:12] + 6, task=_same((77, 0), 12))
    assert (mixture.predict(X[:5], task=_same((77, 1), 5)) > before + 1).all()


def _same(name, n):
    ids = np.empty(n, dtype=object)
    ids[:] = [name] * n
    return ids


def test_tasks_lie_where_their_answers_put_them():
    X, y, _ = sites(n_tasks=10)
    task = np.repeat([f"site {i}" for i in range(10)], 12)
    shift = np.repeat(np.where(np.arange(10) < 5, 3.0, -3.0), 12)
    mixture = linear().fit(X, X[:, 0] + shift, task=task)
    similar = mixture.task_similarity()
    assert similar[:5, :5].min() > 0.9 and similar[:5, 5:].max() < -0.8
    assert_allclose(mixture.task_shift_, np.sqrt(np.mean(mixture.task_embedding_**2, axis=1)))
    assert mixture.task_shift_.min() > 2
    with pytest.raises(AttributeError, match="How tasks differ"):
        _ = linear().fit(X, y).task_shift_


def test_meta_learners_know_where_tasks_lie_too():
    X, y, task = sites(n_tasks=8)
    table = pd.DataFrame(X, columns=["a", "b"])
    head = BayesianHeadRegressor(max_epochs=1, random_state=0).fit(table, y, task=task)
    assert head.task_embedding_.shape == (8, 96) and head.task_similarity().shape == (8, 8)
    head.partial_fit(table[:3], y[:3], task=[99, 99, 99])
    assert head.task_shift_.shape == (9,)


@pytest.mark.parametrize("wrong", [{"per_task": "typo"}, {"pooled": "ridge"}, {"cv": 1}, {"cv": 2.5}, {"pooled": []}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TaskMixtureRegressor(**wrong).fit(np.zeros((8, 1)), np.arange(8.0), task=np.arange(8) % 4)


def test_rows_of_nested_groups_need_nested_names():
    rng = np.random.default_rng(0)
    X, group = rng.normal(size=(36, 2)), np.arange(36) % 6
    model = TaskMixtureRegressor(LinearRegression(), random_state=0).fit(X, X[:, 0], task=np.c_[group // 2, group])
    before = model.predict(X[:3], task=np.c_[group // 2, group][:3])
    with pytest.raises(ValueError, match="nested groups"):
        model.partial_fit(X[:2], [9.0, 9.0], task=["q", "q"])
    np.testing.assert_array_equal(model.predict(X[:3], task=np.c_[group // 2, group][:3]), before)


def test_a_notebook_shows_the_members_side_by_side():
    X, y, task = sites()
    learner = BayesianHeadRegressor(max_epochs=1, steps_per_epoch=2)
    mixture = TaskMixtureRegressor([LinearRegression()], meta=[learner], cv=2, random_state=0)
    unfitted = mixture._repr_html_()
    drawn = mixture.fit(X, y, task=task)._repr_html_()
    for words in ("LinearRegression", "BayesianHeadRegressor"):
        assert words in drawn
    assert "<label>meta-learned</label>" in drawn
    assert "TaskMixtureRegressor" in unfitted and "<label>pooled</label>" not in unfitted


def test_a_pooled_meta_learner_answers_one_table_of_all_rows():
    X, y, site = sites(n_tasks=6, n_rows=5)
    order = np.argsort(site, kind="stable")
    X, y, site = X[order], y[order], site[order]
    pooled = MAMLRegressor(max_epochs=1, random_state=0)
    model = TaskMixtureRegressor(pooled=[pooled], cv=2, random_state=0).fit(X, y, task=site)
    member = next(one for one in model.mixtures_[0].for_new.pooled if one.fitted is not None)
    rows = model.encoder_.transform(X)
    expected = pooled.fit(rows, y).predict(rows)  # members see targets in a unit of the mixture's own
    assert_allclose(np.corrcoef(member.fitted.predict(rows), expected)[0, 1], 1)
