"""Mixed precision: few digits in training, all of them in use."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

import skmeta
from skmeta import FineTuneTransfer, MAMLClassifier, MetaOptNetClassifier, ProtoNetClassifier, RelationNetClassifier
from skmeta.nets import MLP, MixedPrecision
from skmeta.tasks import GaussianClusters


@pytest.fixture
def body():
    torch.manual_seed(0)
    return MLP(n_features_in=3)


@pytest.fixture
def rows():
    return torch.randn(20, 3, generator=torch.Generator().manual_seed(0))


def test_training_rounds_the_bodys_products_and_nothing_else(body, rows):
    seen = []
    body.register_forward_hook(lambda body, args, out: seen.append(out.dtype))
    mixed = MixedPrecision(body)
    assert mixed(rows).dtype == torch.float32
    assert seen == [torch.bfloat16]
    error = (mixed(rows) - body(rows)).abs().max()
    assert 0 < error < 0.05 * body(rows).abs().max()


def test_answers_are_those_of_the_body_itself(body, rows):
    mixed = MixedPrecision(body).eval()
    assert torch.equal(mixed(rows), body(rows))
    assert mixed.double()(rows.double()).dtype == torch.float64


def test_weights_and_their_gradients_stay_in_single_precision(body, rows):
    expected = torch.autograd.grad(body(rows).square().sum(), list(body.parameters()))
    found = torch.autograd.grad(MixedPrecision(body)(rows).square().sum(), list(body.parameters()))
    for one, other in zip(found, expected):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.05 * other.norm()


@pytest.mark.parametrize(
    "meta", [FineTuneTransfer, MAMLClassifier, MetaOptNetClassifier, ProtoNetClassifier, RelationNetClassifier]
)
def test_training_with_it_goes_as_without(meta):
    tasks = GaussianClusters(n_features=3)
    settings = {"module__n_hidden": 32, "n_ways": 5, "steps_per_epoch": 10, "max_epochs": 3, "random_state": 0}
    plain = meta(MLP, **settings).fit(tasks)
    mixed = meta(MixedPrecision, module__body=MLP, **settings).fit(tasks)
    losses = [est.net_.history[:, "train_loss"] for est in (plain, mixed)]
    assert losses[0] != losses[1]
    np.testing.assert_allclose(*losses, rtol=0.05)


def test_a_dtype_in_words_is_refused(body):
    with pytest.raises(ValueError, match="torch.bfloat16, got 'bfloat16'"):
        MixedPrecision(body, dtype="bfloat16")


def test_the_second_derivatives_of_maml_go_through_it():
    settings = {"module__n_hidden": 8, "n_ways": 2, "steps_per_epoch": 5, "max_epochs": 1, "random_state": 0}
    tasks = GaussianClusters(n_ways=2, n_features=3)
    mixed = MAMLClassifier(MixedPrecision, module__body=MLP, inner_steps=2, **settings).fit(tasks)
    first = clone(mixed).set_params(gradient="first-order").fit(tasks)
    assert mixed.engine_ == "any_module"
    assert mixed.net_.history[-1, "train_loss"] != first.net_.history[-1, "train_loss"]


def test_a_saved_estimator_answers_as_before(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(30, 3)), np.repeat([0, 1, 2], 10)
    clf = ProtoNetClassifier(MixedPrecision, module__body=MLP, max_epochs=1, random_state=0).fit(X, y)
    clf.save(tmp_path / "mixed")
    np.testing.assert_array_equal(skmeta.load(tmp_path / "mixed").predict_proba(X), clf.predict_proba(X))
