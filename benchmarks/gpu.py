"""What a GPU gives, within minutes: do all learners agree with the CPU there, and how fast are they?

    SKMETA_DATA=... python -m benchmarks.gpu --folder results/gpu --minutes 8
    python -m benchmarks.gpu --folder results/cpu --device cpu --minutes 0.5     # to try the program

Four parts, each in a file of its own under the folder: ``agreement.csv`` (answers, losses and gradients of every
learner beside the CPU's), ``steps.csv`` (training steps), ``many_tasks.csv`` (10,000 tasks) and, for as long as time is
left, ``conv4.csv`` (Omniglot by the schedules of the papers, which needs its images). Every figure is written as soon
as it is there; a run that was stopped, and is started again with the same folder, measures what is missing.
``about.txt`` says on what it ran.

The weights of the in-context estimators are trained by tools/pretraining/ten_minutes.sh.
"""

import argparse
import contextlib
import copy
import os
import statistics
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.base import is_classifier

import skmeta
from skmeta import MAMLClassifier, ProtoNetClassifier
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.nets import MLP, Conv4
from skmeta.registry import all_estimators
from skmeta.tasks import EpisodeLoader, GaussianClusters, LinearFamily

LEARNERS = {cls.__name__: cls for cls in all_estimators() if issubclass(cls, MetaEstimator)}
#: beyond these, answers (mostly of double precision) or gradients (of single) are not those of the CPU
ANSWERS_APART, GRADIENTS_APART = 1e-4, 1e-2
PIXELS, STEPS = 28 * 28, 20
#: what the papers trained: learner, episodes
SCHEDULES = {"ProtoNet": 20_000, "MAML": 60_000, "RelationNet": 20_000, "MatchingNet": 20_000, "Reptile": 20_000}


class Results:
    """The figures of one part, of which those that a run that was stopped has made are kept.

    Parameters
    ----------
    folder : Path
    part : str
    until : float
        When time is up, by the monotonic clock.
    """

    def __init__(self, folder, part, until):
        self.path, self.until = folder / f"{part}.csv", until
        self.records = pd.read_csv(self.path).to_dict("records") if self.path.exists() else []

    def measure(self, function, **what):
        """Add the figures that ``function()`` returns, if they are missing and there is time."""
        if time.monotonic() > self.until or any(what.items() <= record.items() for record in self.records):
            return
        began = time.perf_counter()
        try:
            found = function()
        except Exception as error:  # one learner's failure is a result, and the others are measured all the same
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        self.records.append(what | found | {"seconds": round(time.perf_counter() - began, 2)})
        pd.DataFrame(self.records).to_csv(self.path, index=False)
        print(self.path.stem, *self.records[-1].values(), flush=True)


# ---------------------------------------------------------------- do they agree?


def agreement(results, device, names):
    for name in names:
        results.measure(lambda name=name: apart(LEARNERS[name], device), learner=name, device=device)


def apart(cls, device):
    """How far answers, loss and gradients on a device are from the CPU's, with the same weights and rows."""
    family = GaussianClusters(n_ways=3, n_shots=4, n_query=5, n_features=4, n_irrelevant=2)
    tasks = (family if is_classifier(cls()) else LinearFamily(4, n_shots=10, n_query=8)).sample(12, random_state=0)
    settings = {"max_epochs": 1, "steps_per_epoch": 2, "source_steps": 2, "random_state": 0}
    here = cls(**{name: value for name, value in settings.items() if name in cls().get_params()}).fit(tasks)
    with tempfile.TemporaryDirectory() as folder:
        here.save(Path(folder) / "trained")
        there = skmeta.load(Path(folder) / "trained", device=device)
    task = tasks[0]
    pairs = [[said(one.adapt(task.X, task.y), task.X_query), *said(one, tasks)] for one in (here, there)]
    found = {"answers_apart": max(float(np.abs(a - b).max()) for a, b in zip(*pairs))}
    (loss, gradient), (loss_there, gradient_there) = (one_step(one.net_, here, tasks) for one in (here, there))
    draws = getattr(here.net_._bare_learner, "draws_in_training", False)
    if not draws:  # or each device has random numbers of its own
        found["loss_apart"] = abs(loss_there - loss) / max(abs(loss), 1e-12)
        found["gradient_apart"] = float((gradient_there - gradient).norm() / gradient.norm().clamp(min=1e-12))
    learned = there.set_params(device=device).fit(tasks).predict(tasks)
    found["agrees"] = found["answers_apart"] <= ANSWERS_APART and len(learned) == len(tasks)
    found["agrees"] &= found.get("gradient_apart", 0.0) <= GRADIENTS_APART
    return found


def said(estimator, rows):
    return estimator.predict_proba(rows) if is_classifier(estimator) else estimator.predict(rows)


def one_step(net, reader, tasks):
    """Loss and gradient of one batch, drawn on the CPU."""
    net = copy.deepcopy(net)
    store, _ = reader.codec_.store(tasks)
    batches = net.iterator_train(store, batch_size=4) if net.iterator_train is not EpisodeLoader else None
    torch.manual_seed(0)
    batch, y = next(iter(batches or EpisodeLoader(store, batch_size=4, seed=0, in_parts=False)))
    batch = {name: value.to(net.device) for name, value in batch.items()}
    net.on_train_begin(net)
    net.module_.train().zero_grad()
    loss = net.get_loss(net.infer(batch), y.to(net.device), X=batch, training=True)
    loss.backward()
    gradients = [value.grad.flatten() for value in net.module_.parameters() if value.grad is not None]
    return float(loss.detach()), torch.cat(gradients).double().cpu()


# ---------------------------------------------------------------- how fast?


def step_cases():
    """{what: (estimator, settings, tasks of a step)}."""
    cases = {
        f"{cls.__name__}, MLP {width}, {n_tasks} tasks": (cls, {"module": MLP, "module__n_hidden": width}, n_tasks)
        for cls, width, n_tasks in product((MAMLClassifier, ProtoNetClassifier), (64, 512), (16, 256))
    }
    bodies = {MAMLClassifier: "group", ProtoNetClassifier: "batch"}
    return cases | {
        f"{cls.__name__}, Conv4, {n_tasks} tasks": (cls, {"module": Conv4(PIXELS, normalization=kind)}, n_tasks)
        for (cls, kind), n_tasks in product(bodies.items(), (1, 16))
    }


def training_steps(results, device):
    """Milliseconds of a training step of the public estimators, the GPU first and then the CPU."""
    for where in dict.fromkeys([device, "cpu"]):
        for case, about in step_cases().items():
            results.measure(lambda about=about, where=where: step_of(*about, where), case=case, device=where)


def step_of(cls, settings, n_tasks, device, epochs=5):
    is_image = isinstance(settings["module"], Conv4)
    n_features = PIXELS if is_image else 20
    rows = np.random.default_rng(0).standard_normal((5 * 40 * 4, n_features)).astype(np.float32)
    y, task = np.arange(len(rows)) % 5, np.arange(len(rows)) % 4
    settings = settings | {"n_ways": 5, "n_shots": 1 if is_image else 5, "n_query": 5 if is_image else 15}
    if cls is MAMLClassifier:
        settings |= {"inner_steps": 1 if is_image else 5, "inner_lr": 0.1}
    steps = 3 if device == "cpu" else STEPS
    settings |= {"labels": "task", "batch_size": n_tasks, "steps_per_epoch": steps, "max_epochs": epochs}
    meta = cls(**settings, device=device, random_state=0)
    meta.fit(skmeta.TaskSet.from_long(rows, y, task=task))
    # skorch reads the loss after every step, so that the clock waits for the GPU; the first epoch warms up
    taken = [1000 * epoch["dur"] / steps for epoch in meta.net_.history[1:]]
    found = {"milliseconds": statistics.median(taken), "low": min(taken), "high": max(taken)}
    return found | {"steps": steps * len(taken)}


def many_tasks(results, device, n_tasks):
    if time.monotonic() > results.until:
        return
    tasks = GaussianClusters(n_ways=5, n_shots=5, n_query=15, n_features=10).sample(n_tasks, random_state=0)
    for where in dict.fromkeys([device, "cpu"]):
        for cls in (ProtoNetClassifier, MAMLClassifier):
            results.measure(
                lambda cls=cls, where=where: answers_to(cls, tasks, where),
                learner=cls.__name__, device=where, tasks=n_tasks,
            )  # fmt: skip


def answers_to(cls, tasks, device, rounds=4):
    meta = cls(max_epochs=1, steps_per_epoch=2, device=device, random_state=0).fit(tasks[:50])
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        meta.predict(tasks)
        taken.append(time.perf_counter() - began)
    taken = taken[1:]
    return {"seconds_of_a_call": statistics.median(taken), "low": min(taken), "high": max(taken)}


# ---------------------------------------------------------------- what do published schedules give?


def conv4(results, device, folder, precision):
    """Omniglot, learner after learner, until time is up; training that was stopped is gone on with."""
    os.environ.setdefault("SKMETA_DATA_HOME", str(folder))  # where checkpoints lie
    from benchmarks.reproductions import omniglot_conv4

    try:
        omniglot_conv4.omniglot()
    except OSError as error:
        print("conv4 is left out:", error)
        return
    for name, episodes in SCHEDULES.items():
        meta, done, seconds = omniglot_conv4.trained(name, 0, episodes, device, results.until, precision)
        if not done:
            return
        for ways, shots in ((5, 1), (5, 5), (20, 1), (20, 5)):
            results.measure(
                lambda meta=meta, ways=ways, shots=shots, seconds=seconds: tested(meta, ways, shots)
                | {"training_s": seconds},
                learner=name, episodes=done, ways=ways, shots=shots, device=device, precision=precision,
            )  # fmt: skip


def tested(meta, ways, shots):
    from benchmarks.intervals import mean_and_interval
    from benchmarks.reproductions import omniglot_conv4

    accuracy, interval = mean_and_interval(omniglot_conv4.tested(meta, ways, shots, 1000, seed=0))
    return {"accuracy": accuracy, "interval_95": interval}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--parts", nargs="+", default=["agreement", "steps", "many_tasks", "conv4"])
    parser.add_argument("--learners", nargs="+", default=list(LEARNERS), help="of the first part")
    parser.add_argument("--tasks", type=int, default=10_000, help="of the third part")
    parser.add_argument("--precision", default="float32", help="bfloat16: of the metric learners' Conv4, in training")
    args = parser.parse_args(arguments)
    until = time.monotonic() + 60 * args.minutes
    args.folder.mkdir(parents=True, exist_ok=True)
    with open(args.folder / "about.txt", "w") as about, contextlib.redirect_stdout(about):
        print(f"device: {args.device}\nseed: 0")
        skmeta.show_versions()
    parts = {
        "agreement": lambda results: agreement(results, args.device, args.learners),
        "steps": lambda results: training_steps(results, args.device),
        "many_tasks": lambda results: many_tasks(results, args.device, args.tasks),
        "conv4": lambda results: conv4(results, args.device, args.folder, args.precision),
    }
    for part in args.parts:
        parts[part](Results(args.folder, part, until))
    checked = [record for record in Results(args.folder, "agreement", until).records if record["device"] == args.device]
    print(f"{sum(record.get('agrees') is True for record in checked)} of {len(checked)} learners agree with the CPU")


if __name__ == "__main__":
    main()
