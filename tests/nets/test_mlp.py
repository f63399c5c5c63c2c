"""The default body: columns on one scale, and rows that are carried through."""

import pytest
import torch

from skmeta.learners.engine import choose_engine
from skmeta.learners.maml import MAML
from skmeta.nets import MLP, Standardize
from skmeta.nets.mlp import ASLEEP
from skmeta.nets.scaling import scaling_of


def test_flags_and_counts_share_a_scale_and_other_columns_have_their_own():
    rows = torch.tensor([[0.0, 0.0, 0.0, -1.0], [1.0, 0.0, 0.0, 3.0], [1.0, 4.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
    layer = Standardize(4)
    layer.fit_rows(rows)
    flags, counts, nothing, numbers = layer.scale.tolist()
    assert flags == counts == pytest.approx(((0.25 + 3) / 2) ** 0.5)
    assert (nothing, numbers) == (1, pytest.approx(2**0.5))


def test_of_a_rare_flag_nothing_is_clipped():
    rows = torch.zeros(10_000, 2)
    rows[0] = 1
    layer = Standardize(2)
    layer.fit_rows(rows)
    assert layer(rows).max() < layer.limit + 1e-3


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_carried_rows_begin_behind_the_embedding_as_their_two_parts(n_layers):
    torch.manual_seed(0)
    body, rows = MLP(3, n_hidden=5, n_layers=n_layers, activate_output=True, carry_input=True), torch.randn(4, 3)
    embedding = body(rows)
    assert embedding.shape == (4, 5 + 2 * 3)
    torch.testing.assert_close(embedding[:, 5:8] - embedding[:, 8:], rows, rtol=0, atol=1.01 * n_layers * ASLEEP)
    assert choose_engine(body).name in ("closed_form", "native")


def test_the_order_of_rows_wakes_no_carrying_unit_up():
    torch.manual_seed(0)
    body = MLP(3, activate_output=True, carry_input=True)
    learner = MAML(body, 3, task_type="classification", inner_lr="auto").double()
    torch.nn.init.normal_(learner.head_weight)  # as after meta-training: one row that all classes start from
    X, y = torch.randn(1, 30, 3, dtype=torch.float64), torch.arange(30)[None] % 5
    mask, order = torch.ones(1, 5, dtype=torch.bool), torch.randperm(30)
    ends = [learner.adapt(X[:, rows], y[:, rows], None, mask)[0] for rows in (slice(None), order)]
    for one, other in zip(*ends):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_rows_of_very_many_columns_are_kept_instead():
    body, rows = MLP(200, n_hidden=5, carry_input=True), torch.randn(3, 200)
    assert body(rows).shape == (3, 205)
    torch.testing.assert_close(body(rows)[:, 5:], rows)


def test_texts_are_told_from_tables_by_their_rows():
    torch.manual_seed(0)
    numbers, words = torch.randn(50, 64), torch.rand(50, 64) * (torch.rand(50, 64) < 0.1)
    angles = {"scaling": "table", "unit_length": True}
    assert scaling_of(words) == angles
    assert scaling_of(torch.nn.functional.normalize(numbers, dim=1)) == angles
    assert scaling_of(torch.cat([words, torch.zeros(50, 3)], 1)) == angles  # words that do not occur
    assert scaling_of(numbers) == scaling_of(words[:, :8]) == {}
    assert scaling_of(torch.cat([words, numbers[:, :1]], 1)) == {}
