"""Displays of a task mixture: what is drawn is what is trusted, and what is answered."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

from skmeta import TaskMixtureRegressor  # noqa: E402
from skmeta.inspection import ShrinkageDisplay, TrustDisplay  # noqa: E402

RNG = np.random.default_rng(0)
SITE = np.repeat([f"site {i}" for i in range(40)], 4)
X = RNG.normal(size=(160, 1))
Y = X[:, 0] + np.repeat(3 * RNG.normal(size=40), 4) + 0.5 * RNG.normal(size=160)


@pytest.fixture(scope="module")
def mixture():
    return TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(X, Y, task=SITE)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_areas_of_trust_are_the_weights_and_what_has_no_area_is_put_together(mixture):
    display = TrustDisplay.from_estimator(mixture, most=2)
    weights = mixture.weights_new_
    first, second, others = (area.get_label() for area in display.areas_)
    assert others == "others" and weights[first].max() >= weights[second].max()
    lower = display.areas_[0].get_paths()[0].vertices
    for size, weight in weights[first].items():
        assert_allclose(lower[lower[:, 0] == size, 1].max(), weight)
    assert display.ax_.get_ylim() == (0, 1) and display.ax_.get_xlabel() == "Rows shown"
    assert TrustDisplay.from_estimator(mixture, known=True).weights.equals(mixture.weights_known_)
    both = TaskMixtureRegressor(LinearRegression(), cv=2, random_state=0).fit(X, np.column_stack([Y, Y]), task=SITE)
    with pytest.raises(ValueError, match="several targets"):
        TrustDisplay.from_estimator(both)
    assert TrustDisplay(both.weights_new_.loc[0]).plot().areas_


def test_answers_lie_between_what_is_said_of_a_task_never_seen_and_what_its_rows_say(mixture):
    display = ShrinkageDisplay.from_estimator(mixture, X, Y, task=SITE)
    names = sorted(set(SITE))
    assert_allclose(display.own, [Y[name == SITE].mean() for name in names])
    assert_allclose(display.blended, [mixture.predict(X, task=SITE)[name == SITE].mean() for name in names])
    assert np.abs(display.blended - display.own).mean() < 0.5 * np.abs(display.pooled - display.own).mean()
    assert len(display.own_.get_xdata()) == 30 and display.own_.get_xdata()[0] == display.own.min()
    assert display.ax_.get_yticklabels()[0].get_text() == f"{names[display.own.argmin()]} (4)"
    with pytest.raises(ValueError, match="not known"):
        ShrinkageDisplay.from_estimator(mixture, X, Y)
