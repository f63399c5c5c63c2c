"""The Bayesian head against normal equations written out in numpy, and against finite differences."""

import numpy as np
import pytest
import torch
from torch import nn

from skmeta.learners.bayesian_head import BayesianHead, condition_on_rows, condition_prior
from skmeta.learners.gaussian import gaussian_nll
from skmeta.learners.target_scaling import PerTaskTargets


def make_head(n_features=3, n_targets=2, seed=0, body=None):
    """A head in double precision whose prior is nothing special."""
    head = BayesianHead(body or nn.Identity(), n_features, n_targets).double()
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in (head.prior_mean, head.log_diagonal, head.below_diagonal, head.log_noise):
            parameter.copy_(0.4 * torch.randn(parameter.shape, generator=rng, dtype=torch.float64))
    return head


def make_rows(n_tasks, n_rows, n_features=3, n_targets=2, seed=1):
    rng = torch.Generator().manual_seed(seed)
    X = torch.randn(n_tasks, n_rows, n_features, generator=rng, dtype=torch.float64)
    return X, torch.randn(n_tasks, n_rows, n_targets, generator=rng, dtype=torch.float64)


def posterior_by_normal_equations(head, X, y, weight):
    """Weights' mean (e + 1, k) and, in units of the noise, covariance (e + 1, e + 1) of one task."""
    L = head.prior_factor.detach().numpy()
    phi = np.column_stack([X, np.ones(len(X))])
    prior_precision = np.linalg.inv(L @ L.T)
    covariance = np.linalg.inv(prior_precision + phi.T @ (weight[:, None] * phi))
    mean = covariance @ (prior_precision @ head.prior_mean.detach().numpy() + phi.T @ (weight[:, None] * y))
    return mean, covariance


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 5, 30])  # four weights: both sides of the change of path, and on it
def test_mean_and_variance_are_those_of_the_normal_equations(n_rows):
    head = make_head()
    (X, y), (query, _) = make_rows(2, n_rows), make_rows(2, 6, seed=2)
    weight = torch.rand(2, n_rows, dtype=torch.float64) * 2
    mean, variance = head.predict_gaussian(head.adapt(X, y, weight), query)
    for t in range(2):
        b, S = posterior_by_normal_equations(head, X[t].numpy(), y[t].numpy(), weight[t].numpy())
        phi = np.column_stack([query[t], np.ones(6)])
        noise = np.exp(2 * head.log_noise.detach().numpy())
        np.testing.assert_allclose(mean[t].detach(), phi @ b, atol=1e-10)
        expected = noise * (1 + np.einsum("me,ef,mf->m", phi, S, phi))[:, None]
        np.testing.assert_allclose(variance[t].detach(), expected, rtol=1e-10)


def test_before_the_first_row_the_prior_answers():
    head = make_head()
    (X, y), (query, _) = make_rows(1, 0), make_rows(1, 5)
    mean, variance = head.predict_gaussian(head.adapt(X, y), query)
    phi = np.column_stack([query[0], np.ones(5)])
    L = head.prior_factor.detach().numpy()
    np.testing.assert_allclose(mean[0].detach(), phi @ head.prior_mean.detach().numpy())
    np.testing.assert_allclose(
        variance[0].detach(),
        np.exp(2 * head.log_noise.detach().numpy()) * (1 + np.square(phi @ L).sum(1))[:, None],
    )


def test_training_gives_the_answers_of_use():
    head = make_head()
    query, _ = make_rows(2, 6, seed=2)
    for n_rows in (0, 2, 4, 9):
        X, y = make_rows(2, n_rows)
        mean, variance = head.predict_gaussian(head.adapt(X, y), query)
        flat_mean, flat_variance = head(X, y, query)
        torch.testing.assert_close(flat_mean, mean.flatten(0, 1))
        torch.testing.assert_close(flat_variance, variance.flatten(0, 1))


def test_four_hundred_single_row_updates_equal_one_adaptation():
    head = make_head()
    X, y = make_rows(2, 400)
    weight = torch.rand(2, 400, dtype=torch.float64)
    state = head.adapt(X[:, :0], y[:, :0], weight[:, :0])
    for i in range(400):
        state = head.update(state, X[:, i : i + 1], y[:, i : i + 1], weight[:, i : i + 1])
    for one, other in zip(state, head.adapt(X, y, weight)):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-11)


def test_an_update_with_many_rows_equals_one_adaptation():
    head = make_head()
    X, y = make_rows(1, 57)
    state = head.update(head.adapt(X[:, :7], y[:, :7]), X[:, 7:], y[:, 7:])
    for one, other in zip(state, head.adapt(X, y)):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_weight_two_is_the_row_twice_and_weight_zero_is_no_row():
    head = make_head()
    X, y = make_rows(1, 3)
    twice = head.adapt(X[:, [0, 1, 1]], y[:, [0, 1, 1]])
    garbage = X.clone()
    garbage[:, 2] = torch.inf
    weighted = head.adapt(garbage, y, torch.tensor([[1.0, 2.0, 0.0]], dtype=torch.float64))
    for one, other in zip(weighted, twice):
        torch.testing.assert_close(one, other)


def test_gradients_agree_with_finite_differences():
    rng = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=rng, dtype=torch.float64, requires_grad=True)

    mean, factor, features, targets = draw(2, 4, 2), draw(4, 4), draw(2, 3, 4), draw(2, 3, 2)

    def condition(mean, root, factor, features, targets):
        return condition_on_rows(mean, root @ root.transpose(1, 2), factor, features, targets)

    assert torch.autograd.gradcheck(condition, (mean, draw(2, 4, 4), factor, features, targets))
    assert torch.autograd.gradcheck(condition_prior, (mean, factor, draw(2, 6, 4), draw(2, 6, 2)))


@pytest.mark.parametrize("n_rows", [2, 8])
def test_gradients_of_the_likelihood_reach_body_and_prior(n_rows):
    head = make_head(body=nn.Linear(3, 3))
    (X, y), (query, query_y) = make_rows(2, n_rows), make_rows(2, 4, seed=2)
    parameters = list(head.parameters())

    def loss(*values):
        named = dict(zip(dict(head.named_parameters()), values))
        mean, variance = torch.func.functional_call(head, named, (X, y, query))
        return gaussian_nll(mean, variance, query_y.flatten(0, 1))

    assert torch.autograd.gradcheck(loss, [p.detach().clone().requires_grad_() for p in parameters])


def test_likelihood_of_three_standard_normal_values_by_hand():
    zero, one = torch.zeros(3, 1), torch.ones(3, 1)
    y = torch.tensor([[0.0], [1.0], [2.0]])
    # log sqrt(2 pi) = 0.918939; mean of squares / 2 = 5 / 6
    assert float(gaussian_nll(zero, one, y)) == pytest.approx(0.918939 + 5 / 6, abs=1e-5)


def test_unlabelled_query_rows_do_not_count():
    head = make_head(n_targets=1)
    mean, variance = torch.zeros(3, 1), torch.ones(3, 1)
    y = torch.tensor([[1.0], [torch.nan], [2.0]])
    expected = gaussian_nll(mean[:2], variance[:2], y[[0, 2]])
    assert float(head.training_loss(None, mean, variance, y)) == pytest.approx(float(expected))


def test_targets_standardised_by_the_support_give_back_their_units():
    wrapped = PerTaskTargets.around(BayesianHead)(nn.Identity(), n_features_in=3, n_outputs=1).double()
    (X, y), (query, _) = make_rows(1, 40, n_targets=1), make_rows(1, 5, seed=2)
    mean, variance = wrapped.predict_gaussian(wrapped.adapt(X, y), query)
    mean_1000, variance_1000 = wrapped.predict_gaussian(wrapped.adapt(X, 1000 * y + 7), query)
    # one prior row of variance 1 is all that keeps the scale from following exactly
    np.testing.assert_allclose(mean_1000.detach(), 1000 * mean.detach() + 7, rtol=0.1, atol=60)
    np.testing.assert_allclose(variance_1000.detach(), 1e6 * variance.detach(), rtol=0.1)
