"""What a classifier of one table is worth on rows that it was trained without."""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from skmeta.learners.calibrated import Calibrated
from skmeta.learners.plain_rows import PlainRows
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


def test_a_learner_that_is_right_less_often_than_it_says_is_made_modest():
    X, y = table(noise=2.0)
    learner = wrapped()
    certain = [10 * nn.functional.one_hot((y[folds() == k] + (torch.arange(15) % 2)) % C, C) for k in range(4)]
    learner.calibrate(X, y, folds(), certain)  # it is sure, and right half of the time
    assert learner.factor[0] < 0.2 < learner.factor[1]


def test_whom_rows_held_out_prove_right_is_trusted_and_answers_get_better():
    X, y = table()
    X_new, y_new = table(seed=1)
    learner = wrapped()
    with torch.no_grad():
        learner.learner.log_scale.fill_(3.0)  # far too sure of itself
    state = adapted(learner, X, y)
    before = log_loss(learner, state, X_new, y_new)
    answers = []
    for k in range(4):
        rest = folds() != k
        answers.append(learner.learner.predict(adapted(learner.learner, X[rest], y[rest]), X[~rest][None])[0].detach())
    learner.calibrate(X, y, folds(), answers)
    after = log_loss(learner, adapted(learner, X, y), X_new, y_new)
    linear = LogisticRegression().fit(X.numpy(), y).predict_proba(X_new.numpy())
    assert after < before / 2
    assert after < 1.1 * -np.log(linear[np.arange(N), y_new]).mean()


def test_a_class_that_the_task_lacks_stays_impossible_and_classes_of_its_own_are_the_learners():
    X, y = table()
    learner = wrapped()
    learner.calibrate(X, y, folds(), [torch.randn(15, C, dtype=torch.float64) for _ in range(4)])
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
    learner.calibrate(X, y, folds(), [torch.randn(15, C, dtype=torch.float64) for _ in range(4)])
    state = adapted(learner, X, y)
    torch.testing.assert_close(learner.answerer(state)(X).t(), learner.predict(state, X[None])[0])


def test_rows_that_say_nothing_are_pulled_to_equal_chances_and_rows_that_say_all_are_not():
    y = torch.arange(N) % C
    noise = torch.randn(N, D, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    silent, telling = (PlainRows(D, C).double() for _ in range(2))
    for learner, X in ((silent, noise), (telling, nn.functional.one_hot(y, C).double() + 0.01 * noise)):
        learner.body.fit_rows(X)
        said = learner.find_pull(X, y, folds(), C)
        assert said.shape == (N, C)
    assert silent.pull > 10 > telling.pull
