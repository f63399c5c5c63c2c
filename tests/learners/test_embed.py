"""Heads on embeddings, against plain autograd through the body."""

import pytest
import torch
from torch import nn

from skmeta.learners.base import hide_absent_classes, one_hot_support
from skmeta.learners.engine.recognise import find_embedding
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import MLP, ResidualMLP

F64 = torch.float64
BODIES = {
    "linear last": lambda: nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 4)),
    "no bias": lambda: nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 4, bias=False)),
    "activation last": lambda: nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.GELU()),
    "standardised": lambda: MLP(3, n_hidden=6),
    "residual": lambda: corrected(ResidualMLP(3, n_hidden=6)),
    "residual with a last map": lambda: corrected(ResidualMLP(3, n_hidden=6, n_out=4, scaling="table")),
}


def corrected(body):
    """The last layer of a new one is zero, which hides mistakes."""
    for p in body.correction[-1].parameters():
        nn.init.normal_(p)
    body.scale.fit_rows(3 + torch.randn(20, 3))
    return body


every_body = pytest.mark.parametrize("body", BODIES)


def make(body):
    torch.manual_seed(0)
    return BODIES[body]().double()


def test_a_layer_that_is_exchanged_is_learned_as_the_others():
    learner = Prototypes(make("linear last").float(), 3).double()
    learner.body[0] = nn.Linear(3, 6, dtype=F64)
    X, y = torch.randn(1, 6, 3, dtype=F64), torch.tensor([[0, 1, 0, 1, 0, 1]])
    learner(X, y, X, class_mask=torch.ones(1, 2, dtype=torch.bool))[:, 0].sum().backward()
    assert learner.body[0].weight.grad.abs().sum() > 0


def test_a_body_that_is_not_linear_in_the_end_has_no_such_function():
    assert find_embedding(ResidualMLP(3, unit_length=True)) is None
    assert find_embedding(ResidualMLP(3, dropout=0.5)) is None


@every_body
def test_a_head_on_an_embedding_is_one_function_of_the_rows(body):
    body = make(body)
    X, weight, bias = torch.randn(5, 3, dtype=F64), torch.randn(2, body(torch.zeros(1, 3, dtype=F64)).shape[1]), None
    weight, bias = weight.to(F64), torch.randn(2, 1, dtype=F64)
    with torch.no_grad():
        found = find_embedding(body).under_a_head(list(body.parameters()), weight, bias)(X)
    torch.testing.assert_close(found, weight @ body(X).t() + bias, rtol=1e-12, atol=1e-12)


def plain_answers(learner, support_X, support_y, query_X, support_weight, class_mask):
    """The paper, and the shared classes' pseudo-rows, in so many words."""
    members = one_hot_support(support_y, class_mask.shape[1], support_weight, F64)
    total, count = members @ learner.body(support_X), members.sum(-1)
    shown = count
    if learner.is_shared:
        extra = learner.log_strength.exp()
        total = total + extra * learner.common_prototypes
        count, shown = count + extra, count + extra * len(learner.common_logits) * learner.common_logits.softmax(0)
    prototypes = total / count.clamp(min=1e-12)[..., None]
    f = learner.body(query_X)
    logits = -learner.log_scale.exp() * (f[:, :, None] - prototypes[:, None]).square().sum(-1)
    if learner.priors:
        logits = logits + (shown / shown.sum(1, keepdim=True)).log()[:, None]
    return hide_absent_classes(logits, class_mask & (count > 0))


@every_body
@pytest.mark.parametrize("ways", [2, 3, 5], ids="{}-way".format)  # fewer classes, or more, than columns
@pytest.mark.parametrize("shared", [False, True], ids=["own classes", "shared classes"])
def test_prototypes_train_as_the_paper_says(body, shared, ways):
    learner = Prototypes(make(body).float(), 3, ways if shared else None, priors=shared).double()
    y = torch.arange(6).remainder(ways).repeat(2, 1)
    weight = torch.rand(2, 6, dtype=F64)
    batch = torch.randn(2, 6, 3, dtype=F64), y, torch.randn(2, 4, 3, dtype=F64), weight, torch.ones(2, ways).bool()
    target = torch.arange(8) % ways
    inputs = [p for p in learner.parameters() if p.requires_grad]
    losses = [
        nn.functional.cross_entropy(logits, target)
        for logits in (learner(*batch), plain_answers(learner, *batch).flatten(0, 1))
    ]
    torch.testing.assert_close(*losses, rtol=1e-12, atol=1e-12)
    for a, b in zip(*[torch.autograd.grad(loss, inputs) for loss in losses]):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def bent(body):
    body.last = nn.Tanh()
    return body


def with_bias(body):
    body.last = nn.Linear(3, 2)
    return body


def hooked(body):
    body.register_forward_hook(lambda module, rows, out: out.sin())
    return body


@pytest.mark.parametrize("change", [bent, with_bias, hooked])
def test_a_residual_body_that_was_changed_is_taken_as_it_is(change):
    assert find_embedding(change(corrected(ResidualMLP(3)))) is None


def test_a_body_of_weights_in_other_shapes_is_no_embedding():
    assert find_embedding(nn.Sequential(nn.utils.spectral_norm(nn.Linear(3, 4)))) is None
