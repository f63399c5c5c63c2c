"""What is chosen from the data where nothing is said: trust in an estimator of one table, the scale of rows."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_circles
from sklearn.linear_model import RidgeCV
from torch import nn

import skmeta
from skmeta import (
    BayesianHeadRegressor,
    FineTuneTransferRegressor,
    MAMLRegressor,
    MetaKNeighborsClassifier,
    MetaKNeighborsRegressor,
    MetaOptNetClassifier,
    MetaOptNetRegressor,
    NeuralProcessRegressor,
    ProtoNetClassifier,
    Task,
    split_tasks,
)
from skmeta.datasets import split_classes
from skmeta.learners.calibrated import Calibrated
from skmeta.tasks import GaussianClusters


def noisy_table(n_rows, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 10))
    return X, (X[:, 0] + rng.normal(size=n_rows) > 0).astype(int)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MetaOptNetClassifier])
def test_a_classifier_of_one_small_table_is_about_as_sure_as_it_is_right(cls, tmp_path):
    (X, y), (X_new, y_new) = noisy_table(50, 0), noisy_table(1000, 1)
    meta = cls(random_state=0).fit(X, y)
    p = meta.predict_proba(X_new)
    assert p.max(1).mean() < np.mean(p.argmax(1) == y_new) + 0.08
    assert -np.log(p[np.arange(1000), y_new]).mean() < np.log(2)  # better than saying nothing
    meta.save(tmp_path / "it")
    np.testing.assert_array_equal(skmeta.load(tmp_path / "it").predict_proba(X_new), p)


@pytest.mark.parametrize("cls", [ProtoNetClassifier, MetaKNeighborsClassifier])
def test_what_no_line_can_part_is_the_learners_to_answer_where_there_are_rows_enough(cls):
    X, y = make_circles(700, noise=0.1, factor=0.5, random_state=0)
    p = cls(random_state=0).fit(X[:200], y[:200]).predict_proba(X[200:])
    assert -np.log(p[np.arange(500), y[200:]]).mean() < 0.2  # 0.69 is saying nothing


def test_other_classes_than_the_tables_are_the_learners_own_to_answer():
    X, y = noisy_table(40, 0)
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(X, y)
    assert isinstance(meta.net_.module_, Calibrated)
    assert set(meta.adapt(X[:6], [7, 8] * 3).predict(X)) == {7, 8}
    assert not isinstance(ProtoNetClassifier(n_ways=2, max_epochs=1).fit(X, y).net_.module_, Calibrated)


@pytest.mark.parametrize("cls", [MAMLRegressor, MetaOptNetRegressor, FineTuneTransferRegressor])
def test_a_regressor_of_one_small_noisy_table_is_about_as_good_as_ridge_regression(cls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1040, 10))
    y = 100 + 20 * (X[:, 0] - X[:, 1] + 2 * rng.normal(size=1040))
    meta, plain = (model.fit(X[:40], y[:40]) for model in (cls(random_state=0), RidgeCV(np.logspace(-1, 2, 7))))
    assert meta.score(X[40:], y[40:]) > plain.score(X[40:], y[40:]) - 0.15


@pytest.mark.parametrize("cls", [MAMLRegressor, FineTuneTransferRegressor, MetaKNeighborsRegressor])
@pytest.mark.parametrize("target_scaling", ["pooled", "task", None])
def test_a_plane_stands_beside_a_regressor_of_one_table_however_targets_are_scaled(cls, target_scaling):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = 5 + X[:, 0] + 0.1 * rng.normal(size=40)
    meta = cls(target_scaling=target_scaling, max_epochs=5, random_state=0, warm_start=True).fit(X, y)
    assert isinstance(meta.net_.module_, Calibrated)
    assert meta.fit(X, y).score(X, y) > 0.5
    (of_task,) = meta.predict([Task(X[:20], y[:20], X[20:])])
    np.testing.assert_allclose(meta.adapt(X[:20], y[:20]).predict(X[20:]), of_task, rtol=1e-4)


def test_a_regressor_answers_what_no_plane_can_hold_where_there_are_rows_enough():
    X = np.random.default_rng(0).uniform(-1, 1, size=(700, 2))
    y = np.sin(4 * X[:, 0]) * X[:, 1]
    assert MAMLRegressor(random_state=0).fit(X[:200], y[:200]).score(X[200:], y[200:]) > 0.5


@pytest.mark.parametrize("n_rows", [50, 150])
@pytest.mark.parametrize("cls", [BayesianHeadRegressor, NeuralProcessRegressor])
def test_intervals_of_one_table_hold_about_as_many_rows_as_they_say(cls, n_rows, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000 + n_rows, 8))
    y = 3 + X[:, 0] + rng.normal(size=len(X))
    meta = cls(random_state=0).fit(X[:n_rows], y[:n_rows])
    low, high = meta.predict(X[n_rows:], quantiles=[0.05, 0.95]).T
    assert 0.8 < np.mean((low <= y[n_rows:]) & (y[n_rows:] <= high)) < 0.98
    meta.save(tmp_path / "it")
    np.testing.assert_array_equal(
        skmeta.load(tmp_path / "it").predict(X[:5], return_std=True)[1], meta.predict(X[:5], return_std=True)[1]
    )


def test_rows_of_words_are_scaled_as_texts_and_rows_of_numbers_column_by_column():
    rng = np.random.default_rng(0)
    words = sparse.random(60, 40, density=0.1, random_state=0, format="csr")
    y = np.arange(60) % 3
    texts = ProtoNetClassifier(max_epochs=0).fit(words, y).net_.get_params()
    numbers = ProtoNetClassifier(max_epochs=0).fit(rng.normal(size=(60, 40)), y).net_.get_params()
    assert (texts["module__scaling"], texts["module__unit_length"]) == ("table", True)
    assert "module__scaling" not in numbers and "module__unit_length" not in numbers
    said = ProtoNetClassifier(max_epochs=0, module__scaling="columns", module__unit_length=False).fit(words, y)
    assert said.net_.get_params()["module__scaling"] == "columns"


def test_a_table_of_many_classes_that_comes_as_the_only_task_is_learned_from_in_episodes():
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(24, 5))
    y = np.repeat([f"kind {i}" for i in range(24)], 8)
    tasks = split_classes(np.repeat(centres, 8, axis=0) + rng.normal(size=(192, 5)), y, test_size=6, random_state=0)
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=10, random_state=0).fit(tasks[0])
    assert meta.labels_ == "task"
    few = split_tasks(tasks[1], 2, random_state=0)
    assert meta.score(few) > 0.7
    assert set(meta.predict(few)[0]) <= set(few[0].y)


@pytest.mark.parametrize("n_ways", [1, (1, 4), (4, 2), "five"])
def test_ways_that_cannot_be_are_refused(n_ways):
    X, y = noisy_table(20, 0)
    with pytest.raises(ValueError, match=r"n_ways .* must be None, an integer of at least 2 or a \(low, high\) pair"):
        ProtoNetClassifier(n_ways=n_ways).fit(X, y)


@pytest.mark.parametrize("head, gain, behind", [("ridge", 0.05, 0.06), ("svm", 0.005, 0.1)])
def test_a_head_of_few_rows_begins_as_modest_as_their_length_asks_for_whatever_its_unit(head, gain, behind):
    family = GaussianClusters(n_features=24, separation=4.0)
    train, new = family.sample(8, random_state=0), family.sample(60, random_state=1)
    settings = {"max_epochs": 0, "random_state": 0}
    means = ProtoNetClassifier(**settings).fit(train).score(new)
    found = MetaOptNetClassifier(head=head, **settings).fit(train).score(new)
    assert found > MetaOptNetClassifier(head=head, l2=1.0, **settings).fit(train).score(new) + gain
    in_grams = [tasks.with_rows(1000 * tasks.pooled[0]) for tasks in (train, new)]
    for_grams = MetaOptNetClassifier(nn.Identity, head=head, **settings).fit(in_grams[0]).score(in_grams[1])
    assert min(found, for_grams) > means - behind
