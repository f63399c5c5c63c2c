"""Heads with hand-written gradients, against plain autograd, central differences and numbers by hand."""

import pytest
import torch

from skmeta.learners.class_means import class_mean_logits, prototype_logits
from skmeta.learners.ridge import ridge_weights

F64 = torch.float64
T, M, C = 3, 4, 3


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed + sum(shape)), dtype=F64)


def a_batch(n=7, e=5, weighted=True):
    """Support, membership, query, row weights (with a zero among them), scale."""
    labels = torch.arange(n) % C
    weight = torch.rand(T, n, generator=torch.Generator().manual_seed(1), dtype=F64) + 0.1
    weight[:, -1] = 0
    if not weighted:
        weight = None
    indicator = (labels == torch.arange(C)[:, None]).to(F64).expand(T, C, n)
    return draw(T, n, e), indicator, draw(T, M, e, seed=5), weight, torch.tensor(0.3, dtype=F64)


def class_means(support, membership):
    return membership @ support / membership.sum(-1, keepdim=True)


def plain_prototypes(support, membership, query, scale):
    return -scale * torch.cdist(query, class_means(support, membership)).square()


def plain_ridge(support, targets, penalty, weight):
    W = torch.diag_embed(torch.ones_like(support[..., 0]) if weight is None else weight)
    gram = support.transpose(1, 2) @ W @ support + penalty * torch.eye(support.shape[2], dtype=F64)
    return torch.linalg.solve(gram, support.transpose(1, 2) @ W @ targets.transpose(1, 2)).transpose(1, 2)


def assert_same_values_and_gradients(ours, plain, inputs):
    inputs = [value.clone().requires_grad_() for value in inputs]
    found, wanted = ours(*inputs), plain(*inputs)
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10)
    back = draw(*wanted.shape, seed=9)
    gradients = [torch.autograd.grad((answer * back).sum(), inputs) for answer in (found, wanted)]
    for a, b in zip(*gradients):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)
    assert torch.autograd.gradcheck(ours, inputs, eps=1e-6, atol=1e-7)


def test_prototypes_have_the_gradient_of_autograd():
    support, indicator, query, weight, scale = a_batch()
    members = indicator * weight[:, None]
    assert_same_values_and_gradients(
        lambda s, q, k: prototype_logits(class_means(s, members), q, k),
        lambda s, q, k: plain_prototypes(s, members, q, k),
        [support, query, scale],
    )


def test_prototypes_up_to_a_constant_of_each_row():
    support, indicator, query, _, scale = a_batch()

    def plain(s, q, k):
        return plain_prototypes(s, indicator, q, k) + k * q.square().sum(-1, keepdim=True)

    assert_same_values_and_gradients(
        lambda s, q, k: class_mean_logits([torch.cat([s, q], 1)], indicator / indicator.sum(-1, keepdim=True), k),
        plain,
        [support, query, scale],
    )


@pytest.mark.parametrize("has_bias", [True, False])
def test_logits_of_class_means_have_the_gradient_of_autograd(has_bias):
    """Rows that are embedded by the sum of themselves and of a linear map of other features."""
    n, e = 7, 5
    rows, others, weight = draw(T, n + M, e), draw(T, n + M, 6), draw(e, 6)
    shares, offset, scale = draw(T, C, n).softmax(2), draw(T, C, e), torch.tensor(0.3, dtype=F64)
    bias = [draw(e)] * has_bias

    def ours(rows, others, shares, scale, offset, weight, *bias):
        return class_mean_logits([rows, others], shares, scale, offset, [None, weight], *bias)

    def plain(rows, others, shares, scale, offset, weight, *bias):
        f = rows + others @ weight.t() + sum(bias)
        gap = f[:, n:, None] - (shares @ f[:, :n] + offset)[:, None]
        return scale * (f[:, n:].square().sum(-1, keepdim=True) - gap.square().sum(-1))

    assert_same_values_and_gradients(ours, plain, [rows, others, shares, scale, offset, weight, *bias])


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("e", [3, 7, 12], ids=["primal", "square", "dual"])
def test_ridge_has_the_gradient_of_autograd_in_both_forms(e, weighted):
    support, _, _, weight, _ = a_batch(7, e, weighted)
    targets = draw(T, 2, 7)
    assert_same_values_and_gradients(
        lambda s, y, k: ridge_weights(s, y, k, weight),
        lambda s, y, k: plain_ridge(s, y, k, weight),
        [support, targets, torch.tensor(0.7, dtype=F64)],
    )


def test_rows_of_weight_zero_leave_no_trace():
    support, indicator, query, weight, scale = a_batch()
    junk = support.clone()
    junk[:, -1] = 1e3

    def answers(s):
        return [
            prototype_logits(class_means(s, indicator * weight[:, None]), query, scale),
            ridge_weights(s, indicator, 0.5, weight),
        ]

    support.requires_grad_(), junk.requires_grad_()
    for a, b in zip(answers(support), answers(junk)):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)
        (gradient,) = torch.autograd.grad(b.sum(), junk)
        assert torch.equal(gradient[:, -1], torch.zeros_like(gradient[:, -1]))


def test_ridge_by_hand():
    # rows (1), (2) with targets 1, 2 and weights 3, 1: (3*1*1 + 1*2*2) / (3*1 + 1*4 + penalty 7) = 7 / 14
    support, targets = torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[1.0, 2.0]]])
    weights = ridge_weights(support, targets, 7.0, torch.tensor([[3.0, 1.0]]))
    torch.testing.assert_close(weights, torch.tensor([[[0.5]]]))
