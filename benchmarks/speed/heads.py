"""One training step of a prototypical network, and the ridge head alone."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.speed import peers
from skmeta.learners.prototypes import Prototypes
from skmeta.learners.ridge import ridge_answers


def learn2learn_prototype_step(net, X, y, Q, z):
    """Task after task, as its examples do."""
    peers.learn2learn()
    from learn2learn.nn import PrototypicalClassifier

    optimizer = torch.optim.Adam(net.parameters(), 1e-3)

    def step():
        optimizer.zero_grad()
        for i in range(len(X)):
            classifier = PrototypicalClassifier(net(X[i]), y[i])
            (F.cross_entropy(classifier(net(Q[i])), z[i]) / len(X)).backward()
        optimizer.step()

    step.net = net
    return step


def prototype_step(n_tasks, ways=5, shots=5, queries=15, d=20):
    g = torch.Generator().manual_seed(0)
    n, m = ways * shots, ways * queries
    X, Q = torch.randn(n_tasks, n, d, generator=g), torch.randn(n_tasks, m, d, generator=g)
    y, z = (torch.arange(k).remainder(ways).repeat(n_tasks, 1) for k in (n, m))
    torch.manual_seed(0)
    start = nn.Sequential(nn.Linear(d, 64), nn.ReLU(), nn.Linear(64, 64))

    def skmeta():
        learner = Prototypes(copy.deepcopy(start), d, scale=1.0)
        optimizer = torch.optim.Adam(learner.body.parameters(), 1e-3, fused=True)
        exists = torch.ones(n_tasks, ways, dtype=torch.bool)

        def step():
            optimizer.zero_grad()
            logits = learner(X, y, Q, class_mask=exists)
            F.cross_entropy(logits.t()[None], z.view(1, -1)).backward()  # classes first, as the estimators' net does
            optimizer.step()

        step.net = learner.body
        return step

    def learn2learn():
        return learn2learn_prototype_step(copy.deepcopy(start), X, y, Q, z)

    return {**peers.with_and_without_kernel(skmeta), "learn2learn": learn2learn}


def ridge_head(n_tasks, n=25, m=75, e=64, k=5):
    """Forward and backward through the head, from embeddings to embeddings, against a loop over tasks."""
    g = torch.Generator().manual_seed(0)
    S = torch.randn(n_tasks, n, e, generator=g, requires_grad=True)
    Q = torch.randn(n_tasks, m, e, generator=g, requires_grad=True)
    Y = F.one_hot(torch.arange(n) % k, k).float().expand(n_tasks, n, k)
    z = torch.arange(m).remainder(k).repeat(n_tasks, 1)
    penalty = torch.tensor(1.0, requires_grad=True)

    def skmeta():
        def step():
            logits = ridge_answers(S, Y.transpose(1, 2), Q, penalty)
            torch.autograd.grad(F.cross_entropy(logits.transpose(1, 2), z), [S, Q, penalty])

        return step

    def loop():
        def step():
            total = 0.0
            for i in range(n_tasks):
                gram = S[i] @ S[i].t() + penalty * torch.eye(n)
                logits = Q[i] @ (S[i].t() @ torch.linalg.solve(gram, Y[i]))
                total = total + F.cross_entropy(logits, z[i]) / n_tasks
            torch.autograd.grad(total, [S, Q, penalty])

        return step

    return {**peers.with_and_without_kernel(skmeta), "loop over tasks": loop}
