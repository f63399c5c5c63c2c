"""Training steps on 28 x 28 images, with the four-block convolutional body: MAML and prototypes."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import speed_peers
from skmeta.learners.engine import choose_engine
from skmeta.learners.prototypes import Prototypes
from skmeta.nets import Conv4

WAYS, WIDTH = 5, 64


def four_blocks(pooled):
    """As learn2learn's OmniglotCNN: 3 x 3 convolutions, strided or pooled, each batch by its own statistics."""
    blocks = []
    for n_in in (1, WIDTH, WIDTH, WIDTH):
        conv = nn.Conv2d(n_in, WIDTH, 3, stride=1 if pooled else 2, padding=1)
        blocks += [conv, nn.BatchNorm2d(WIDTH, track_running_stats=False), nn.ReLU()]
        blocks += [nn.MaxPool2d(2)] if pooled else []
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, WAYS))


def maml_step(pooled, n_tasks=8, steps=1, queries=5):
    """Second order, 5-way 1-shot; one network for all sides."""
    torch.manual_seed(0)
    start = four_blocks(pooled)
    X, Q = torch.randn(n_tasks, WAYS, 1, 28, 28), torch.randn(n_tasks, WAYS * queries, 1, 28, 28)
    y, z = torch.arange(WAYS).repeat(n_tasks, 1), torch.arange(WAYS).repeat(n_tasks, queries)

    def skmeta(engine="auto"):
        net = copy.deepcopy(start)
        optimizer = torch.optim.Adam(net.parameters(), 1e-3, fused=True)
        chosen = choose_engine(net, has_head=False, engine=engine)

        def step():
            optimizer.zero_grad()
            outputs = chosen.adapt_and_predict(chosen.start(), X, y, Q, steps=steps, lr=0.1)
            F.cross_entropy(outputs.transpose(1, 2), z).backward()
            optimizer.step()

        step.net = net
        return step

    def learn2learn():
        speed_peers.learn2learn()
        from learn2learn.algorithms.maml import MAML

        net = copy.deepcopy(start)
        maml = MAML(net, lr=0.1)
        optimizer = torch.optim.Adam(maml.parameters(), 1e-3)

        def step():
            optimizer.zero_grad()
            for i in range(n_tasks):
                learner = maml.clone()
                for _ in range(steps):
                    learner.adapt(F.cross_entropy(learner(X[i]), y[i]))
                (F.cross_entropy(learner(Q[i]), z[i]) / n_tasks).backward()
            optimizer.step()

        step.net = net
        return step

    return {"skmeta": skmeta, "skmeta any_module": lambda: skmeta("any_module"), "learn2learn": learn2learn}


def prototype_step(n_tasks, normalization, shots=5, queries=15):
    """5-way 5-shot on the pooled body. With one task, batch statistics are the same on both sides."""
    n, m = WAYS * shots, WAYS * queries
    X, Q = torch.randn(n_tasks, n, 28 * 28), torch.randn(n_tasks, m, 28 * 28)
    y, z = (torch.arange(k).remainder(WAYS).repeat(n_tasks, 1) for k in (n, m))

    def net():
        torch.manual_seed(0)
        return Conv4(28 * 28, normalization=normalization)

    def skmeta():
        learner = Prototypes(net(), 28 * 28, scale=1.0)
        optimizer = torch.optim.Adam(learner.body.parameters(), 1e-3, fused=True)
        exists = torch.ones(n_tasks, WAYS, dtype=torch.bool)

        def step():
            optimizer.zero_grad()
            F.cross_entropy(learner(X, y, Q, class_mask=exists), z.flatten()).backward()
            optimizer.step()

        step.net = learner.body
        return step

    def learn2learn():
        speed_peers.learn2learn()
        from learn2learn.nn import PrototypicalClassifier

        body = net().to(memory_format=torch.contiguous_format)  # as torch makes networks, and its users use them
        optimizer = torch.optim.Adam(body.parameters(), 1e-3)

        def step():
            optimizer.zero_grad()
            for i in range(n_tasks):
                classifier = PrototypicalClassifier(body(X[i]), y[i])
                (F.cross_entropy(classifier(body(Q[i])), z[i]) / n_tasks).backward()
            optimizer.step()

        step.net = body
        return step

    return {"skmeta": skmeta, "learn2learn": learn2learn}
