"""A picture of several estimators."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

from skmeta.inspection import ComparisonDisplay
from skmeta.tasks import GaussianClusters

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.mark.parametrize("difference", [False, True])
def test_each_estimator_has_its_means_and_intervals(difference):
    tasks = GaussianClusters(n_ways=2, n_shots=10).sample(8, random_state=0)
    models = {"guess": DummyClassifier(), "neighbour": KNeighborsClassifier(1)}
    display = ComparisonDisplay.from_estimators(
        models, tasks, [1, 5], cv=2, scoring="accuracy", difference=difference, reference="guess"
    )
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == list(models)
    drawn = display.lines_[1].lines[0].get_ydata()
    column = "difference" if difference else "mean"
    np.testing.assert_allclose(drawn, display.table.loc["neighbour", column])
    ends = np.array([bar[:, 1] for bar in display.lines_[1].lines[2][0].get_segments()])
    low, high = ("difference_low", "difference_high") if difference else ("low", "high")
    np.testing.assert_allclose(ends, display.table.loc["neighbour", [low, high]])
    assert display.ax_.get_ylabel().startswith("Accuracy")
