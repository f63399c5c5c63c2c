"""What a regression of one table is worth on rows that it was trained without."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from torch import nn

from skmeta.learners.calibrated_numbers import CalibratedNumbers, PlainNumbers

N, D, K = 60, 3, 2


def table(seed=0):
    rng = torch.Generator().manual_seed(seed)
    X = torch.randn(N, D, generator=rng, dtype=torch.float64)
    y = X @ torch.tensor([[1.0, 0.0], [-2.0, 1.0], [0.0, 0.5]], dtype=torch.float64)
    return X, y + 0.3 * torch.randn(N, K, generator=rng, dtype=torch.float64) + 4


def folds():
    return torch.arange(N) % 4


class Says(nn.Module):
    """A learner that says of the rows what it was told to, whatever it has adapted to."""

    n_embedding, n_outputs, loss_by_tasks, loss_in_parts, cold_start = D, K, False, True, True

    def __init__(self, answers, deviation=1.0):
        super().__init__()
        self.answers, self.deviation = answers, deviation

    def adapt(self, *rows):
        return ()

    def predict(self, state, query_X):
        return self.answers[None]

    def predict_moments(self, state, query_X):
        return torch.cat([self.answers, torch.full_like(self.answers, self.deviation)], -1)[None]


def calibrated(says, X, y, is_new=True, deviation=1.0):
    learner = CalibratedNumbers(Says(says, deviation), D).double()
    learner.plain.body.fit_rows(X)
    learner.calibrate(X, y, folds(), is_new)
    return learner


def test_before_it_is_calibrated_it_is_the_learner():
    X, y = table()
    learner = CalibratedNumbers(Says(y), D).double()
    torch.testing.assert_close(learner.predict(learner.adapt(X[None], y[None]), X[None])[0], y)


def test_the_plain_rows_head_is_scikit_learns_ridge_regression():
    X, y = table()
    plain = PlainNumbers(D, K).double()
    plain.body.fit_rows(X)
    plain.pull.fill_(3.0)
    answers = plain.predict(plain.adapt(X[None], y[None]), X[None])[0]
    rows = StandardScaler().fit_transform(X)
    theirs = Ridge(alpha=3.0).fit(rows, y).predict(rows)
    np.testing.assert_allclose(answers, theirs)
    np.testing.assert_allclose(plain.answerer(plain.adapt(X[None], y[None]))(X).t(), answers)


@pytest.mark.parametrize("n_columns", [5, 90])
def test_a_row_of_weight_zero_and_one_that_is_not_there_are_the_same(n_columns):
    rng = np.random.default_rng(0)
    X, y = (torch.tensor(rng.normal(size=(1, 40, k))) for k in (n_columns, K))
    plain, weight = PlainNumbers(n_columns, K).double(), torch.ones(1, 40, dtype=torch.float64)
    weight[:, 30:] = 0
    there = plain.predict(plain.adapt(X[:, :30], y[:, :30]), X)
    X_wild, y_wild = X.clone(), y.clone()
    X_wild[:, 30:], y_wild[:, 30:] = torch.nan, torch.nan
    torch.testing.assert_close(plain.predict(plain.adapt(X_wild, y_wild, weight), X), there)


def test_the_pull_is_that_of_least_error_on_rows_that_heads_were_fitted_without():
    X, y = table()
    noise = torch.randn(N, K, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    plain = PlainNumbers(D, K).double()
    plain.find_pull(X, y, folds())
    assert plain.pull <= 1
    held_out = plain.find_pull(X, noise, folds())
    assert plain.pull >= 30
    without = folds() != 2
    again = plain.predict(plain.adapt(X[None, without], noise[None, without]), X[None, ~without])[0]
    torch.testing.assert_close(held_out[folds() == 2], again)


def test_a_learner_is_believed_where_it_is_right_and_not_where_it_is_wrong():
    X, y = table()
    asked = folds() == 0
    right = calibrated(y[asked], X, y).factor
    wrong = calibrated(y[asked].flip(0), X, y).factor
    assert right[0] > 0.8 and right[1] < 0.2
    assert wrong[0] < 0.1 and wrong[1] > 0.8


def test_where_it_was_not_asked_the_shares_are_those_of_the_beginning():
    X, y = table()
    learner = calibrated(y[folds() == 0], X, y, is_new=False)
    torch.testing.assert_close(learner.factor.float(), torch.tensor(CalibratedNumbers._shares_at_first))


def test_an_answer_is_the_mean_of_the_support_and_shares_of_what_both_say_beyond():
    X, y = table()
    learner = calibrated(y[folds() == 0], X, y, is_new=False)
    says = learner.learner.answers = torch.randn(N, K, dtype=torch.float64)
    weight = torch.arange(N, dtype=torch.float64)[None]
    state = learner.adapt(X[None], y[None], weight)
    mean = (weight[0, :, None] * y).sum(0) / weight.sum()
    plain = learner.plain.predict(learner.plain.adapt(X[None], y[None], weight), X[None])[0]
    a, b = learner.factor
    torch.testing.assert_close(learner.predict(state, X[None])[0], mean + a * (says - mean) + b * (plain - mean))


@pytest.mark.parametrize("deviation", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("is_new", [True, False])
def test_deviations_are_as_wide_as_errors_on_rows_held_out(deviation, is_new):
    X, y = table()
    learner = calibrated(y[folds() == 0] + 0.5, X, y, is_new, deviation)
    learner.learner.answers = y
    said = learner.predict_moments(learner.adapt(X[None], y[None]), X[None])[0, :, K:]
    assert said.min() > 0.2 and said.max() < 0.6


def test_without_any_rows_the_answer_is_finite():
    X, y = table()
    learner = calibrated(y[folds() == 0], X, y)
    learner.learner.answers = torch.zeros(N, K, dtype=torch.float64)
    nothing = learner.adapt(X[None, :0], y[None, :0])
    torch.testing.assert_close(learner.predict(nothing, X[None])[0], torch.zeros(N, K, dtype=torch.float64))
