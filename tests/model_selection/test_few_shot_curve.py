"""Scores against support size: what the mean and its interval are taken over."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skmeta import ProtoNetClassifier, few_shot_curve
from skmeta.model_selection.few_shot_curve import _mean_and_half_width


def test_the_interval_is_students_over_tasks_not_over_repeats():
    scores = np.array([[0.4, 0.6, 0.8], [0.6, 0.8, 1.0]])  # two repeats of three tasks: means 0.5, 0.7, 0.9
    mean, half = _mean_and_half_width(scores)
    assert_allclose(mean, 0.7)
    assert_allclose(half, 4.302653 * 0.2 / np.sqrt(3), rtol=1e-6)  # t with 2 degrees of freedom, at 0.975


def test_undefined_scores_are_left_out():
    scores = np.array([[0.4, np.nan, np.nan, 0.8], [np.nan, np.nan, 0.6, 1.0]])
    mean, half = _mean_and_half_width(scores)
    assert_allclose(mean, (0.4 + 0.6 + 0.9) / 3)
    assert_allclose(half, 4.302653 * np.std([0.4, 0.6, 0.9], ddof=1) / np.sqrt(3), rtol=1e-6)


@pytest.mark.parametrize("scores, mean", [([[0.3], [0.5]], 0.4), ([[np.nan]], np.nan)])
def test_one_task_has_no_interval(scores, mean):
    assert_allclose(_mean_and_half_width(np.array(scores)), [mean, np.nan])


def test_a_curve_holds_every_score_and_one_number_is_a_curve_of_one_point(unsplit_cluster_tasks):
    meta = ProtoNetClassifier(max_epochs=1, steps_per_epoch=2, random_state=0).fit(unsplit_cluster_tasks[:8])
    curve = few_shot_curve(meta, unsplit_cluster_tasks[8:], n_shots=[1, 4], n_repeats=3, random_state=0)
    assert curve.scores.shape == (2, 3, 8)
    assert_allclose(curve.mean, curve.scores.mean((1, 2)))
    assert (curve.low < curve.mean).all() and (curve.mean < curve.high).all()
    point = few_shot_curve(meta, unsplit_cluster_tasks[8:], n_shots=1, n_repeats=3, random_state=0)
    assert_allclose(point.scores, curve.scores[:1])
