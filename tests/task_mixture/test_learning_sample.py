"""What is common is learned from some rows of a very long table, and all of its tasks are answered."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from skmeta import TaskMixtureRegressor
from skmeta.task_mixture import learning_sample as room
from skmeta.task_mixture.learning_sample import learning_sample


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(room, "MOST_ROWS", 1200)
    monkeypatch.setattr(room, "_ENOUGH_TASKS", 20)


def test_short_tables_are_taken_whole():
    is_taken, position, n_learned = learning_sample(np.repeat(np.arange(5), 3), 5, 0)
    assert is_taken.all() and position.tolist() == [0, 1, 2, 3, 4] and n_learned == 5


@pytest.mark.parametrize(
    "n_tasks, n_rows, n_learned, each", [(400, 10, 120, 10), (10, 400, 10, 120), (40, 100, 20, 60)]
)
def test_of_many_tasks_some_are_taken_whole_and_of_few_some_rows_of_each(short, n_tasks, n_rows, n_learned, each):
    code = np.repeat(np.arange(n_tasks), n_rows)
    is_taken, position, found = learning_sample(code, n_tasks, 0)
    rows = np.bincount(position[code[is_taken]], minlength=n_tasks)
    assert found == n_learned and sorted(position) == list(range(n_tasks))
    assert (rows[:found] > 0.8 * each).all() and (rows[:found] < 1.4 * each).all() and not rows[found:].any()


def test_tasks_beside_the_sample_are_answered_from_all_their_rows(short):
    rng = np.random.default_rng(0)
    site = rng.permutation(np.repeat([f"site {i}" for i in range(250)], 10))
    own = {f"site {i}": 3 * value for i, value in enumerate(rng.normal(size=250))}
    X = rng.normal(size=(2500, 2))
    y = X[:, 0] + [own[name] for name in site] + 0.1 * rng.normal(size=2500)
    hidden = rng.random(2500) < 0.2
    model = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(
        X[~hidden], y[~hidden], task=site[~hidden]
    )
    assert model.mixtures_[0].shown.n_fitted == pytest.approx(150, abs=2)
    assert sum(model.mixtures_[0].shown.count(np.arange(250))) == (~hidden).sum()
    errors = np.abs(model.predict(X[hidden], task=site[hidden]) - y[hidden])
    assert np.median(errors) < 0.12
