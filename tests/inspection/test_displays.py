"""Displays: what is drawn is what was measured."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from skmeta import BayesianHeadRegressor, MAMLRegressor, ProtoNetClassifier, few_shot_curve  # noqa: E402
from skmeta.inspection import (  # noqa: E402
    AdaptationCurveDisplay,
    ShotCurveDisplay,
    TaskMapDisplay,
    task_embedding,
    task_shift,
)
from skmeta.model_selection.few_shot_curve import FewShotCurve  # noqa: E402
from skmeta.tasks import GaussianClusters, Sinusoids  # noqa: E402


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def by_site():
    rng = np.random.default_rng(0)
    X, site = rng.normal(size=(48, 2)), np.repeat(np.arange(8), 6)
    y = X[:, 0] + site
    return BayesianHeadRegressor(max_epochs=1, random_state=0).fit(X, y, task=site), X


def test_the_map_keeps_what_two_directions_can_of_the_distances(by_site):
    meta, X = by_site
    display = TaskMapDisplay.from_estimator(meta, X[:10])
    embedding = task_embedding(meta, X[:10])
    assert_allclose(display.shift, task_shift(meta, X[:10]))
    on_map = np.square(display.positions - display.positions.mean(0)).sum()
    full = np.square(embedding - embedding.mean(0)).sum()
    assert on_map == pytest.approx(display.explained.sum() * full)


def test_the_map_shows_every_task_with_its_name(by_site):
    meta, X = by_site
    display = TaskMapDisplay.from_estimator(meta, X[:10])
    assert display.points_.get_offsets().shape == (8, 2)
    assert [text.get_text() for text in display.ax_.texts] == [str(i) for i in range(8)]
    assert not TaskMapDisplay.from_estimator(meta, X[:10], label=False).ax_.texts


def test_a_map_takes_axes_and_settings_of_the_points(by_site):
    meta, X = by_site
    _, ax = plt.subplots()
    display = TaskMapDisplay.from_estimator(meta, X[:10], tasks=[1, 2, 3], ax=ax, s=99)
    assert display.ax_ is ax and display.figure_ is ax.figure
    assert display.points_.get_sizes().tolist() == [99]


def test_one_task_makes_no_map(by_site):
    meta, X = by_site
    with pytest.raises(ValueError, match="at least 2 tasks"):
        TaskMapDisplay.from_estimator(meta, X[:10], tasks=[1])


def test_the_shot_curve_is_the_measured_one():
    tasks = GaussianClusters(n_ways=2, n_shots=15).sample(14, random_state=0)
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks[:7])
    display = ShotCurveDisplay.from_estimator(meta, tasks[7:], [1, 5], n_repeats=2, random_state=0)
    curve = few_shot_curve(meta, tasks[7:], [1, 5], n_repeats=2, random_state=0)
    assert_allclose(display.line_.get_xydata(), np.stack([[1, 5], curve.mean], axis=1))
    assert display.line_.get_label() == "ProtoNetClassifier"
    again = ShotCurveDisplay(curve).plot(ax=display.ax_, name="again", color="red")
    assert again.line_.get_label() == "again" and again.line_.get_color() == "red"


def test_the_adaptation_curve_scores_each_number_of_steps_and_leaves_the_estimator_as_it_was():
    tasks = Sinusoids(n_shots=10).sample(8, random_state=0)
    meta = MAMLRegressor(max_epochs=1, adapt_steps=3, random_state=0).fit(tasks)
    display = AdaptationCurveDisplay.from_estimator(meta, tasks, steps=[0, 3], n_shots=5)
    assert meta.adapt_steps == 3
    as_it_is = few_shot_curve(meta, tasks, 5, n_repeats=1, random_state=0)
    assert display.line_.get_ydata()[1] == pytest.approx(as_it_is.mean[0])
    assert display.line_.get_ydata()[0] != pytest.approx(as_it_is.mean[0])


def test_an_estimator_without_steps_has_no_adaptation_curve(by_site):
    with pytest.raises(ValueError, match="BayesianHeadRegressor does not adapt in steps"):
        AdaptationCurveDisplay.from_estimator(by_site[0], None)


def test_a_wild_interval_does_not_flatten_the_curves():
    mean, half = np.array([0.5, 0.6, 0.7]), np.array([90.0, 0.01, 0.01])
    curve = FewShotCurve(np.array([1, 2, 5]), mean, mean - half, mean + half, None)
    display = ShotCurveDisplay(curve).plot()
    assert display.ax_.get_xticks().tolist() == [1, 2, 5]
    assert_allclose(display.ax_.get_ylim(), [0.4, 0.8])


def shot_curve(n_shots, mean):
    mean = np.array(mean)
    return FewShotCurve(np.array(n_shots), mean, mean - 0.01, mean + 0.01, None)


def test_the_metric_is_named_and_one_line_of_chance_serves_all_curves():
    tasks = GaussianClusters(n_ways=4, n_shots=15).sample(10, random_state=0)
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks[:5])
    first = ShotCurveDisplay.from_estimator(meta, tasks[5:], [1, 5], n_repeats=1, random_state=0)
    second = ShotCurveDisplay.from_estimator(
        meta, tasks[5:], [1, 5], n_repeats=1, random_state=0, ax=first.ax_, name="again"
    )
    assert first.ax_.get_ylabel() == "Accuracy, mean over tasks"
    assert second.chance_line_ is first.chance_line_
    assert first.chance_line_.get_ydata()[0] == 0.25
    assert first.ax_.get_ylim()[0] < 0.25
    legend = [text.get_text() for text in second.ax_.get_legend().get_texts()]
    assert legend == ["ProtoNetClassifier", "chance", "again"]


def test_a_metric_of_choice_is_named_and_a_scorer_of_ones_own_is_a_score():
    tasks = GaussianClusters(n_ways=2, n_shots=15).sample(6, random_state=0)
    meta = ProtoNetClassifier(max_epochs=1, random_state=0).fit(tasks)
    loss = ShotCurveDisplay.from_estimator(meta, tasks, [5], n_repeats=1, scoring="neg_log_loss", random_state=0)
    assert loss.ax_.get_ylabel() == "Negative log-loss, mean over tasks" and loss.chance_line_ is None
    errors = ShotCurveDisplay(shot_curve([1, 2], [0.3, 0.4]), metric="neg_mean_squared_error").plot()
    assert errors.ax_.get_ylabel() == "Negative mean squared error, mean over tasks"
    assert ShotCurveDisplay(shot_curve([1, 2], [0.3, 0.4])).plot().ax_.get_ylabel() == "Score, mean over tasks"


def test_no_axis_promises_more_than_can_be_reached():
    display = ShotCurveDisplay(shot_curve([1, 5, 20], [0.5, 0.9, 0.98]), metric="r2", chance=(0.0, "mean")).plot()
    assert 1 < display.ax_.get_ylim()[1] < 1.03


def test_shots_from_one_to_many_are_spread_by_their_ratio():
    wide = ShotCurveDisplay(shot_curve([1, 5, 20], [0.5, 0.9, 0.98])).plot().ax_
    assert wide.get_xscale() == "log"
    assert [text.get_text() for text in wide.get_xticklabels()] == ["1", "5", "20"]
    assert ShotCurveDisplay(shot_curve([0, 5, 20], [0.5, 0.9, 0.98])).plot().ax_.get_xscale() == "linear"
    assert ShotCurveDisplay(shot_curve([2, 5], [0.5, 0.9])).plot().ax_.get_xscale() == "linear"


def test_a_chance_far_below_flattens_no_curve():
    display = ShotCurveDisplay(
        shot_curve([1, 5], [0.97, 0.98]), metric="accuracy", chance=(0.05, "chance"), name="a"
    ).plot()
    assert display.ax_.get_ylim()[0] > 0.9
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["a"]


def test_of_many_tasks_the_map_names_those_that_lie_farthest_out():
    positions = np.random.default_rng(0).normal(size=(200, 2))
    positions[[3, 150]] = [[9, 0], [0, -9]]
    names = [f"task {i}" for i in range(200)]
    display = TaskMapDisplay(positions, np.ones(200), names, np.array([0.6, 0.3])).plot()
    written = [text.get_text() for text in display.ax_.texts]
    assert len(written) == 12 and {"task 3", "task 150"} <= set(written)
    assert len(TaskMapDisplay(positions, np.ones(200), names, np.array([0.6, 0.3])).plot(label=True).ax_.texts) == 200
