"""Tasks known by their answers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from skmeta.inspection import explain_adaptation, task_embedding, task_shift, task_similarity

SLOPES = {"a": 2.0, "b": -1.0, "c": 1.0}


class Lines(RegressorMixin, BaseEstimator):
    """Answers ``slope * x0 + 1``; a task never seen has slope 1."""

    knows_strangers = True

    @property
    def adapted_tasks_(self):
        return np.array(list(SLOPES))

    def predict(self, X, task):
        if not self.knows_strangers and not set(task) <= set(SLOPES):
            raise ValueError("never seen")
        return np.array([SLOPES.get(name, 1.0) for name in task]) * np.asarray(X)[:, 0] + 1


class OnlyKnown(Lines):
    knows_strangers = False


class Coins(ClassifierMixin, BaseEstimator):
    """Two tasks with probabilities 0.5 and 0.8 of the second class, whatever the row."""

    classes_ = np.array([0, 1])

    @property
    def adapted_tasks_(self):
        return np.array([5, 6])

    def predict_proba(self, X, task):
        p = np.array([0.8 if name == 6 else 0.5 for name in task])
        return np.stack([1 - p, p], axis=1)


X = np.array([[1.0, 7.0], [2.0, 7.0], [-1.0, 7.0]])


def test_a_task_is_the_change_it_makes_to_the_answer_for_a_task_never_seen():
    assert_allclose(task_embedding(Lines(), X), [X[:, 0], -2 * X[:, 0], 0 * X[:, 0]])


def test_where_strangers_get_no_answer_the_mean_over_tasks_is_the_common_one():
    mean = 2 / 3
    assert_allclose(task_embedding(OnlyKnown(), X), np.outer(np.array([2, -1, 1]) - mean, X[:, 0]))


def test_shift_is_the_root_mean_square_of_the_change():
    assert_allclose(task_shift(Lines(), X), np.array([1, 2, 0]) * np.sqrt(2))
    assert_allclose(task_shift(Lines(), X, ["b"]), 2 * np.sqrt(2))


def test_opposite_changes_are_opposite_and_no_change_is_like_nothing():
    assert_allclose(task_similarity(Lines(), X), [[1, -1, 0], [-1, 1, 0], [0, 0, 0]], atol=1e-12)


def test_classifiers_are_compared_by_log_probabilities():
    embedding = task_embedding(Coins(), X[:1])
    assert_allclose(embedding[0], 0, atol=1e-12)
    assert_allclose(embedding[1], [np.log(0.2 / 0.5), np.log(0.8 / 0.5)])


def test_adaptation_is_explained_by_effects_before_and_after():
    table = explain_adaptation(Lines(), pd.DataFrame(X, columns=["dose", "constant"]), "b")
    assert_array_equal(table["feature"], ["dose", "(intercept)", "constant"])
    std = X[:, 0].std()
    assert_allclose(table["before"], [std, 1 + X[:, 0].mean(), 0], atol=1e-12)
    assert_allclose(table["after"], [-std, 1 - X[:, 0].mean(), 0], atol=1e-12)
    assert_allclose(table["change"], table["after"] - table["before"])


def test_adaptation_of_a_classifier_is_explained_on_log_odds():
    table = explain_adaptation(Coins(), X, 6)
    place = list(table["feature"]).index("(intercept)")
    assert_allclose([table["before"][place], table["after"][place]], [0, np.log(4)], atol=1e-6)


def test_a_task_must_be_known_to_be_explained():
    with pytest.raises(ValueError, match="'z' is not among the 3 known tasks"):
        explain_adaptation(Lines(), X, "z")
