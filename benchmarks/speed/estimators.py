"""Through the public estimators: whole fits, one new task, many tasks, and prototypes in the place of neighbours."""

from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.speed import peers
from benchmarks.speed.steps import Batch
from skmeta import FewShotClassifier, MAMLClassifier, MAMLRegressor, ProtoNetClassifier, Task, TaskSet
from skmeta.nets import MLP

NATIVE = "skmeta, native kernel"
WAYS, SHOTS, QUERIES, COLUMNS, TASKS_A_STEP = 5, 5, 15, 20, 16


def clusters(n_tasks, rows_of_a_class=40, seed=0):
    """Classes are Gaussian clusters, five to a task: (tasks, classes, rows, columns)."""
    rng = np.random.default_rng(seed)
    centres = 2 * rng.standard_normal((n_tasks, WAYS, 1, COLUMNS))
    return (centres + rng.standard_normal((n_tasks, WAYS, rows_of_a_class, COLUMNS))).astype(np.float32)


def task_set(rows):
    n_tasks, ways, n, d = rows.shape
    y = np.tile(np.repeat(np.arange(ways), n), n_tasks)
    return TaskSet.from_long(rows.reshape(-1, d), y, task=np.repeat(np.arange(n_tasks), ways * n))


def learn2learn_sampler(rows):
    """learn2learn's own task sampling over the same rows: every cluster is a class, five of them make a task."""
    peers.learn2learn(data=True)
    from learn2learn.data import MetaDataset, TaskDataset
    from learn2learn.data.transforms import ConsecutiveLabels, KShots, LoadData, NWays, RemapLabels

    X = torch.from_numpy(rows.reshape(-1, COLUMNS))
    y = torch.arange(rows.shape[0] * WAYS).repeat_interleave(rows.shape[2])
    data = MetaDataset(torch.utils.data.TensorDataset(X, y))
    transforms = [NWays(data, WAYS), KShots(data, SHOTS + QUERIES), LoadData(data), RemapLabels(data)]
    return TaskDataset(data, task_transforms=[*transforms, ConsecutiveLabels(data)], num_tasks=-1)


def split(X, y):
    """As its examples do: the first rows of each class adapt, the others evaluate."""
    adapts = torch.zeros(len(y), dtype=torch.bool)
    adapts[(torch.arange(WAYS)[:, None] * (SHOTS + QUERIES) + torch.arange(SHOTS)).flatten()] = True
    return X[adapts], y[adapts], X[~adapts], y[~adapts]


def whole_fit(name, steps=20):
    """``steps`` outer steps of 16 five-way five-shot tasks, from the rows to the trained network."""
    rows = clusters(100)
    tasks = task_set(rows)
    classes = {"maml": MAMLClassifier, "prototypes": ProtoNetClassifier}

    def fit(**how):
        if name == "maml":
            how = {"inner_steps": 5, "inner_lr": 0.1, "engine": "closed_form", **how}
        estimator = classes[name](
            MLP, n_ways=WAYS, n_shots=SHOTS, n_query=QUERIES, batch_size=TASKS_A_STEP, steps_per_epoch=steps,
            max_epochs=1, validation_fraction=None, random_state=0, verbose=0, **how,
        )  # fmt: skip
        return lambda: estimator.fit(tasks)

    def learn2learn():
        peers.learn2learn()
        from learn2learn.algorithms.maml import MAML
        from learn2learn.nn import PrototypicalClassifier

        sampler = learn2learn_sampler(rows)
        layers = [nn.Linear(COLUMNS, 64), nn.ReLU(), nn.Linear(64, 64)]
        if name == "maml":
            layers += [nn.ReLU(), nn.Linear(64, WAYS)]

        def fit():
            net = nn.Sequential(*layers)
            maml = MAML(net, lr=0.1) if name == "maml" else None
            optimizer = torch.optim.Adam(net.parameters(), 1e-3)
            for _ in range(steps):
                optimizer.zero_grad()
                for _ in range(TASKS_A_STEP):
                    X, y, Q, z = split(*sampler.sample())
                    if maml is not None:
                        learner = maml.clone()
                        for _ in range(5):
                            learner.adapt(F.cross_entropy(learner(X), y))
                        answers = learner(Q)
                    else:
                        answers = PrototypicalClassifier(net(X), y)(net(Q))
                    (F.cross_entropy(answers, z) / TASKS_A_STEP).backward()
                optimizer.step()

        return fit

    if name == "prototypes":
        return {**peers.with_and_without_kernel(fit), "learn2learn": learn2learn}
    return {"skmeta": fit, NATIVE: lambda: fit(engine=peers.native_engine()), "learn2learn": learn2learn}


def new_tasks(kind, n_tasks, engine="closed_form"):
    """A meta-trained estimator, unseen tasks, and the same rows as a :class:`Batch` for learn2learn."""
    # so few steps that no tasks are held out to ask about
    how = {"max_epochs": 1, "steps_per_epoch": 10, "random_state": 0, "verbose": 0, "engine": engine}
    if kind == "sinusoid":
        batch = Batch([1, 40, 40, 1], "mse", n_tasks, 5, 10, 5, 0.01)
        body = nn.Sequential(*list(batch.start)[:-1])
        estimator = MAMLRegressor(body, inner_steps=5, inner_lr=0.01, **how)
    else:
        batch = Batch([COLUMNS, 64, 64, WAYS], "cross_entropy", n_tasks, 25, 75, 5, 0.1)
        body = nn.Sequential(*list(batch.start)[:-1])
        estimator = MAMLClassifier(body, inner_steps=5, inner_lr=0.1, **how)
    y, z = (value.squeeze(-1).numpy() if kind == "sinusoid" else value.numpy() for value in (batch.y, batch.z))
    tasks = [Task(*rows) for rows in zip(batch.X.numpy(), y, batch.Q.numpy(), z)]
    estimator.fit(tasks[:16])
    return estimator, tasks, batch


def learn2learn_answers(batch, tasks):
    """Adapt to each task and answer its query rows, one after another."""
    peers.learn2learn()
    from learn2learn.algorithms.maml import MAML

    maml = MAML(batch.net(), lr=batch.lr)

    def answer():
        for i in tasks:
            learner = maml.clone()
            for _ in range(batch.steps):
                learner.adapt(batch.criterion(learner(batch.X[i]), batch.y[i]))
            with torch.no_grad():
                learner(batch.Q[i])

    return answer


def many_tasks(kind, n_tasks=10_000):
    """``predict(tasks)``; learn2learn, whose time is strictly proportional to the tasks, gets a hundredth of them."""
    estimator, tasks, batch = new_tasks(kind, n_tasks)
    tasks = TaskSet(tasks)
    part = range(n_tasks // 100)

    def learn2learn():
        return learn2learn_answers(batch, part)

    learn2learn.scale = n_tasks / len(part)

    def with_kernel():
        native, *_ = new_tasks(kind, 16, peers.native_engine())
        return lambda: native.predict(tasks)

    without = peers.with_and_without_kernel(lambda: lambda: estimator.predict(tasks))["skmeta"]
    return {"skmeta": without, NATIVE: with_kernel, "learn2learn": learn2learn}


def one_task(kind):
    estimator, tasks, batch = new_tasks(kind, 20)
    X, y, Q = tasks[-1].X, tasks[-1].y, tasks[-1].X_query

    def with_kernel():
        native, *_ = new_tasks(kind, 20, peers.native_engine())
        return lambda: native.adapt(X, y).predict(Q)

    without = peers.with_and_without_kernel(lambda: lambda: estimator.adapt(X, y).predict(Q))["skmeta"]
    return {
        "skmeta": without,
        NATIVE: with_kernel,
        "learn2learn": lambda: learn2learn_answers(batch, [len(tasks) - 1]),
    }


def prototypes_for_neighbours(n_rows, n_query=10_000):
    """``predict`` for 10,000 rows, after a plain fit of ``n_rows``."""
    from sklearn.neighbors import KNeighborsClassifier

    rows = clusters(1, rows_of_a_class=n_rows // WAYS)[0].reshape(-1, COLUMNS)
    y = np.repeat(np.arange(WAYS), n_rows // WAYS)
    n_query = n_query if n_rows < 100_000 else 1000
    queries = clusters(1, rows_of_a_class=n_query // WAYS, seed=1)[0].reshape(-1, COLUMNS)

    def fitted(body):
        meta = ProtoNetClassifier(body, max_epochs=1, random_state=0).fit(task_set(clusters(20)))
        return FewShotClassifier(meta).fit(rows, y)

    def answers(body):
        estimator = fitted(body)
        return lambda: estimator.predict(queries)

    neighbours = KNeighborsClassifier().fit(rows, y)
    return {
        **peers.with_and_without_kernel(partial(answers, MLP)),
        **peers.with_and_without_kernel(partial(answers, None), "skmeta, default body"),
        "KNeighborsClassifier": lambda: lambda: neighbours.predict(queries),
    }
