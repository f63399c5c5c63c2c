"""Trust in experts: at the maximum of its posterior, never negative, and read off weighted rows."""

import pytest
import torch
import torch.nn.functional as F

from skmeta.learners.stacking import (
    BIAS_PRECISION,
    SHARE_PRECISION,
    SPREAD,
    TOTAL_TRUST,
    fit_shares,
    fit_trust,
    part_of_answer,
    trusted,
)


@pytest.fixture
def said():
    """Two tasks of 40 rows and three classes; the first expert knows, the second half knows, the third guesses."""
    torch.manual_seed(0)
    y = torch.randint(0, 3, (2, 40))
    members = F.one_hot(y, 3).double()
    noise = torch.randn(2, 40, 3, 3, dtype=torch.float64)
    knowledge = torch.tensor([3.0, 1.0, 0.0], dtype=torch.float64)
    log_chances = (knowledge[:, None] * members[:, :, None] + noise).log_softmax(-1)
    return log_chances, members, torch.ones(2, 40, dtype=torch.float64), torch.ones(2, 3, dtype=torch.bool)


def test_trust_is_the_maximum_of_its_posterior(said):
    log_chances, members, weight, mask = said
    trust = fit_trust(*said)
    log_factor = (trust["factor"] * 3 / TOTAL_TRUST).log().requires_grad_()
    bias = trust["bias"].clone().requires_grad_()
    chance = trusted({"factor": log_factor.exp() * TOTAL_TRUST / 3, "bias": bias}, log_chances, mask)
    prior = 0.5 * (log_factor / SPREAD).square().sum() + 0.5 * BIAS_PRECISION * bias.square().sum()
    (prior - (chance * members).sum()).backward()
    assert log_factor.grad.abs().max() < 0.2 and bias.grad.abs().max() < 0.2  # of 80 rows; a start's is above 10


def test_who_knows_is_trusted_most(said):
    factor = fit_trust(*said)["factor"]
    assert (factor[:, 0] > factor[:, 1]).all() and (factor[:, 1] > factor[:, 2]).all() and (factor > 0).all()


def test_trust_beats_equal_trust_on_new_rows(said):
    log_chances, members, weight, mask = said
    first = fit_trust(log_chances[:, :20], members[:, :20], weight[:, :20], mask)
    equal = {"factor": torch.full((2, 3), TOTAL_TRUST / 3).double(), "bias": torch.zeros(2, 3).double()}
    learnt, plain = ((trusted(trust, log_chances[:, 20:], mask) * members[:, 20:]).sum() for trust in (first, equal))
    assert learnt > plain


def test_a_row_of_weight_two_is_a_row_twice_and_one_of_weight_zero_none(said):
    log_chances, members, weight, mask = said
    weight[:, 3], weight[:, 7] = 2, 0
    rows = [i for i in range(40) if i != 7] + [3]
    weighted = fit_trust(log_chances, members, weight, mask)
    repeated = fit_trust(log_chances[:, rows], members[:, rows], torch.ones(2, 40).double(), mask)
    torch.testing.assert_close(weighted, repeated)


def test_a_class_that_does_not_exist_gets_no_chance(said):
    log_chances, members, weight, mask = said
    padded = F.pad(log_chances, (0, 1), value=-20.0), F.pad(members, (0, 1)), weight, F.pad(mask, (0, 1))
    answer = trusted(fit_trust(*padded), padded[0], padded[3])
    assert (answer[..., 3] == -torch.inf).all()
    torch.testing.assert_close(answer[..., :3], trusted(fit_trust(*said), log_chances, mask))


def test_shares_of_numbers_are_ridge_shares_where_these_are_positive():
    torch.manual_seed(1)
    y = torch.randn(1, 30, dtype=torch.float64)
    left_out = y[..., None] + torch.tensor([0.3, 0.5]).double() * torch.randn(1, 30, 2, dtype=torch.float64)
    shares = fit_shares(left_out, y, torch.ones(1, 30).double())
    L, variance = left_out[0], (left_out[0].mean(1) - y[0]).square().mean()
    A = L.T @ L / variance + SHARE_PRECISION * torch.eye(2).double()
    torch.testing.assert_close(shares[0], torch.linalg.solve(A, L.T @ y[0] / variance + SHARE_PRECISION / 2))
    assert shares[0, 0] > shares[0, 1]


def test_an_expert_that_says_the_opposite_is_left_out():
    torch.manual_seed(2)
    y = torch.randn(1, 60, dtype=torch.float64)
    left_out = torch.stack([y + 0.2 * torch.randn(1, 60), -y], 2)
    shares = fit_shares(left_out, y, torch.ones(1, 60).double())
    assert shares[0, 1] == 0 and shares[0, 0] > 0.8


def test_more_rows_leave_more_to_stacking():
    few, many = part_of_answer(torch.tensor([100.0, 1e6]))
    assert few == pytest.approx(0.375) and many == pytest.approx(0.75, abs=1e-3)
