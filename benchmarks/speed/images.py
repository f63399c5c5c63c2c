"""Training steps on 28 x 28 images, with the four-block convolutional body: MAML and prototypes."""

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.speed import peers
from benchmarks.speed.heads import learn2learn_prototype_step
from benchmarks.speed.steps import Batch, learn2learn_step, skmeta_step
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


class Images(Batch):
    """Random 5-way 1-shot tasks of images, and the network that everyone starts from."""

    def __init__(self, pooled, n_tasks, steps, queries):
        torch.manual_seed(0)
        self.start = four_blocks(pooled)
        self.loss, self.steps, self.lr, self.first_order, self.n_tasks = "cross_entropy", steps, 0.1, False, n_tasks
        self.X, self.Q = torch.randn(n_tasks, WAYS, 1, 28, 28), torch.randn(n_tasks, WAYS * queries, 1, 28, 28)
        self.y, self.z = torch.arange(WAYS).repeat(n_tasks, 1), torch.arange(WAYS).repeat(n_tasks, queries)


def maml_step(pooled, n_tasks=8, steps=1, queries=5):
    """Second order, 5-way 1-shot; one network for all sides."""
    batch = Images(pooled, n_tasks, steps, queries)
    return {
        "skmeta": lambda: skmeta_step(batch),
        "skmeta, native kernel": lambda: skmeta_step(batch, peers.native_engine()),
        "skmeta any_module": lambda: skmeta_step(batch, "any_module"),
        "learn2learn": lambda: learn2learn_step(batch),
    }


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
        body = net().to(memory_format=torch.contiguous_format)  # as torch makes networks, and its users use them
        return learn2learn_prototype_step(body, X, y, Q, z)

    return {**peers.with_and_without_kernel(skmeta), "learn2learn": learn2learn}
