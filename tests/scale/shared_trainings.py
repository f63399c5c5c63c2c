"""Short trainings of every learner, for one process and for several."""

import copy
import os
import pickle
import signal
import tempfile
from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from torch import distributed

import skmeta as sk
from skmeta.scale import training_processes
from skmeta.tasks import GaussianClusters, Sinusoids
from skmeta.training import Resumable

SHORT = {
    "max_epochs": 2,
    "steps_per_epoch": 3,
    "batch_size": 5,
    "random_state": 0,
    "optimizer": torch.optim.SGD,
    "lr": 0.05,
}


class Tanh(torch.nn.Sequential):
    """A body for which there is no formula, so that autograd differentiates the inner loop."""

    def __init__(self, n_features_in):
        super().__init__(
            torch.nn.Linear(n_features_in, 8), torch.nn.GELU(), torch.nn.Linear(8, 6), torch.nn.LayerNorm(6)
        )


def classes():
    return GaussianClusters(n_ways=3, n_shots=3, n_query=4, n_features=4).sample(11, random_state=0)


def uneven():
    """Tasks of 2 to 4 classes, from which episodes are drawn."""
    return GaussianClusters(n_ways=(2, 4), n_shots=8, n_query=0, n_features=4).sample(11, random_state=1)


def ragged():
    """Tasks with query rows whose sizes differ so much that a batch comes in parts."""
    small = GaussianClusters(n_ways=3, n_shots=2, n_query=2, n_features=4).sample(8, random_state=2)
    large = GaussianClusters(n_ways=3, n_shots=9, n_query=9, n_features=4).sample(5, random_state=3)
    return [*small, *large]


def table():
    """One table of several classes, some of which are held out first."""
    task = GaussianClusters(n_ways=8, n_shots=6, n_query=0, n_features=4).sample(1, random_state=4)[0]
    return sk.TaskSet([sk.Task(task.X, task.y)])


def waves():
    return Sinusoids(n_shots=6, n_query=8).sample(11, random_state=0)


KINDS = {
    "closed form": (sk.MAMLClassifier, classes, {"inner_steps": 2}),
    "autograd": (sk.MAMLClassifier, classes, {"inner_steps": 2, "module": Tanh}),
    "regression": (sk.MAMLRegressor, waves, {"inner_steps": 2}),
    "learned rates": (sk.MAMLClassifier, uneven, {"inner_steps": 2, "inner_lr": "learn"}),
    "prototypes": (sk.ProtoNetClassifier, uneven, {}),
    "a table of classes": (sk.ProtoNetClassifier, table, {}),
    "batches in parts": (sk.ProtoNetClassifier, ragged, {}),
    "matching": (sk.MatchingNetClassifier, classes, {}),
    "relations": (sk.RelationNetClassifier, classes, {}),
    "pairs": (sk.SiameseNetClassifier, uneven, {}),
    "triplets": (sk.TripletNetClassifier, classes, {}),
    "neighbours": (sk.MetaKNeighborsClassifier, classes, {}),
    "convex head": (sk.MetaOptNetClassifier, classes, {}),
    "bayesian head": (sk.BayesianHeadRegressor, waves, {"lr": 0.001}),
    "hypernetwork": (sk.HyperNetClassifier, classes, {}),
    "neural process": (sk.NeuralProcessRegressor, waves, {"lr": 0.001}),
    "learned optimizer": (sk.LearnedOptimizerClassifier, classes, {"inner_steps": 2}),
    "reptile": (sk.ReptileClassifier, classes, {"inner_steps": 2}),
    "recurrent": (sk.RecurrentClassifier, classes, {}),
    "memory": (sk.MANNClassifier, classes, {}),
    "fine-tuning": (sk.FineTuneTransfer, uneven, {}),
    "two tasks a batch": (sk.ProtoNetClassifier, classes, {"batch_size": 1}),
    "held out, scheduled, stopped": (
        sk.ProtoNetClassifier,
        classes,
        {
            "validation_fraction": 0.3,
            "max_epochs": 9,
            "callbacks": [LRScheduler("StepLR", step_size=2), EarlyStopping(patience=2, threshold=1e9)],
        },
    ),
}
QUICK = ["closed form", "learned rates", "pairs", "a table of classes", "recurrent", "held out, scheduled, stopped"]


def fitted(kind):
    cls, tasks, settings = KINDS[kind]
    return cls(**SHORT | settings).fit(tasks())


def weights(meta):
    parts = [part.detach().double().ravel().numpy() for part in meta.net_.module_.parameters()]
    return np.concatenate(parts), [float(loss) for loss in meta.net_.history[:, "train_loss"]]


def quick(rank):
    return {kind: weights(fitted(kind)) for kind in QUICK}


def every(rank):
    """All trainings, and what else holds of an estimator that several processes have trained."""
    trained = {kind: weights(fitted(kind)) for kind in KINDS}
    tasks = classes()
    meta = sk.MAMLClassifier(**SHORT, verbose=1, callbacks=[Drawing()]).fit(tasks)
    file = Path(tempfile.mkdtemp()) / "meta"
    meta.save(file)
    copies = [pickle.loads(pickle.dumps(meta)), copy.deepcopy(meta), sk.load(file)]
    answers = [np.concatenate(one.predict_proba(tasks)) for one in (meta, *copies)]
    with training_processes(None):
        alone = weights(sk.ProtoNetClassifier(**SHORT | {"random_state": rank}).fit(tasks))
    try:
        sk.ProtoNetClassifier(**SHORT | {"random_state": rank}).fit(tasks)
    except ValueError as error:
        refused = str(error)
    return {"trained": trained, "answers": answers, "drawn": Drawing.drawn, "alone": alone, "refused": refused}


class Drawing(Callback):
    """A callback of one's own that draws random numbers, as one that changes weights may."""

    drawn = []

    def on_epoch_end(self, net, **kwargs):
        self.drawn.append(float(torch.rand(())))


class Die(Callback):
    """The second process is killed in the third epoch."""

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == 3 and distributed.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)


RESUMED = SHORT | {"max_epochs": 5, "optimizer__momentum": 0.9}


def killed(rank):
    resumable = Resumable(Path(os.environ["SKMETA_TEST_FOLDER"]) / "run.pt")
    sk.MAMLClassifier(**RESUMED, callbacks=[resumable, Die()]).fit(classes())


def resumed(rank):
    resumable = Resumable(Path(os.environ["SKMETA_TEST_FOLDER"]) / "run.pt")
    return weights(sk.MAMLClassifier(**RESUMED, callbacks=[resumable]).fit(classes()))


def uninterrupted():
    return weights(sk.MAMLClassifier(**RESUMED).fit(classes()))


LONG = RESUMED | {"max_epochs": 150}


def long(rank):
    resumable = Resumable(Path(os.environ["SKMETA_TEST_FOLDER"]) / "run.pt")
    return weights(sk.MAMLClassifier(**LONG, callbacks=[resumable]).fit(classes()))
