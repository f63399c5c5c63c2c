"""Learners that compare rows, against loops and numbers by hand."""

import math

import pytest
import torch
from torch import nn

from skmeta.learners import soft_neighbours
from skmeta.learners.matching import MatchingNet
from skmeta.learners.pairs import SiameseNet, TripletNet, batch_hard, semi_hard
from skmeta.learners.relation import RelationNet
from skmeta.learners.soft_neighbours import SoftNeighbours, logsumexp_by_class, squared_distances


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make_episode(n_tasks=2, n_rows=6, n_query=5, n_classes=3, seed=0):
    labels = torch.arange(n_rows).expand(n_tasks, -1) % n_classes
    mask = torch.ones(n_tasks, n_classes, dtype=torch.bool)
    return draw(n_tasks, n_rows, 4, seed=seed), labels, draw(n_tasks, n_query, 4, seed=seed + 1), mask


LEARNERS = {
    "soft neighbours": lambda: SoftNeighbours(nn.Linear(4, 3), 4),
    "soft neighbours, manhattan": lambda: SoftNeighbours(nn.Linear(4, 3), 4, metric="manhattan"),
    "matching, cosine": lambda: MatchingNet(nn.Linear(4, 3), 4),
    "matching, l2": lambda: MatchingNet(nn.Linear(4, 3), 4, metric="l2"),
    "matching, full context": lambda: MatchingNet(nn.Linear(4, 3), 4, full_context=True),
    "relation": lambda: RelationNet(nn.Linear(4, 3), 4),
    "siamese": lambda: SiameseNet(nn.Linear(4, 3), 4),
    "siamese, contrastive": lambda: SiameseNet(nn.Linear(4, 3), 4, loss="contrastive"),
    "triplet": lambda: TripletNet(nn.Linear(4, 3), 4),
}


@pytest.fixture(params=LEARNERS)
def learner(request):
    torch.manual_seed(0)
    return LEARNERS[request.param]().double()


def test_a_row_of_weight_zero_changes_nothing(learner):
    X, y, query, mask = make_episode()
    weight = torch.ones(2, 6, dtype=torch.float64)
    weight[:, 4:] = 0
    X[:, 4:], y = torch.inf, y.clone()
    with torch.no_grad():
        padded = learner.predict(learner.adapt(X, y, weight, mask), query)
        without = learner.predict(learner.adapt(X[:, :4], y[:, :4], None, mask), query)
    torch.testing.assert_close(padded, without)


def test_an_answer_depends_on_its_own_query_row_alone(learner):
    X, y, query, mask = make_episode()
    with torch.no_grad():
        state = learner.adapt(X, y, None, mask)
        together = learner.predict(state, query)
        alone = torch.cat([learner.predict(state, query[:, [i]]) for i in range(5)], 1)
    torch.testing.assert_close(together, alone)


def test_blocks_of_query_rows_answer_as_all_rows_do(learner, monkeypatch):
    X, y, query, mask = make_episode()
    with torch.no_grad():
        state = learner.adapt(X, y, None, mask)
        whole = learner.predict(state, query), learner.neighbour_distances(state, query)
        monkeypatch.setattr(soft_neighbours, "_CELLS_AT_ONCE", 24)
        monkeypatch.setattr("skmeta.learners.relation._CELLS_AT_ONCE", 24)
        blocks = learner.predict(state, query), learner.neighbour_distances(state, query)
    for one, other in zip(whole, blocks):
        torch.testing.assert_close(one, other)


def test_a_class_without_rows_is_ruled_out(learner):
    X, y, query, _ = make_episode()
    mask = torch.ones(2, 4, dtype=torch.bool)
    with torch.no_grad():
        logits = learner.predict(learner.adapt(X, y, None, mask), query)
    assert (logits[..., 3] == -torch.inf).all()
    assert torch.isfinite(logits[..., :3]).all()


def test_log_sum_by_class_is_that_of_a_loop_and_survives_what_underflows():
    scores, labels = 100 * draw(2, 5, 6), torch.tensor([[0, 1, 1, 2, 0, 2], [2, 2, 2, 0, 1, 1]])
    out = logsumexp_by_class(scores - 5000, labels, 3)
    for t in range(2):
        for c in range(3):
            torch.testing.assert_close(out[t, :, c], (scores[t] - 5000)[:, labels[t] == c].logsumexp(1))


def test_squared_distances_keep_their_digits_far_from_the_origin():
    a, b = draw(1, 4, 3), draw(1, 5, 3, seed=1)
    torch.testing.assert_close(squared_distances(a + 1e6, b + 1e6), torch.cdist(a, b) ** 2, atol=1e-7, rtol=1e-6)


def test_attention_by_hand():
    """Rows at 0 and 90 degrees; a query at 60: cosines 1/2 and sqrt(3)/2, times a scale of 2."""
    net = MatchingNet(nn.Identity(), 2, scale=2.0).double()
    support = torch.tensor([[[3.0, 0.0], [0.0, 0.1]]], dtype=torch.float64)
    query = 7 * torch.tensor([[[0.5, math.sqrt(3) / 2]]], dtype=torch.float64)
    state = net.adapt(support, torch.tensor([[0, 1]]), None, torch.ones(1, 2, dtype=torch.bool))
    p = torch.softmax(net.predict(state, query), -1)
    assert float(p[0, 0, 1]) == pytest.approx(1 / (1 + math.exp(1 - math.sqrt(3))))
    assert net.neighbour_distances(state, query)[0, 0].tolist() == pytest.approx([0.5, 1 - math.sqrt(3) / 2])


def test_soft_neighbours_regress_by_weighted_means():
    net = SoftNeighbours(nn.Identity(), 1, 1, task_type="regression", scale=1.0).double()
    support = torch.tensor([[[0.0], [1.0]]], dtype=torch.float64)
    state = net.adapt(support, torch.tensor([[[10.0], [20.0]]], dtype=torch.float64))
    answer = net.predict(state, torch.tensor([[[0.0]]], dtype=torch.float64))
    assert float(answer) == pytest.approx((10 + 20 * math.exp(-1)) / (1 + math.exp(-1)))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "minkowski", "cosine"])
def test_every_metric_can_be_trained(metric):
    X, y, query, mask = make_episode()
    net = SoftNeighbours(nn.Linear(4, 3), 4, metric=metric, p=3).double()
    nn.functional.cross_entropy(net(X, y, query, None, mask), torch.arange(10) % 3).backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters() if p is not net.body.bias)


def test_relations_begin_as_distances():
    net = RelationNet(nn.Identity(), 4).double()
    rows, classes = draw(1, 6, 4), draw(1, 3, 4, seed=1)
    expected = net.relate[-1].bias - torch.cdist(rows, classes) ** 2 / 4
    torch.testing.assert_close(net.relation(rows, classes), expected)


def test_a_relation_is_the_distance_and_what_a_network_says_of_the_concatenated_pair():
    torch.manual_seed(0)
    net = RelationNet(nn.Identity(), 4).double()
    nn.init.normal_(net.relate[-1].weight)
    nn.init.zeros_(net.log_scale)
    row, other = draw(1, 1, 4), draw(1, 1, 4, seed=1)
    first = nn.Linear(8, net.n_hidden).double()
    with torch.no_grad():
        first.weight.copy_(torch.cat([net.of_row.weight, net.of_class.weight], 1))
        first.bias.copy_(net.of_class.bias)
    expected = net.relate(first(torch.cat([row, other], -1))) - ((row - other) ** 2).sum(-1, keepdim=True)
    torch.testing.assert_close(net.relation(row, other), expected)


def test_squared_errors_of_relations_by_hand():
    net = RelationNet(nn.Identity(), 4, loss="mse").double()
    logits = torch.tensor([[0.0, 0.0, -torch.inf], [0.0, 9.0, 0.0]], dtype=torch.float64)
    # the second query row is not labelled; each relation of the first is off by 1/2, the third class does not exist
    loss = net.training_loss(None, logits, torch.isfinite(logits), torch.tensor([0, -1]))
    assert float(loss) == pytest.approx(0.25)


# ------------------------------------------------------------------ pairs and triplets


def labelled_points(seed=0):
    """Points of 8 rows in 2 tasks; one row of the second task is padding, one has no label."""
    labels = torch.tensor([[0, 0, 1, 1, 2, 2, 0, 1], [0, 1, 0, 1, -1, 0, 1, -1]])
    return draw(2, 8, 3, seed=seed), labels


def pairs_of(labels):
    for t in range(len(labels)):
        for i in range(8):
            for j in range(8):
                if i != j and labels[t, i] >= 0 and labels[t, j] >= 0:
                    yield t, i, j, bool(labels[t, i] == labels[t, j])


def judged_pairs(labels, distance):
    """Pairs of one class, and of rows with their nearest strangers: as many as friends, but at least one."""
    near = [(t, i, j) for t, i, j, same in pairs_of(labels) if same]
    far = []
    for t in range(len(labels)):
        for i in range(8):
            friends = [j for tt, ii, j in near if (tt, ii) == (t, i)]
            strangers = [j for tt, ii, j, same in pairs_of(labels) if (tt, ii) == (t, i) and not same]
            far += [(t, i, j) for j in sorted(strangers, key=lambda j: distance[t, i, j])[: max(1, len(friends))]]
    return near, far


def loss_of(net, points, labels):
    zero = torch.zeros((), dtype=torch.float64)
    return net.training_loss(lambda *_: zero, None, points, labels[:, :5], labels[:, 5:].flatten()).item()


def test_contrastive_loss_is_that_of_a_loop_over_pairs():
    net = SiameseNet(nn.Identity(), 3, loss="contrastive", margin=0.8).double()
    points, labels = labelled_points()
    distance = torch.cdist(points, points)
    near, far = judged_pairs(labels, distance)
    margin = 0.8 * math.sqrt(3)
    pulled = sum(float(distance[pair]) ** 2 for pair in near) / len(near)
    pushed = sum(max(0, margin - float(distance[pair])) ** 2 for pair in far) / len(far)
    expected = (pulled + pushed) / (2 * margin**2)
    assert loss_of(net, points, labels) == pytest.approx(expected, rel=1e-6)


def test_pairwise_cross_entropy_is_that_of_a_loop_over_pairs():
    net = SiameseNet(nn.Identity(), 3).double()
    points, labels = labelled_points()
    distance = torch.cdist(points, points, p=1) / 3
    near, far = judged_pairs(labels, distance)
    probability = 1 / (1 + (distance - 1).exp())
    alike = sum(-math.log(probability[pair]) for pair in near) / len(near)
    apart = sum(-math.log(1 - probability[pair]) for pair in far) / len(far)
    expected = (alike + apart) / 2
    assert loss_of(net, points, labels) == pytest.approx(expected, rel=1e-6)


def test_pairs_at_random_begin_at_the_threshold():
    net = SiameseNet(nn.Identity(), 500)
    a, b = (net.embed(draw(1, 50, 500, seed=seed).float()) for seed in (0, 1))
    assert net.energy(a, b).mean().item() == pytest.approx(1.13, abs=0.02)  # the mean of |N(0, 2)|


def masks(labels):
    known = labels >= 0
    both = known[:, :, None] & known[:, None]
    same = (labels[:, :, None] == labels[:, None]) & both
    return same & ~torch.eye(8, dtype=torch.bool), both & ~same


def test_batch_hard_takes_the_farthest_friend_and_the_nearest_stranger():
    points, labels = labelled_points()
    distance = torch.cdist(points, points)
    friend, stranger, valid = batch_hard(distance, *masks(labels))
    for t in range(2):
        for i in range(8):
            mine = [j for tt, ii, j, same in pairs_of(labels) if (tt, ii) == (t, i) and same]
            others = [j for tt, ii, j, same in pairs_of(labels) if (tt, ii) == (t, i) and not same]
            assert bool(valid[t, i]) == bool(mine and others)
            if valid[t, i]:
                assert friend[t, i] == max(distance[t, i, j] for j in mine)
                assert stranger[t, i] == min(distance[t, i, j] for j in others)


def test_semi_hard_takes_the_nearest_stranger_beyond_the_friend_or_else_the_farthest():
    points, labels = labelled_points()
    distance = torch.cdist(points, points)
    friend, stranger, valid = semi_hard(distance, *masks(labels))
    beyond_seen = fallback_seen = 0
    for t, i, j, same in pairs_of(labels):
        assert bool(valid[t, i, j]) == same
        if same:
            others = [k for k in range(8) if labels[t, k] >= 0 and labels[t, k] != labels[t, i]]
            beyond = [float(distance[t, i, k]) for k in others if distance[t, i, k] > distance[t, i, j]]
            expected = min(beyond) if beyond else max(float(distance[t, i, k]) for k in others)
            beyond_seen, fallback_seen = beyond_seen + bool(beyond), fallback_seen + (not beyond)
            assert float(stranger[t, i, j]) == pytest.approx(expected)
            assert friend[t, i, j] == distance[t, i, j]
    assert beyond_seen and fallback_seen


@pytest.mark.parametrize(
    "make",
    [
        lambda: SiameseNet(nn.Linear(4, 3), 4),
        lambda: SiameseNet(nn.Linear(4, 3), 4, loss="contrastive"),
        lambda: TripletNet(nn.Linear(4, 3), 4),
        lambda: TripletNet(nn.Linear(4, 3), 4, mining="batch-hard", margin=0.5),
    ],
)
def test_only_the_scale_is_trained_by_the_answers(make):
    net = make().double()
    X, y, query, mask = make_episode()
    logits, *_ = net(X, y, query, None, mask)
    nn.functional.cross_entropy(logits, torch.arange(10) % 3).backward()
    assert net.log_scale.grad.abs() > 0
    assert all(p.grad is None for name, p in net.named_parameters() if name != "log_scale")


def test_equal_points_have_finite_slopes():
    net = TripletNet(nn.Linear(4, 3), 4)
    X = torch.ones(1, 4, 4)
    logits, *more = net(X, torch.tensor([[0, 0, 1, 1]]), X, None, torch.ones(1, 2, dtype=torch.bool))
    net.training_loss(nn.functional.cross_entropy, logits, *more, torch.tensor([0, 0, 1, 1])).backward()
    assert torch.isfinite(net.body.weight.grad).all()
