"""What a classifier of one table is worth on rows that it was trained without."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from torch import nn

from skmeta.learners.calibrated import Calibrated, PlainRows, doubts, fit_factors
from skmeta.learners.prototypes import Prototypes

N, D, C = 60, 3, 3


def table(seed=0, noise=1.0):
    rng = torch.Generator().manual_seed(seed)
    y = torch.arange(N) % C
    X = torch.randn(N, D, generator=rng, dtype=torch.float64) * noise + 2 * nn.functional.one_hot(y, C)[:, :D]
    return X, y


def folds():
    return torch.arange(N) // C % 4


def wrapped(seed=0):
    torch.manual_seed(seed)
    return Calibrated.around(Prototypes)(nn.Identity(), n_features_in=D, n_outputs=C).double().eval()


def adapted(learner, X, y):
    return learner.adapt(X[None], y[None], None, torch.ones(1, C, dtype=torch.bool))


def log_loss(learner, state, X, y):
    return nn.functional.cross_entropy(learner.predict(state, X[None])[0], y).item()


def test_before_it_is_calibrated_it_is_the_learner():
    learner, (X, y) = wrapped(), table()
    alone = learner.learner.predict(adapted(learner.learner, X, y), X[None])
    torch.testing.assert_close(learner.predict(adapted(learner, X, y), X[None]), alone)


class Says(nn.Module):
    """A learner that says of the rows what it was told to, whatever it has adapted to."""

    n_embedding, n_outputs, loss_by_tasks, loss_in_parts, cold_start = D, C, False, True, True

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def adapt(self, *rows):
        return ()

    def predict(self, state, query_X):
        return self.logits[None]


def factor_of(says, X, y, is_new=True):
    learner = Calibrated(Says(says[folds() == 0]), D).double()
    learner.plain.body.fit_rows(X)
    learner.calibrate(X, y, folds(), is_new)
    return learner.factor


def test_a_learner_that_is_right_less_often_than_it_says_is_made_modest_and_one_that_is_always_right_is_trusted():
    X, y = table(noise=4.0)
    said = 20 * nn.functional.one_hot(y, C).double()
    wrong = said.roll(1, 1)
    half = torch.where((torch.arange(N) // 12 % 2 == 0)[:, None], said, wrong)
    start = factor_of(said, X, y, is_new=False)  # what was trained on proves nothing
    assert factor_of(wrong, X, y)[0] < factor_of(half, X, y)[0] < 0.9 * start[0]
    assert factor_of(said, X, y)[0] > 1.2 * start[0]


def test_answers_get_better_than_those_of_a_learner_that_is_far_too_sure_of_itself():
    X, y = table()
    X_new, y_new = table(seed=1)
    learner = wrapped()
    learner.plain.body.fit_rows(X)
    with torch.no_grad():
        learner.learner.log_scale.fill_(3.0)
    before = log_loss(learner, adapted(learner, X, y), X_new, y_new)
    learner.calibrate(X, y, folds(), True)
    after = log_loss(learner, adapted(learner, X, y), X_new, y_new)
    linear = LogisticRegression().fit(X.numpy(), y).predict_proba(X_new.numpy())
    assert after < before / 2
    assert after < 1.1 * -np.log(linear[np.arange(N), y_new]).mean()


def test_a_class_that_the_task_lacks_stays_impossible_and_classes_of_its_own_are_the_learners():
    X, y = table()
    learner = wrapped()
    learner.calibrate(X, y, folds(), True)
    mask = torch.tensor([[True, True, False]])
    two = y < 2
    logits = learner.predict(learner.adapt(X[two][None], y[two][None], None, mask), X[None])
    assert (logits[..., 2] == -torch.inf).all() and logits[..., :2].isfinite().all()

    mask = torch.tensor([[False, False, False, True, True]])
    rows = X[two][None], 3 + y[two][None], None, mask
    own = learner.predict(learner.adapt(*rows), X[None])
    torch.testing.assert_close(own, learner.learner.predict(learner.learner.adapt(*rows), X[None]))


def test_one_row_after_another_is_answered_as_all_together():
    X, y = table()
    learner = wrapped()
    learner.calibrate(X, y, folds(), True)
    state = adapted(learner, X, y)
    torch.testing.assert_close(learner.answerer(state)(X).t(), learner.predict(state, X[None])[0])


def test_two_rows_more_might_have_been_of_any_class_by_the_shares_of_classes():
    """Of 4 rows a third is doubted, and of 400 a two-hundredth."""
    for n, rest in ((4, 2 / 6), (400, 2 / 402)):
        y = (torch.arange(n) % 4 == 0).long()
        believed, shares = doubts(y[None], None, C, torch.float64)
        torch.testing.assert_close(believed.exp().item(), 1 - rest)
        torch.testing.assert_close(shares[0].exp(), rest * torch.tensor([0.75, 0.25, 0.0]).double())


def test_what_is_certain_of_few_rows_is_said_with_doubt_and_rows_of_no_weight_do_not_count():
    X = torch.tensor([[9.0, 0, 0]] * 3 + [[0, 9.0, 0]] * 3).double()
    y, mask = torch.tensor([0, 0, 0, 1, 1, 1]), torch.ones(1, C, dtype=torch.bool)
    learner = wrapped()
    learner.calibrate(X, y, torch.arange(6) % 3, False)
    learner.factor.fill_(1e3)  # certain, and always right
    p = learner.predict(learner.adapt(X[None], y[None], None, mask), X[None]).softmax(-1)
    torch.testing.assert_close(p[0, 0], torch.tensor([6 / 8 + 1 / 8, 1 / 8, 0]).double(), atol=1e-5, rtol=0)
    padded = torch.cat([X, X[:2]])[None], torch.cat([y, torch.tensor([2, 2])])[None]
    weight = torch.tensor([[1.0] * 6 + [0.0] * 2]).double()
    torch.testing.assert_close(learner.predict(learner.adapt(*padded, weight, mask), X[None]).softmax(-1), p)


def test_rows_that_say_nothing_are_pulled_to_equal_chances_and_rows_that_say_all_are_not():
    y = torch.arange(N) % C
    noise = torch.randn(N, D, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    silent, telling = (PlainRows(D, C).double() for _ in range(2))
    for learner, X in ((silent, noise), (telling, nn.functional.one_hot(y, C).double() + 0.01 * noise)):
        learner.body.fit_rows(X)
        said = learner.find_pull(X, y, folds(), C)
        assert said.shape == (N, C)
        p = learner.predict(adapted(learner, X, y), X[None])[0].softmax(1)
        torch.testing.assert_close(p.mean(0), torch.full((C,), 1 / C).double(), atol=0.01, rtol=0)
    assert silent.pull > 10 > telling.pull


@pytest.mark.parametrize("n_columns", [5, 150])
def test_what_is_said_of_rows_held_out_is_said_by_heads_of_the_chosen_pull_that_never_saw_them(n_columns):
    (X, y), rng = table(), torch.Generator().manual_seed(1)
    X = X @ torch.randn(D, n_columns, generator=rng, dtype=torch.float64) + 30
    X += torch.randn(N, n_columns, generator=rng, dtype=torch.float64)
    learner = PlainRows(n_columns, C).double()
    learner.body.fit_rows(X)
    held_out, asked = learner.find_pull(X, y, folds(), C), folds() == 2
    state = learner.adapt(X[None, ~asked], y[None, ~asked], None, torch.ones(1, C, dtype=torch.bool))
    torch.testing.assert_close(held_out[asked], learner.predict(state, X[None, asked])[0], atol=0.01, rtol=0.01)


def test_rows_that_say_nothing_are_answered_by_how_often_classes_occur():
    noise = torch.randn(N, D, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    y = (torch.arange(N) % 10 == 0).long()
    learner = PlainRows(D, 2).double()
    learner.body.fit_rows(noise)
    learner.find_pull(noise, y, folds(), 2)
    state = learner.adapt(noise[None], y[None], None, torch.ones(1, 2, dtype=torch.bool))
    p = learner.predict(state, noise[None])[0].softmax(1)
    assert p[:, 1].mean() < 0.12 and p[:, 1].max() < 0.2


def test_factors_are_the_most_probable_ones():
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(40) % 3
    experts = torch.randn(40, 2, 3, generator=rng, dtype=torch.float64) * 3
    experts[:, 0] += 4 * nn.functional.one_hot(y, 3)
    centre = torch.tensor([0.1, 0.8], dtype=torch.float64)

    def loss(log_factor):
        factor = centre * torch.as_tensor(log_factor).exp()
        fit = nn.functional.cross_entropy((experts * factor[:, None]).sum(1), y, reduction="sum")
        return float(fit + np.square(log_factor).sum() / 2 / 0.7**2)

    best = minimize(loss, np.zeros(2), method="BFGS").x
    torch.testing.assert_close(fit_factors(experts, y), centre * torch.as_tensor(best).exp(), atol=1e-3, rtol=1e-3)
