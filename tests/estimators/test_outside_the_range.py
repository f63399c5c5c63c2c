"""What the in-context regressor says of rows that lie outside the range of its table."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import RidgeCV

from skmeta import InContextRegressor
from skmeta.learners.in_context.blend import blended


def law(seed, shift, noise=0.05, n=120, bend=0.0):
    """Rows of a plane, bent in one column by ``bend``, and new ones whose first column is ``shift`` ranges off."""
    rng = np.random.default_rng(seed)
    coef = rng.normal(size=4)
    coef[0] = 1.0
    X, X_new = rng.uniform(-1, 1, (n, 4)), rng.uniform(-1, 1, (200, 4))
    X_new[:, 0] += 2 * shift

    def y(rows):
        return rows @ coef + bend * np.sin(3 * rows[:, 0]) + noise * rng.normal(size=len(rows))

    return X, y(X), X_new, y(X_new)


def rmse(a, b):
    return np.sqrt(np.mean((a - b) ** 2))


@pytest.mark.parametrize("seed", range(3))
def test_a_line_goes_on_beyond_the_rows_that_show_it(seed):
    X, y, X_new, y_new = law(seed, shift=1)
    reg, ridge = InContextRegressor().fit(X, y), RidgeCV(np.logspace(-4, 2, 7)).fit(X, y)
    assert rmse(reg.predict(X_new), y_new) < 2.5 * rmse(ridge.predict(X_new), y_new)
    low, high = reg.predict(X_new, quantiles=[0.05, 0.95]).T
    assert ((low <= y_new) & (y_new <= high)).mean() >= 0.8


def test_a_law_without_noise_is_answered_nearly_without_error():
    X, y, X_new, y_new = law(0, shift=0, noise=0.001)
    assert rmse(InContextRegressor().fit(X, y).predict(X_new), y_new) < 0.003


def test_intervals_widen_with_the_distance_from_the_rows():
    X, y, X_new, _ = law(0, shift=0, bend=2.0)
    reg = InContextRegressor().fit(X, y)
    _, std = reg.predict(X_new, return_std=True)
    width = [std.mean()]
    for shift in (0.5, 1.0):
        far = X_new + [2 * shift, 0, 0, 0]
        width.append(reg.predict(far, return_std=True)[1].mean())
    assert width[0] < 0.5 * width[1] and width[1] < width[2]


def test_where_no_line_holds_none_is_drawn():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (100, 2))
    y = np.cos(3 * X[:, 0])
    far = np.c_[np.full(20, 2.5), rng.uniform(-1, 1, 20)]
    answers = InContextRegressor().fit(X, y).predict(far)
    assert np.abs(answers).max() < 2.5  # bounded as the targets are, whatever a line through some of them would say


def test_rows_added_by_partial_fit_move_the_tuned_experts_too():
    X, y, X_new, y_new = law(1, shift=0)
    grown = InContextRegressor().fit(X[:100], y[:100]).partial_fit(X[100:], y[100:])
    assert grown.n_rows_encoded_ == 100
    whole = InContextRegressor().fit(X, y)
    assert rmse(grown.predict(X_new), whole.predict(X_new)) < 0.02 * y.std()


def test_disagreement_that_is_usual_widens_nothing_within_the_range_and_something_beyond():
    shares, scores = torch.tensor([[0.5, 0.5]]), torch.tensor([[[-1.2, 1.2]] * 2])  # their variance is 1.44
    one = torch.ones(1, 1)
    blend = {"shares": shares, "part": one, "kept": one, "usual": one, "plane": 0 * one, "rows": 1000 * one}
    _, _, wider = blended(blend, torch.zeros(1, 2, 1), scores, beyond=torch.tensor([[0.0, 1.0]]), ridge=0)
    assert wider[0, 0] == 0 and float(wider[0, 1]) == pytest.approx(2 * 0.44)
