"""Logistic experts against scikit-learn's and against refits."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from skmeta.learners.experts import extend_tuned_classes, fit_tuned_classes, logistic, score_tuned_classes
from skmeta.learners.experts.learned_metric import tune_metric
from skmeta.learners.experts.logistic import fit_path, least_loss, log_chances
from skmeta.learners.experts.tuned_classes import kernel_basis, plain_kernel, principal_directions, turned
from skmeta.learners.in_context.class_blend import fit_class_blend


def as_task(X, y):
    rows = torch.tensor((X - X.mean(0)) / X.std(0))[None]
    members = torch.nn.functional.one_hot(torch.tensor(y)).double()[None]
    weight = torch.ones(1, len(y)).double()
    return rows, members, weight


@pytest.fixture
def task():
    return as_task(*make_classification(60, 4, n_informative=3, n_redundant=0, random_state=0))


def as_ranks(rows):
    """Another view of the columns, for tests that ask nothing of ranks themselves."""
    return rows.tanh()


def about(rows, members, weight):
    exists = torch.ones(len(rows), members.shape[2], dtype=torch.bool)
    return (
        rows,
        as_ranks(rows),
        members,
        weight,
        torch.ones(len(rows), rows.shape[2], dtype=torch.bool),
        exists,
        rows[..., 0],
    )


def with_constant(rows):
    return torch.nn.functional.pad(rows, (0, 1), value=1.0)


def classes(n):
    return torch.ones(1, n, dtype=torch.bool)


def three_classes(n_rows):
    return as_task(*make_classification(n_rows, 4, n_informative=3, n_redundant=0, n_classes=3, random_state=1))


def coefficients(features, members, weight, penalty):
    about = features, members, weight, classes(members.shape[2]), torch.tensor([[penalty]]).double()
    return least_loss(*about, start=least_loss(*about))[:, 0]


def test_coefficients_of_two_classes_are_those_of_scikit_learn(task):
    rows, members, weight = task
    coef = coefficients(with_constant(rows), members, weight, 2.0)
    theirs = LogisticRegression(C=0.5, tol=1e-8, max_iter=1000).fit(rows[0], members[0, :, 1])
    apart = coef[0, :, 1] - coef[0, :, 0]
    np.testing.assert_allclose(apart[:4], theirs.coef_[0], atol=1e-2)
    np.testing.assert_allclose(apart[4], theirs.intercept_[0], atol=1e-2)
    torch.testing.assert_close(coef[..., 0], -coef[..., 1])


def test_chances_of_three_classes_are_those_of_scikit_learn():
    rows, members, weight = three_classes(80)
    features = with_constant(rows)
    chances = log_chances(features @ coefficients(features, members, weight, 0.5), classes(3)).exp()
    theirs = LogisticRegression(C=2.0 / 1.5, tol=1e-8, max_iter=1000).fit(rows[0], members[0].argmax(1))
    np.testing.assert_allclose(chances[0], theirs.predict_proba(rows[0]), atol=5e-3)


def test_two_classes_are_told_apart_as_firmly_beside_a_place_for_a_third(task):
    rows, members, weight = task
    features, exists = with_constant(rows), torch.tensor([[True, True, False]])
    wide = torch.nn.functional.pad(members, (0, 1))
    for penalties in ([1.0], [30.0, 3.0, 0.3, 0.03]):
        coef, chosen, left_out = fit_path(features, members, weight, classes(2), penalties)
        same, same_chosen, same_left_out = fit_path(features, wide, weight, exists, penalties)
        torch.testing.assert_close(chosen, same_chosen)
        torch.testing.assert_close(coef, same[..., :2], atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(left_out, same_left_out[..., :2], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("n_classes, share", [(2, 0.05), (3, 0.2)])
def test_leave_one_out_chances_are_nearly_those_of_refits(task, n_classes, share):
    rows, members, weight = task if n_classes == 2 else three_classes(60)
    features, exists = with_constant(rows), classes(n_classes)
    _, penalty, left_out = fit_path(features, members, weight, exists, [1.0])

    def chances(rest, i):
        coef = coefficients(features[:, rest], members[:, rest], weight[:, rest], float(penalty))
        return (log_chances(features[:, i] @ coef, exists).exp() * members[:, i]).sum(-1)

    refits = torch.cat([chances([j for j in range(60) if j != i], [i]) for i in range(60)], 1)
    own = chances(list(range(60)), list(range(60)))
    honest = (left_out.exp() * members).sum(-1)
    assert (honest - refits).abs().max() < share * (own - refits).abs().max()


def test_the_path_stops_at_the_penalty_with_the_least_left_out_loss(task):
    rows, members, weight = task
    exists, penalties = torch.ones(1, 2, dtype=torch.bool), [100.0, 10.0, 1.0, 0.1, 0.01]
    _, chosen, _ = fit_path(with_constant(rows), members, weight, exists, penalties)
    losses = [-(fit_path(with_constant(rows), members, weight, exists, [p])[2] * members).sum() for p in penalties]
    assert float(chosen) == penalties[int(np.argmin(losses))]


def test_the_metric_stretches_the_column_that_decides():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(95, 4))
    rows, members, weight = as_task(X, (np.abs(X[:, 2]) > 0.7).astype(int))
    centred = members - members.mean(1, keepdim=True)
    scale = tune_metric(rows, centred, weight, torch.ones(1, 4, dtype=torch.bool), rows[..., 0]).scale[0]
    assert scale.argmax() == 2 and scale[2] > 1.5 * scale.sort().values[-2]


def test_features_have_the_inner_products_of_the_kernel(task):
    rows, members, weight = task
    centred = members - members.mean(1, keepdim=True)
    kernel = tune_metric(rows, centred, weight, torch.ones(1, 4, dtype=torch.bool), rows[..., 0])
    features = turned(kernel_basis(kernel, rows, weight, rows[..., 0]), rows)[..., :-1]
    K = kernel.between(rows, rows)
    size = K.diagonal(dim1=1, dim2=2).mean()
    torch.testing.assert_close(features @ features.transpose(1, 2), K / size, atol=1e-4, rtol=0)


def test_many_columns_are_turned_to_where_rows_differ_and_lose_nothing():
    rows = torch.randn(1, 12, 40, generator=torch.Generator().manual_seed(0)).double()
    basis = principal_directions(rows, torch.ones(1, 12).double())
    features = turned(basis, rows)[..., :-1]
    assert features.shape[2] == 12
    torch.testing.assert_close(features @ features.transpose(1, 2), rows @ rows.transpose(1, 2))


@pytest.mark.parametrize("n_rows", [60, 130])  # with a learned metric, and with a process
def test_weights_are_repetitions_and_padding_is_nothing(n_rows):
    X, y = make_classification(n_rows, 4, n_informative=3, n_redundant=0, n_classes=3, random_state=1)
    rows, members, weight = as_task(X, y)
    double = weight.clone()
    double[0, 3] = 2
    twice = [torch.cat([v, v[:, [3]]], 1) for v in (rows, members, weight)]
    hidden = [torch.cat([rows, 9 * rows[:, :2]], 1), torch.cat([members, members[:, :2]], 1)]
    padding = torch.cat([weight, torch.zeros(1, 2)], 1)
    query = rows[:, :9] + 0.1
    for one, other in (
        (about(rows, members, double), about(*twice)),
        (about(*hidden, padding), about(rows, members, weight)),
    ):
        (state, left_out), (same, left_out_same) = fit_tuned_classes(*one), fit_tuned_classes(*other)
        torch.testing.assert_close(
            score_tuned_classes(state, query, as_ranks(query)),
            score_tuned_classes(same, query, as_ranks(query)),
            atol=1e-4,
            rtol=1e-4,
        )
        torch.testing.assert_close(left_out[:, :n_rows], left_out_same[:, :n_rows], atol=1e-3, rtol=1e-3)


def test_tasks_of_few_and_of_many_rows_are_tuned_together_as_alone():
    X, y = make_classification(130, 4, n_informative=3, n_redundant=0, random_state=1)
    rows, members, weight = as_task(X, y)
    few = weight.clone()
    few[:, 60:] = 0
    both = about(torch.cat([rows] * 2), torch.cat([members] * 2), torch.cat([weight, few]))
    _, together = fit_tuned_classes(*both)
    for t, w in enumerate((weight, few)):
        _, alone = fit_tuned_classes(*about(rows, members, w))
        seen = w[0] > 0
        torch.testing.assert_close(together[t, seen], alone[0, seen], atol=1e-4, rtol=1e-4)


def test_later_rows_count_as_if_they_had_been_there_under_the_same_settings(task):
    rows, members, weight = task
    state, _ = fit_tuned_classes(*about(rows[:, :50], members[:, :50], weight[:, :50]))
    grown = extend_tuned_classes(state, rows[:, 50:], as_ranks(rows[:, 50:]), members[:, 50:], weight[:, 50:])
    for expert in grown["experts"]:
        features = turned(expert["basis"], {"rows": rows, "ranks": as_ranks(rows)}[expert["view"]])
        coef = coefficients(features, members, weight, float(expert["penalty"]))
        torch.testing.assert_close(features @ expert["coef"], features @ coef, atol=2e-2, rtol=2e-2)


def test_the_plain_kernel_is_as_wide_as_rows_lie_apart_on_average(task):
    rows, _, weight = task
    weight = weight * torch.linspace(0.5, 2, 60).double()
    kernel = plain_kernel(rows, weight)
    squared = torch.cdist(rows, rows).square()
    share = weight / weight.sum()
    mean = (share[:, :, None] * share[:, None] * squared).sum()
    torch.testing.assert_close(kernel.between(rows, rows), (-2 * squared / mean).exp())


@pytest.mark.parametrize("n_rows", [4, 40, 400])
def test_an_expert_alone_is_heard_as_if_rows_were_the_root_of_their_number(n_rows):
    members = torch.nn.functional.one_hot(torch.arange(n_rows) % 2).double()[None]
    right = torch.tensor([0.9, 0.6]).double()  # the chances that two experts give the class of every row
    chances = (members[:, :, None] * right[:, None] + (1 - members[:, :, None]) * (1 - right[:, None])).log()
    exists, few = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, dtype=torch.bool)
    blend = fit_class_blend(chances, chances, members, torch.ones(1, n_rows).double(), exists, few)
    _, better, worse = blend["log_share"][0]
    assert float(better - worse) == pytest.approx(np.sqrt(n_rows) * np.log(0.9 / 0.6))


def test_classes_are_left_out_of_few_at_a_time_as_of_all_at_once(monkeypatch):
    rows, members, weight = three_classes(50)
    at_once = fit_path(with_constant(rows), members, weight, classes(3), [3.0, 0.3])
    monkeypatch.setattr(logistic, "CELLS_AT_ONCE", 1)
    for part, same in zip(fit_path(with_constant(rows), members, weight, classes(3), [3.0, 0.3]), at_once):
        torch.testing.assert_close(part, same)
