"""Whether classes that tasks call alike mean the same: the rows say so, whatever the names."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from skmeta import FineTuneTransfer, MAMLClassifier, SourceSelector, TaskSet
from skmeta.estimators.base.labels import infer_label_regime
from skmeta.tasks import GaussianClusters
from tests.estimators.contract import cheap

NAMES = {
    "numbers from 0": np.arange(3),
    "numbers from 1": np.arange(1, 4),
    "floats": np.arange(3.0),
    "digits": np.array(["1", "2", "3"]),
    "numbered names": np.array(["class 0", "class 1", "class 2"]),
    "names": np.array(["red", "green", "blue"]),
    "objects": np.array(["red", "green", "blue"], dtype=object),
}


def drawn(meaning, n_tasks=40, names=NAMES["names"], seed=0, n_rows=8, tails=False):
    """Tasks of counts, or of columns with long tails: three classes, the same in all tasks or others in each."""
    rng = np.random.default_rng(seed)
    code = np.repeat(np.arange(3), n_rows)
    rates, tasks = rng.lognormal(0, 1, (3, 20)), []
    for _ in range(n_tasks):
        if meaning == "task":
            rates = rng.lognormal(0, 1, (3, 20))
        level = rates[code] * rng.lognormal(0, 0.5, (len(code), 1)) * rng.lognormal(0, 0.3, 20)
        X = level * rng.lognormal(0, 2, level.shape) if tails else rng.poisson(level).astype(float)
        tasks.append((X, names[code]))
    return tasks


def regime(tasks, **how):
    tasks = TaskSet(tasks)
    X, y = tasks.pooled
    return infer_label_regime(X, y, tasks.task_of_row, len(tasks), from_long=False, **how)


@pytest.mark.parametrize("tails", [False, True])
@pytest.mark.parametrize("meaning", ["task", "shared"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_the_rows_say_whether_classes_called_alike_are_the_same(names, meaning, tails):
    right = [regime(drawn(meaning, 40, names, seed, tails=tails)) == meaning for seed in range(10)]
    assert np.mean(right) > (0.5 if (meaning, names.dtype.kind in "UO") == ("task", True) else 0.9)


def test_a_numbering_of_few_tasks_is_seldom_mistaken():
    for meaning in ("task", "shared"):
        right = [regime(drawn(meaning, 5, NAMES["numbers from 0"], seed)) == meaning for seed in range(40)]
        assert np.mean(right) > 0.9


def test_names_stay_shared_where_nothing_tells_classes_apart():
    rng = np.random.default_rng(0)
    y = NAMES["names"][np.repeat(np.arange(3), 8)]
    assert regime([(rng.normal(size=(24, 5)), y) for _ in range(30)]) == "shared"
    assert regime([(rng.normal(size=(24, 5)), y == "red") for _ in range(30)]) == "shared"


def test_a_row_of_each_class_is_not_enough_to_take_names_for_mere_names():
    assert regime(drawn("task", 30, n_rows=1)) == "shared"


def test_a_part_in_common_is_a_meaning_in_common():
    rng = np.random.default_rng(0)
    code, common = np.repeat(np.arange(3), 10), rng.normal(size=(3, 10))
    own = 1.5 * rng.normal(size=(20, 3, 10))
    tasks = [((common + one)[code] + rng.normal(size=(30, 10)), NAMES["names"][code]) for one in own]
    assert regime(tasks) == "shared"


def test_what_chance_makes_of_few_columns_is_not_taken_for_a_meaning():
    family = GaussianClusters(n_ways=3, n_shots=5, n_query=10, n_features=4, separation=4.0)
    assert sum(regime(family.sample(30, random_state=seed)) == "shared" for seed in range(60)) <= 1


def test_where_and_on_which_scale_a_task_lies_decides_nothing():
    rng = np.random.default_rng(0)
    for meaning in ("task", "shared"):
        tasks = drawn(meaning)
        elsewhere = [(X * rng.lognormal(0, 3, 20) + 1000 * rng.normal(size=20), y) for X, y in tasks]
        assert regime(elsewhere) == regime(tasks) == meaning


def test_missing_cells_and_columns_that_never_vary_decide_nothing():
    for meaning in ("task", "shared"):
        tasks = drawn(meaning)
        for X, _ in tasks:
            X[:, 0], X[::3, 1] = 7, np.nan
        assert regime(tasks) == meaning


def two_clusters(n_tasks, rng, is_dealt_out, distance=5.0, n_columns=5):
    """Tasks of the same two clusters, numbered 0 and 1 alike in all, or by chance in each."""
    code = np.repeat([0, 1], 20)
    for _ in range(n_tasks):
        y = code if not (is_dealt_out and rng.random() < 0.5) else 1 - code
        yield rng.normal(size=(40, n_columns)) + distance * code[:, None], y


def test_four_tasks_of_two_classes_that_agree_are_shared_and_fewer_are_not():
    rng = np.random.default_rng(0)
    for n_tasks, found in ((2, "task"), (3, "task"), (4, "shared"), (5, "shared"), (6, "shared")):
        assert {regime(list(two_clusters(n_tasks, rng, False))) for _ in range(5)} == {found}


@pytest.mark.parametrize("n_tasks, at_most", [(4, 0.21), (5, 0.12), (12, 0.04)])
def test_the_same_clusters_dealt_out_anew_are_taken_for_shared_as_seldom_as_chance_says(n_tasks, at_most):
    rng = np.random.default_rng(0)
    assert np.mean([regime(list(two_clusters(n_tasks, rng, True))) == "shared" for _ in range(100)]) <= at_most


def test_four_tasks_of_own_directions_are_not_taken_for_shared_by_a_weak_agreement():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 20)
    own = [
        regime([(rng.normal(size=(40, 8)) + 4 * np.outer(y, rng.normal(size=8)), y) for _ in range(4)])
        for _ in range(60)
    ]
    assert own.count("shared") <= 2


def test_a_task_with_more_classes_does_not_make_chance_of_the_others_a_meaning():
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(150):
        tasks = list(two_clusters(19, rng, True, n_columns=8))
        y = np.repeat(np.arange(4), 10)
        tasks.append((rng.normal(size=(40, 8)) + rng.normal(size=(4, 8))[y], y))
        wrong += regime(tasks) == "shared"
    assert wrong <= 5


def test_rows_sorted_by_class_in_tasks_that_drift_do_not_make_mere_names():
    rng = np.random.default_rng(0)
    y = np.array(["rest", "run"])[np.repeat([0, 1], 20)]
    for _ in range(5):
        drifts = np.linspace(0, 1, 40)[:, None] * 4 * rng.normal(size=(30, 1, 6))
        assert regime([(drift + 0.5 * rng.normal(size=(40, 6)), y) for drift in drifts]) == "shared"


def test_names_of_their_own_are_told_wherever_tasks_are_many():
    rng = np.random.default_rng(0)
    code, n_told = np.repeat(np.arange(3), 20), 0
    for _ in range(20):
        means = 3 * rng.normal(size=(20, 3, 6))
        n_told += regime([(mean[code] + rng.normal(size=(60, 6)), NAMES["names"][code]) for mean in means]) == "task"
    assert n_told >= 15


def peak_of(X, y, task):
    tracemalloc.start()
    try:
        found = infer_label_regime(X, y, task, task[-1] + 1, from_long=False)
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_classes_of_many_tasks_are_no_burden():
    rng = np.random.default_rng(0)
    y, task = np.tile(np.arange(200), 100), np.repeat(np.arange(100), 200)
    mean = rng.normal(size=(200, 10))
    found, peak = peak_of(3 * mean[y] + rng.normal(size=(len(y), 10)), y, task)
    assert found == "shared" and peak < 5e8
    found, peak = peak_of(rng.normal(size=(len(y), 10)), y, task)
    assert found == "task" and peak < 5e8


def test_sparse_rows_of_many_columns_are_no_burden_and_tell_what_classes_mean():
    rng = np.random.default_rng(0)
    y, task = np.tile(np.arange(3), 1000), np.repeat(np.arange(50), 60)
    row = np.repeat(np.arange(3000), 30)
    word = rng.integers(0, 200_000, len(row))
    for found in ("task", "shared"):
        X = sparse.csr_matrix((np.ones(len(row)), (row, word)), (3000, 200_000))
        regime_of_rows, peak = peak_of(X, y, task)
        assert regime_of_rows == found and peak < 8e8
        word = np.where(rng.random(len(row)) < 0.5, rng.integers(0, 50, len(row)) + 50 * y[row], word)


def test_dense_rows_of_many_columns_are_copied_in_part_only():
    rng = np.random.default_rng(0)
    y, task = np.tile(np.arange(3), 1000), np.repeat(np.arange(50), 60)
    X = rng.normal(size=(3, 20_000)).astype("f4")[y] + rng.standard_normal((3000, 20_000), dtype="f4")
    found, peak = peak_of(X, y, task)
    assert found == "shared" and peak < 2 * X.nbytes


@pytest.mark.parametrize("names", [NAMES["names"], NAMES["numbers from 1"]], ids=["names", "numbers from 1"])
def test_a_new_task_is_answered_by_its_own_classes_alone_where_names_mean_something_else_in_each(names):
    meta = cheap(MAMLClassifier, max_epochs=0).fit(drawn("task", names=names))
    assert meta.labels_ == "task"
    X, y = drawn("task", 1, names)[0]
    assert set(meta.adapt(X[y != names[0]], y[y != names[0]]).predict(X)) == set(names[1:])
    assert list(cheap(MAMLClassifier, max_epochs=0).fit(drawn("shared", names=names)).adapt(X, y).classes_) == sorted(
        names
    )


def test_sources_whose_names_mean_something_else_in_each_have_heads_of_their_own():
    assert cheap(FineTuneTransfer).fit(drawn("task")).heads_ == "task"
    assert cheap(FineTuneTransfer).fit(drawn("shared")).heads_ == "shared"
    assert cheap(FineTuneTransfer, labels="task").fit(drawn("shared")).heads_ == "shared"  # they have come before


def test_sources_are_chosen_by_what_classes_mean():
    for meaning in ("task", "shared"):
        assert SourceSelector().fit(drawn(meaning)).labels_ == meaning
