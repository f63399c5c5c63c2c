"""Tasks on another scale than those of meta-training, or elsewhere, are told of, and ordinary ones are not."""

import copy
import pickle
import warnings
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmeta
from skmeta import (
    FineTuneTransferRegressor,
    MAMLRegressor,
    MetaKNeighborsRegressor,
    PerTask,
    ProtoNetClassifier,
    Task,
    TaskSet,
)
from skmeta.datasets import make_related_tables
from skmeta.estimators.base.spreads import Spreads, distance_of_tasks, ends_of_tasks, log_spreads
from skmeta.exceptions import AdaptationWarning
from skmeta.tasks import GaussianClusters, LinearFamily, QuadraticFamily, Sinusoids
from tests.estimators.contract import CHEAP, CLASSES, REGRESSORS, one_task, tasks_for, trained

LINES = LinearFamily(n_features=4, n_shots=10, n_query=10)
TRAIN, NEW = LINES.sample(50, random_state=0), LINES.sample(20, random_state=1)


def rescaled(task, columns=1, target=1):
    return Task(task.X * columns, task.y * target, task.X_query * columns)


def moved(task, columns=0, target=0):
    return Task(task.X + columns, task.y + target, task.X_query + columns)


def spreads_of(tasks):
    return Spreads.of_tasks(tasks.pooled[0], columns_of(tasks), np.cumsum(tasks.n_rows) - tasks.n_rows, tasks.n_rows)


def columns_of(tasks):
    y = tasks.pooled[1]
    return y[:, None] if y.dtype.kind == "f" else None


def far(spreads, tasks):
    """Which columns and targets of tasks are on another scale or elsewhere."""
    tables, start = spreads.tables(tasks.pooled[0], columns_of(tasks)), np.cumsum(tasks.n_rows) - tasks.n_rows
    ends = ends_of_tasks(tables, start, tasks.n_support)
    found = spreads.factors(tables, start, tasks.n_support, ends), spreads.places(ends)
    return ~np.isnan(found).all(0)


@contextmanager
def silent():
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*than those of meta-training", category=AdaptationWarning)
        yield


# ---------------------------------------------------------------------- what a spread is


def test_a_spread_is_multiplied_with_the_column_and_does_not_see_where_it_lies():
    rows = np.random.default_rng(0).normal(size=(3, 9, 4))
    np.testing.assert_allclose(log_spreads(1000 * rows + 7), log_spreads(rows) + np.log(1000))


@pytest.mark.parametrize("draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.lognormal(0, 2, n)])
def test_a_spread_does_not_depend_on_the_number_of_rows(draw):
    rng = np.random.default_rng(0)
    few, many = log_spreads(draw(rng, (3000, 4, 1))).mean(), log_spreads(draw(rng, (3, 4000, 1))).mean()
    assert abs(few - many) < np.log(2)


def test_a_rare_flag_spreads_as_a_frequent_one_and_a_constant_column_not_at_all():
    rare, often, never = np.zeros(40), np.arange(40) % 2, np.full(40, 0.1 + 0.2)
    never[0] = 0.3  # differs by rounding
    np.testing.assert_array_equal(np.exp(log_spreads(np.c_[np.r_[rare[1:], 1], often, never])), [1, 1, np.nan])


# ---------------------------------------------------------------------- false alarms


@pytest.mark.parametrize("n_train", [1, 5, 50])
@pytest.mark.parametrize("n_shots", [1, 2, 5, 10, 100])
@pytest.mark.parametrize("family", [LinearFamily, QuadraticFamily, Sinusoids, GaussianClusters])
def test_tasks_like_those_of_meta_training_are_ordinary(family, n_shots, n_train):
    train = family().sample(n_train, random_state=0)
    new = family(n_shots=n_shots, n_query=1).sample(400, random_state=1)
    assert far(spreads_of(train), new).any(1).mean() <= 0.0025


@pytest.mark.parametrize("n_shots", [2, 5, 20])
def test_related_tables_with_flags_are_ordinary(n_shots):
    X, y, task = make_related_tables(60, n_rows=40, task_type="regression", random_state=0)
    X[:, 0] = X[:, 0] > 1.5
    tasks = TaskSet.from_long(X, y, task)
    new = TaskSet([Task(t.X[:n_shots], t.y[:n_shots]) for t in tasks[40:]])
    assert not far(spreads_of(tasks[:40]), new).any()


def test_constant_columns_and_one_row_are_ordinary():
    spreads = spreads_of(TRAIN)
    constant = TaskSet([Task(t.X * [0, 1, 1, 1] + 1, t.y) for t in NEW])
    one_row = TaskSet([Task(1.5 * t.X[:1], 1.5 * t.y[:1]) for t in NEW])
    assert not far(spreads, constant).any() and not far(spreads, one_row).any()
    flat = spreads_of(TaskSet([Task(t.X * [0, 1, 1, 1], t.y) for t in TRAIN]))
    assert not far(flat, NEW).any()  # nothing is known of the first column's scale


def test_small_tasks_among_the_large_ones_do_not_widen_what_is_usual():
    mixed = TaskSet([*TRAIN, *(Task(t.X[:2], t.y[:2]) for t in LINES.sample(20, random_state=2))])
    np.testing.assert_array_equal(spreads_of(mixed).low, spreads_of(TRAIN).low)


@pytest.mark.parametrize("n_shots", [1, 5, 20])
@pytest.mark.parametrize("n_train", [5, 20, 100])
def test_of_tasks_whose_places_have_a_heavy_tail_few_are_told_of(n_train, n_shots):
    """Means of tasks are drawn from Student's t of three degrees of freedom, around which rows lie normally."""
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, size=(n_train + 1000, 1, 2)) * 3 + rng.normal(size=(n_train + 1000, 20, 2))
    y = np.zeros(20, dtype=int)
    spreads = spreads_of(TaskSet([Task(rows, y) for rows in X[:n_train]]))
    assert far(spreads, TaskSet([Task(rows[:n_shots], y[:n_shots]) for rows in X[n_train:]])).any(1).mean() < 0.01


def of_the_task(values, n_rows):
    """Tables (n_tasks, n_rows, n_columns) of what does not vary within tasks."""
    return np.repeat(values[:, None], n_rows, axis=1)


@cache
def _fitted_to_lines(cls, scaling):
    return cls(**CHEAP | {"target_scaling": scaling}).fit(TRAIN)


def fitted_to_lines(cls, scaling):
    """A regressor of ``TRAIN``. Training is shared between tests, the estimator is not."""
    return copy.copy(_fitted_to_lines(cls, scaling))


ONE_VALUE_A_TASK = {
    "a site of fifty, one-hot": lambda rng, n: np.eye(50)[rng.integers(50, size=n)],
    "ten rare counts": lambda rng, n: rng.poisson(0.02, (n, 10)),
    "ten counts": lambda rng, n: rng.poisson(1.0, (n, 10)),
    "ten measurements": lambda rng, n: rng.normal(size=(n, 10)),
    "fifty measurements": lambda rng, n: rng.normal(size=(n, 50)),
    "flags and measurements": lambda rng, n: np.c_[np.eye(50)[rng.integers(50, size=n)], rng.normal(size=(n, 5))],
    "constants that differ by rounding": lambda rng, n: np.where(rng.random((n, 3)) < 0.5, 0.3, 0.1 + 0.2),
}


def told(draw, n_train, n_rows, n_new=50):
    """The share of new tasks that are told of after training on others of the same distribution."""
    rng, shares = np.random.default_rng(0), []
    for _ in range(max(20, 600 // n_train)):  # three tasks may by accident lie next to each other
        X = np.repeat(draw(rng, n_train + n_new) * 1.0, n_rows, axis=0)
        tasks = TaskSet.from_pool(X, rng.normal(size=len(X)), np.full(n_train + n_new, n_rows))
        shares.append(far(spreads_of(tasks[:n_train]), tasks[n_train:]).any(1).mean())
    return np.mean(shares)


@pytest.mark.parametrize("n_rows", [1, 5])
@pytest.mark.parametrize("n_train", [3, pytest.param(20, marks=pytest.mark.full), 100])
@pytest.mark.parametrize("draw", ONE_VALUE_A_TASK.values(), ids=ONE_VALUE_A_TASK)
def test_of_tasks_with_one_value_each_in_many_columns_few_are_told_of(draw, n_train, n_rows):
    assert told(draw, n_train, n_rows) <= 0.01


@pytest.mark.parametrize("was, now", [(0.3, 0.1 + 0.2), (0.1, 0.1 + 1e-17), (0.1, 0.1 + 1e-12), (0, 1e-17), (0, 1)])
def test_a_constant_that_differs_by_rounding_and_a_flag_that_is_new_are_ordinary(was, now):
    train = TaskSet([Task(np.c_[t.X, np.full(10, was)], t.y) for t in TRAIN])
    new = TaskSet([Task(np.c_[t.X, np.full(10, now)], t.y) for t in NEW])
    assert not far(spreads_of(train), new).any()
    zeros = spreads_of(TaskSet([Task(t.X, np.full(10, was) * 1.0) for t in TRAIN]))
    assert not far(zeros, TaskSet([Task(t.X, np.full(10, now) * 1.0) for t in NEW])).any()


def test_a_constant_far_beyond_all_that_was_seen_is_told_of_by_what_it_always_was():
    meta = MetaKNeighborsRegressor(**CHEAP).fit([Task(np.c_[t.X, np.zeros(10)], t.y) for t in TRAIN])
    with pytest.warns(AdaptationWarning, match=r"column 4 above 1e\+03, there always 0\."):
        meta.adapt(np.c_[NEW[0].X, np.full(10, 1000)], NEW[0].y)


@pytest.mark.parametrize("n_rows", [1, 5])
@pytest.mark.parametrize("n_train, n_columns", [(5, 4), (20, 4), (20, 50), (100, 50)])
def test_tasks_a_hundred_standard_deviations_away_are_told_of(n_train, n_columns, n_rows):
    rng = np.random.default_rng(0)
    for varies in (0, 1):  # within tasks
        X = of_the_task(rng.normal(size=(n_train + 50, n_columns)), n_rows)
        X += varies * rng.normal(size=X.shape)
        y = rng.normal(size=X.shape[:2])
        spreads = spreads_of(TaskSet(map(Task, X[:n_train], y[:n_train])))
        away = 100 * np.hypot(1, varies) * np.eye(n_columns)[0]
        found = far(spreads, TaskSet(map(Task, X[n_train:] - away, y[n_train:] + 100)))
        assert found[:, [0, -1]].all() and not found[:, 1:-1].any()


@pytest.mark.parametrize("cls", CLASSES)
def test_no_estimator_warns_of_tasks_like_those_of_its_training(cls):
    meta, task = trained(cls), one_task(cls)
    with silent():
        meta.predict(tasks_for(cls, seed=1))
        meta.adapt(task.X, task.y).partial_fit(task.X[:3], task.y[:3])
        meta.adapt(task.X[:1], task.y[:1])


# ---------------------------------------------------------------------- alarms


@pytest.mark.parametrize("factor", [1e-3, 1e-2, 0.1, 10, 100, 1e3])
def test_nearly_all_tasks_with_a_rescaled_column_are_found(factor):
    found = far(spreads_of(TRAIN), TaskSet([rescaled(task, [1, factor, 1, 1]) for task in NEW]))
    assert found[:, 1].mean() >= 0.9 and not found[:, [0, 2, 3, 4]].any()


@pytest.mark.parametrize("factor", [1e-3, 1e-2, 100, 1e3])
def test_all_tasks_with_rescaled_targets_are_found(factor):
    assert far(spreads_of(TRAIN), TaskSet([rescaled(task, target=factor) for task in NEW]))[:, 4].all()


@pytest.mark.parametrize("n_shots", [1, 10])
@pytest.mark.parametrize("place", [-50, 50])
def test_all_tasks_that_lie_elsewhere_are_found_by_one_row(place, n_shots):
    some = [Task(t.X[:n_shots], t.y[:n_shots], t.X_query) for t in NEW]
    found = far(spreads_of(TRAIN), TaskSet([moved(task, [place, 0, 0, 0], 2 * place) for task in some]))
    assert found[:, [0, 4]].all() and not found[:, 1:4].any()


@pytest.mark.parametrize("cls", CLASSES)
def test_every_meta_trained_estimator_says_where_a_column_lies_unless_each_task_measures_its_own(cls):
    meta, task = trained(cls), one_task(cls)
    away = moved(task, np.r_[0, 1e4, np.zeros(task.X.shape[1] - 2)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta.adapt(away.X, away.y)
        meta.predict([away, task])
    said = [str(one.message) for one in caught if "elsewhere than those" in str(one.message)]
    assert len(said) == (0 if cls.__name__.startswith("InContext") else 2)
    for one, which in zip(said, ("The task is", "1 of 2 tasks are")):
        assert one.startswith(which) and "column 1 above 1e+04, there from" in one and "column 0" not in one


@pytest.mark.parametrize("cls", REGRESSORS)
def test_targets_that_lie_elsewhere_are_told_of_and_scaled_by_task_are_answered_there(cls):
    meta = fitted_to_lines(cls, "pooled")
    matters = not cls.__name__.startswith(("InContext", "MetaKNeighbors"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta.predict([moved(task, target=-1000) for task in NEW])
    said = [str(one.message) for one in caught if "20 of 20 tasks are elsewhere" in str(one.message)]
    assert len(said) == matters and all("the targets below -" in one for one in said)
    by_task = fitted_to_lines(cls, "task")
    with silent():
        answers = by_task.predict([moved(task, target=-1000) for task in NEW])
    assert max(np.abs(one + 1000).mean() for one in answers) < 30


def test_a_task_that_turns_out_to_be_on_another_scale_is_not_told_again_that_it_is_elsewhere():
    meta, task = MetaKNeighborsRegressor(**CHEAP).fit(TRAIN), moved(rescaled(NEW[0], [100, 1, 1, 1]), [1e5, 0, 0, 0])
    with pytest.warns(AdaptationWarning, match="elsewhere.* PerTask") as first:
        meta.adapt(task.X[:1], task.y[:1])
    with pytest.warns(AdaptationWarning, match="another scale") as then:
        meta.partial_fit(task.X[1:], task.y[1:])
    assert len(first) == len(then) == 1


@pytest.mark.parametrize("cls", CLASSES)
def test_every_meta_trained_estimator_names_the_column_unless_each_task_measures_its_own(cls):
    meta, task = trained(cls), one_task(cls)
    X = task.X * np.r_[1, 1e6, np.ones(task.X.shape[1] - 2)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta.adapt(X, task.y)
        meta.predict([Task(X, task.y, X), task])
    said = [str(one.message) for one in caught if "another scale than those" in str(one.message)]
    if cls.__name__.startswith("InContext"):
        assert not said
        return
    assert len(said) == 2
    assert said[0].startswith("The task is") and said[1].startswith("1 of 2 tasks are")
    assert all("column 1 varies" in one and "column 0" not in one for one in said)


@pytest.mark.parametrize("cls", REGRESSORS)
@pytest.mark.parametrize("scaling", ["pooled", "task"])
def test_targets_are_looked_at_where_their_scale_matters(cls, scaling):
    meta = fitted_to_lines(cls, scaling)
    matters = scaling == "pooled" and not cls.__name__.startswith(("InContext", "MetaKNeighbors"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta.predict([rescaled(task, target=1e-3) for task in NEW])
    assert any("20 of 20 tasks are on another scale" in str(one.message) for one in caught) == matters
    assert any("the targets vary 0.00" in str(one.message) for one in caught) == matters


def test_a_warning_has_the_columns_name_the_factor_and_the_remedy_and_comes_once_for_a_task():
    pd = pytest.importorskip("pandas")
    names = ["age", "income", "height", "weight"]
    train = [(pd.DataFrame(t.X, columns=names), t.y) for t in TRAIN]
    meta = MetaKNeighborsRegressor(**CHEAP).fit(train)
    X, y = pd.DataFrame(NEW[0].X, columns=names), NEW[0].y
    X["income"] *= 1000
    with pytest.warns(AdaptationWarning, match=r"'income' varies \d+0 times as much.*PerTask") as caught:
        meta.adapt(X[:8], y[:8])
    assert caught[0].filename == __file__
    with silent():
        meta.partial_fit(X[8:], y[8:]).predict(X)


def test_a_task_that_turns_out_to_be_on_another_scale_is_told_of_then():
    meta = MetaKNeighborsRegressor(**CHEAP).fit(TRAIN)
    task = rescaled(NEW[0], [30, 1, 1, 1])
    with silent():
        meta.adapt(task.X[:2], task.y[:2])  # two rows may lie so far apart by chance
    with pytest.warns(AdaptationWarning, match="column 0 varies"):
        meta.partial_fit(task.X[2:], task.y[2:])


def test_tasks_known_by_their_ids_are_told_of_when_they_are_asked():
    X, y, ids = TRAIN.to_long()
    meta = MetaKNeighborsRegressor(**CHEAP).fit(X, y, task=ids)
    new = rescaled(NEW[0], [1, 1, 1, 1e-3])
    meta.partial_fit(new.X, new.y, task=np.full(10, 99))
    with pytest.warns(AdaptationWarning, match="1 of 2 tasks are .*column 3 varies"):
        meta.predict(np.r_[X[:1], new.X[:1]], task=np.array([0, 99]))


def test_a_table_that_was_learned_knows_its_own_scale():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    clf = ProtoNetClassifier(**CHEAP).fit(X, y)
    with silent():
        clf.adapt(X[:10], y[:10])
    with pytest.warns(AdaptationWarning, match="column 2 varies"):
        clf.adapt(X * [1, 1, 1e4], y)


def test_columns_that_are_scaled_by_task_are_silent():
    scaler = PerTask(StandardScaler(), fit_on="support")
    meta = make_pipeline(scaler, MAMLRegressor(**CHEAP, target_scaling="task")).fit(TRAIN)
    with silent():
        meta.predict([rescaled(task, [1e3, 1, 1e-3, 1], 1e3) for task in NEW])


def test_a_warm_start_knows_the_scales_of_both_fits():
    meta = MetaKNeighborsRegressor(**CHEAP, warm_start=True).fit(TRAIN)
    meta.fit(TaskSet([Task(t.X * [100, 1, 1, 1], t.y) for t in TRAIN]))
    with silent():
        for factor in (1, 100):
            meta.predict([rescaled(task, [factor, 1, 1, 1]) for task in NEW])
    with pytest.warns(AdaptationWarning):
        meta.predict([rescaled(task, [1e5, 1, 1, 1]) for task in NEW])


def test_tasks_without_end_are_measured_by_the_first():
    meta = MetaKNeighborsRegressor(**CHEAP).fit(LINES)
    with pytest.warns(AdaptationWarning, match="20 of 20"):
        meta.predict([rescaled(task, [1e3, 1, 1, 1]) for task in NEW])


def test_copies_know_the_scales_and_what_was_saved_without_them_is_silent(tmp_path):
    meta = MetaKNeighborsRegressor(**CHEAP).fit(TRAIN)
    task = rescaled(NEW[0], [1e3, 1, 1, 1])
    meta.save(tmp_path / "new.skmeta")
    for other in (skmeta.load(tmp_path / "new.skmeta"), pickle.loads(pickle.dumps(meta))):
        with pytest.warns(AdaptationWarning, match="column 0 varies"):
            other.adapt(task.X, task.y)
        with silent():  # what it was told of before it was stored is not told again
            pickle.loads(pickle.dumps(other))
    meta.spreads_ = Spreads(*(getattr(meta.spreads_, name) for name in ("low", "high", "far")))
    meta.save(tmp_path / "older.skmeta")
    with silent():
        skmeta.load(tmp_path / "older.skmeta").adapt(NEW[0].X + 1e6, NEW[0].y)
    del meta.spreads_
    meta.save(tmp_path / "old.skmeta")
    with silent():
        skmeta.load(tmp_path / "old.skmeta").adapt(task.X, task.y).predict(task.X_query)


def test_a_factor_is_that_of_the_side_where_most_tasks_are():
    meta = MAMLRegressor(**CHEAP).fit(TRAIN)
    columns = np.array([1000, 1, 1, 1])
    tasks = [rescaled(NEW[0], columns), rescaled(NEW[1], columns), rescaled(NEW[2], 1 / columns)]
    with pytest.warns(AdaptationWarning, match=r"3 of 3 tasks are .*column 0 varies [0-9.]{3,6} times") as found:
        meta.predict(tasks)
    said = next(str(one.message) for one in found if "another scale than those" in str(one.message))
    assert float(said.split("column 0 varies ")[1].split()[0]) > 100


@pytest.mark.parametrize("ask", ["adapt", "predict", "score"])
def test_the_warning_names_the_line_that_asked(ask):
    meta, task = MAMLRegressor(**CHEAP).fit(TRAIN), rescaled(NEW[0], 1000)
    task = Task(task.X, task.y, task.X_query, NEW[0].y_query)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", AdaptationWarning)
        meta.adapt(task.X, task.y) if ask == "adapt" else getattr(meta, ask)([task])
    assert found and {one.filename for one in found if one.category is AdaptationWarning} == {__file__}


# ---------------------------------------------------------------------- tasks of meta-training that lie apart


def lying_apart(tasks, how_far, seed=0):
    """The same tasks, each moved to a place of its own."""
    places = how_far * np.random.default_rng(seed).normal(size=(len(tasks), 4))
    return [Task(t.X + place, t.y, t.X_query + place, t.y_query) for t, place in zip(tasks, places)]


def test_tasks_that_lie_apart_are_told_of_since_what_differs_within_them_is_hardly_seen():
    family = GaussianClusters(n_ways=3, n_shots=5, n_query=10, n_features=4, separation=4.0)
    train, others = family.sample(20, random_state=0), family.sample(20, random_state=1)
    apart, new = lying_apart(train, 300), lying_apart(others, 300, seed=1)
    untrained = ProtoNetClassifier(max_epochs=0, random_state=0)
    with pytest.warns(AdaptationWarning, match="times as far apart between tasks as they range in one"):
        untrained.fit(apart)
    scaled = make_pipeline(PerTask(StandardScaler(), fit_on="support"), untrained)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AdaptationWarning)
        assert scaled.fit(apart).score(new) > 0.7
        untrained.fit(lying_apart(train, 3))
        untrained.fit([(t.X[:2], [0, 1]) for t in train])  # few rows range over little
        untrained.fit([Task(np.c_[t.X, np.full((15, 5), i)], t.y) for i, t in enumerate(train)])  # columns of tasks


def test_heavy_tails_do_not_make_tasks_lie_apart():
    rng = np.random.default_rng(0)
    for X in (rng.standard_cauchy((200, 3)), np.exp(3 * rng.normal(size=(200, 3))), rng.random((200, 3)) < 0.05):
        start = np.arange(0, 200, 5)
        assert distance_of_tasks(ends_of_tasks([X.astype(float)], start, np.full(40, 5))) < 2


@pytest.mark.parametrize("size", [1e-12, 1.0])
def test_targets_that_are_all_one_small_number_are_answered_in_its_size(size):
    X = np.random.default_rng(0).normal(size=(24, 2))
    meta = FineTuneTransferRegressor(max_epochs=1, steps_per_epoch=1, random_state=0)
    answers = meta.fit(X, np.full(24, size), task=np.arange(24) % 3).predict(X, task=np.arange(24) % 3)
    np.testing.assert_allclose(answers, size, rtol=0.5)
