"""Convex heads against scikit-learn's solvers, and their derivatives against finite differences."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC
from torch import nn

from skmeta.learners.convex import fit_logistic, fit_ridge, fit_svm
from skmeta.learners.convex.svm import onto_simplex
from skmeta.learners.convex_head import ConvexHead

N_TASKS, N_CLASSES = 2, 3
EXACT = {"max_steps": 20000, "tolerance": 1e-13}


def make_problem(n_rows=9, n_features=4, seed=0):
    """Features, one-hot labels of which every task has all, and row weights."""
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(N_TASKS, n_rows, n_features, generator=rng, dtype=torch.float64)
    labels = (torch.arange(n_rows) + torch.arange(N_TASKS)[:, None]) % N_CLASSES
    members = nn.functional.one_hot(labels, N_CLASSES).double()
    weight = 0.5 + torch.rand(N_TASKS, n_rows, generator=rng, dtype=torch.float64)
    offset = torch.randn(N_TASKS, n_rows, N_CLASSES, generator=rng, dtype=torch.float64)
    return features, labels, members, weight, offset


@pytest.mark.parametrize("n_features", [4, 9, 20])  # fewer features than rows, as many, more
def test_ridge_is_scikit_learns(n_features):
    features, _, members, weight, _ = make_problem(n_features=n_features)
    W = fit_ridge(features, members, weight)
    for t in range(N_TASKS):
        ridge = Ridge(alpha=1, fit_intercept=False).fit(features[t], members[t], sample_weight=weight[t])
        np.testing.assert_allclose(W[t], ridge.coef_.T, atol=1e-10)


def test_logistic_regression_is_scikit_learns():
    features, labels, members, weight, _ = make_problem()
    W = fit_logistic(features, members, weight)
    for t in range(N_TASKS):
        reference = LogisticRegression(C=1, fit_intercept=False, tol=1e-12, max_iter=10_000)
        reference.fit(features[t], labels[t], sample_weight=weight[t])
        np.testing.assert_allclose(W[t], reference.coef_.T, atol=1e-6)


@pytest.mark.parametrize("n_features", [4, 20])
def test_support_vector_machine_is_liblinears_as_smoothing_goes_to_zero(n_features):
    features, labels, members, weight, _ = make_problem(n_features=n_features)
    W = fit_svm(features, members, weight, smoothing=1e-5, **EXACT)
    for t in range(N_TASKS):
        reference = LinearSVC(C=1, multi_class="crammer_singer", fit_intercept=False, tol=1e-10, max_iter=1_000_000)
        reference.fit(features[t], labels[t], sample_weight=weight[t])
        np.testing.assert_allclose(W[t], reference.coef_.T, atol=1e-4)


def test_logistic_regression_survives_separable_rows_with_huge_features():
    features, _, members, weight, _ = make_problem(n_rows=3)
    W = fit_logistic(1e3 * features, members, weight)
    slope = 1e3 * features.transpose(1, 2) @ (weight[..., None] * (torch.softmax(1e3 * features @ W, -1) - members)) + W
    assert float(slope.abs().max()) < 1e-6


FITS = {
    "ridge": fit_ridge,
    "logistic": lambda *args, **kwargs: fit_logistic(*args, tolerance=1e-14, **kwargs),
    "svm": lambda *args, **kwargs: fit_svm(*args, **EXACT, **kwargs),
}


@pytest.mark.parametrize("n_features", [4, 12])
@pytest.mark.parametrize("name", FITS)
def test_derivatives_agree_with_finite_differences(name, n_features):
    features, _, members, weight, offset = make_problem(n_rows=6, n_features=n_features)

    def fit(features, offset):
        return FITS[name](features, members, weight, offset)

    # along a direction drawn at random, in which every entry has its part
    assert torch.autograd.gradcheck(fit, (features.requires_grad_(), offset.requires_grad_()), fast_mode=True)


@pytest.mark.parametrize("name", ["ridge", "logistic"])
def test_weight_two_is_the_row_twice(name):
    features, _, members, _, offset = make_problem(n_rows=4)
    rows = torch.tensor([0, 1, 2, 3, 3])
    weight = torch.tensor([1.0, 1, 1, 2], dtype=torch.float64).expand(N_TASKS, -1)
    twice = FITS[name](features[:, rows], members[:, rows], None, offset[:, rows])
    torch.testing.assert_close(FITS[name](features, members, weight, offset), twice)


@pytest.mark.parametrize("name", FITS)
def test_weight_zero_is_no_row(name):
    features, _, members, weight, offset = make_problem(n_rows=6)
    weight = weight * (torch.arange(6) < 4)
    without = FITS[name](features[:, :4], members[:, :4], weight[:, :4], offset[:, :4])
    torch.testing.assert_close(FITS[name](features, members, weight, offset), without)


@pytest.mark.parametrize("name", ["logistic", "svm"])
def test_absent_classes_do_not_disturb_the_others(name):
    features, labels, members, weight, offset = make_problem()
    wider = torch.cat([members, torch.zeros_like(members[..., :1])], -1)
    wider_offset = torch.cat([offset, torch.full_like(offset[..., :1], 9.0)], -1)
    mask = torch.tensor([[True, True, True, False]]).expand(N_TASKS, -1)
    W = FITS[name](features, wider, weight, wider_offset, mask)
    torch.testing.assert_close(W[..., :3], FITS[name](features, members, weight, offset))
    assert not W[..., 3].any()


def test_projection_onto_the_simplex_is_the_nearest_point():
    rng = torch.Generator().manual_seed(0)
    points = 2 * torch.randn(50, 4, generator=rng, dtype=torch.float64)
    total = torch.rand(50, generator=rng, dtype=torch.float64)
    near = onto_simplex(points, total)
    torch.testing.assert_close(near.sum(-1), total)
    assert (near >= 0).all()
    others = torch.distributions.Dirichlet(torch.ones(4, dtype=torch.float64)).sample((1000,))
    for point, nearest, size in zip(points, near, total):
        assert (point - nearest).norm() <= (point - size * others).norm(dim=1).min() + 1e-12


@pytest.mark.parametrize("head", ["ridge", "logistic"])
def test_regularisation_is_that_of_the_problem_as_it_is_written(head):
    """``l2 / 2 |W|^2`` with features as they are, though the solvers divide the features by its root."""
    features, labels, members, weight, _ = make_problem()
    learner = ConvexHead(nn.Identity(), 4, head=head, l2=3.0).double()
    W, _ = learner.adapt(features, labels, weight, torch.ones(N_TASKS, N_CLASSES, dtype=torch.bool))
    Z = learner.features(features)
    answers = Z @ W if head == "ridge" else torch.softmax(Z @ W, -1)
    slope = Z.transpose(1, 2) @ (weight[..., None] * (answers - members)) + 3 * W
    assert float(slope.detach().abs().max()) < 1e-6


@pytest.mark.parametrize("head", ["ridge", "logistic", "svm"])
def test_shared_classes_are_pulled_towards_their_learned_start(head):
    learner = ConvexHead(nn.Identity(), 4, n_outputs=2, head=head, l2=1e6).double()
    with torch.no_grad():
        learner.start.copy_(torch.arange(10.0).view(5, 2))
    features, labels, *_ = make_problem()
    W, _ = learner.adapt(features, labels, None, torch.ones(N_TASKS, N_CLASSES, dtype=torch.bool))
    expected = torch.cat([learner.start, learner.start.mean(1, keepdim=True)], 1)  # the third class is new
    torch.testing.assert_close(W, expected.expand_as(W), atol=1e-3, rtol=1e-3)


def test_an_unknown_head_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="ridge.*svm.*logistic.*got 'tree'"):
        ConvexHead(nn.Identity(), 4, head="tree")
    with pytest.raises(ValueError, match="regression"):
        ConvexHead(nn.Identity(), 4, 1, task_type="regression", head="svm")
