"""What a regressor of few tasks says beside a line through the rows of all of them."""

import pytest
import torch
from torch import nn

from skmeta.learners.bayesian_head import BayesianHead
from skmeta.learners.calibrated_tasks import CalibratedTasks, OffsetLine

D, K = 3, 2


def rows(n, seed=0, n_tasks=1):
    rng = torch.Generator().manual_seed(seed)
    X, y = (torch.randn(n_tasks, n, k, generator=rng, dtype=torch.float64) for k in (D, K))
    return X, y


def line(seed=0):
    found = OffsetLine(D, K).double()
    found.heads.copy_(torch.randn(K, D + 1, generator=torch.Generator().manual_seed(seed)))
    found.noise.copy_(torch.tensor([0.5, 2.0]))
    found.spread.copy_(torch.tensor([1.0, 0.1]))
    return found


def trusted(share):
    torch.manual_seed(0)
    learner = CalibratedTasks.around(BayesianHead)(nn.Identity(), n_features_in=D, n_outputs=K).double().eval()
    learner.trust(line(), share)
    return learner


def test_an_offset_is_the_mean_of_what_the_line_leaves_nearer_to_zero_the_fewer_rows_there_are():
    found = OffsetLine(1, 1).double()
    found.heads.copy_(torch.tensor([[2.0, 1.0]]))  # 2 x + 1
    found.noise.fill_(3.0), found.spread.fill_(1.5)
    X, y = torch.tensor([[[1.0], [2.0]]]).double(), torch.tensor([[[5.0], [9.0]]]).double()
    state = found.adapt(X, y)  # leaves 2 and 4, whose mean counts by 2 * 1.5 / (2 * 1.5 + 3)
    asked = torch.tensor([[[0.0], [10.0]]]).double()
    torch.testing.assert_close(found.predict(state, asked), torch.tensor([[[2.5], [22.5]]]).double())
    torch.testing.assert_close(found.variance(state), torch.tensor([[[3.75]]]).double())
    torch.testing.assert_close(found.answerer(state)(asked[0]), found.predict(state, asked)[0].t())


def test_without_rows_the_line_itself_answers():
    found, (X, y) = line(), rows(4)
    state = found.adapt(X[:, :0], y[:, :0])
    torch.testing.assert_close(found.predict(state, X)[0], X[0] @ found.heads[:, :-1].t() + found.heads[:, -1])
    torch.testing.assert_close(found.variance(state)[0, 0], found.noise + found.spread)


def test_a_row_of_weight_zero_and_one_that_is_not_there_are_the_same():
    found, (X, y) = line(), rows(6)
    weight = torch.tensor([[1.0, 2.0, 1.0, 3.0, 0.0, 0.0]]).double()
    there = found.predict(found.adapt(X[:, :4], y[:, :4], weight[:, :4]), X)
    X_wild, y_wild = X.clone(), y.clone()
    X_wild[:, 4:], y_wild[:, 4:] = torch.nan, torch.inf
    torch.testing.assert_close(found.predict(found.adapt(X_wild, y_wild, weight), X), there)


def test_a_row_of_weight_two_and_two_rows_are_the_same():
    found, (X, y) = line(), rows(4)
    twice = found.predict(found.adapt(X, y, torch.full((1, 4), 2.0).double()), X)
    torch.testing.assert_close(twice, found.predict(found.adapt(torch.cat([X, X], 1), torch.cat([y, y], 1)), X))


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_an_answer_is_the_average_of_both_and_so_is_its_variance(share):
    learner, (X, y) = trusted(share), rows(5)
    state = learner.adapt(X, y)
    of_line = learner.plain.predict(learner.plain.adapt(X, y), X)
    mean, variance = learner.learner.predict_gaussian(learner.learner.adapt(X, y), X)
    expected = share * mean + (1 - share) * of_line
    torch.testing.assert_close(learner.predict(state, X), expected)
    torch.testing.assert_close(learner.adapt_and_predict(X, y, X), expected)
    torch.testing.assert_close(learner(X, y, X).reshape(5, K), expected[0])
    torch.testing.assert_close(learner.answerer(state)(X[0]).t(), expected[0])
    found, deviation = learner.predict_moments(state, X).chunk(2, -1)
    torch.testing.assert_close(found, expected)
    of_both = share * variance + (1 - share) * learner.plain.variance(state[1])
    torch.testing.assert_close(deviation, of_both.sqrt())


def test_before_anything_is_known_of_its_worth_it_is_the_learner():
    learner, (X, y) = trusted(0.5), rows(5)
    learner.is_calibrated.fill_(False)
    bare = learner.learner
    torch.testing.assert_close(learner.predict(learner.adapt(X, y), X), bare.predict(bare.adapt(X, y), X))
    torch.testing.assert_close(learner.adapt_and_predict(X, y, X), bare.predict(bare.adapt(X, y), X))
    torch.testing.assert_close(
        learner.predict_moments(learner.adapt(X, y), X), bare.predict_moments(bare.adapt(X, y), X)
    )
    one_after_the_other = learner.update(learner.adapt(X[:, :2], y[:, :2]), X[:, 2:], y[:, 2:])
    torch.testing.assert_close(learner.predict(one_after_the_other, X), bare.predict(bare.adapt(X, y), X))
    torch.testing.assert_close(learner.predict(learner.adapt_to_sums(learner.sums(X, y)), X), bare(X, y, X)[0][None])


def test_further_rows_and_sums_of_rows_make_the_state_of_all_rows():
    learner, (X, y) = trusted(0.4), rows(7, n_tasks=2)
    weight = 1.0 + torch.arange(14).reshape(2, 7).double() % 3
    state = learner.adapt(X, y, weight)
    first, later = slice(0, 4), slice(4, 7)
    parts = [(X[:, part], y[:, part], weight[:, part]) for part in (first, later)]
    added = learner.update(learner.adapt(*parts[0]), *parts[1])
    torch.testing.assert_close(learner.predict(added, X), learner.predict(state, X))
    sums = [one + other for one, other in zip(*(learner.sums(*part) for part in parts))]
    summed = learner.adapt_to_sums(sums)
    torch.testing.assert_close(learner.predict_moments(summed, X), learner.predict_moments(state, X))
