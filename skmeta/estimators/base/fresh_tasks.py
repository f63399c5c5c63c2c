"""Training tasks that are others in every epoch: drawn anew from a distribution, or changed by an augmentation."""

import numpy as np
import torch

from skmeta.tasks import as_taskset
from skmeta.tasks.distributions import concatenate_tasksets

#: probability of a task to be augmented; the others are shown as they are
SHARE = 0.5


class Endless(torch.utils.data.Dataset):
    """A task distribution as a data set: new tasks every epoch."""

    def __init__(self, distribution, training, seed):
        self.distribution, self.training = distribution, training
        training.reader()
        self.X = self.sample(64, seed, first=True).X

    def sample(self, n_tasks, seed, first=False):
        """A store of tasks; the first ones say what the others look like."""
        training, estimator = self.training, self.training.estimator
        tasks = as_taskset(self.distribution.sample(n_tasks, random_state=seed)).without_unlabelled_rows()
        reset = first and training.before is None
        tasks = estimator.rows_.read_tasks(estimator, tasks, reset, keep_sparse=estimator.augment is None)
        if first:
            X, y = tasks.pooled
            training.learn_codec(estimator._codec_class.of_tasks(estimator, tasks, X, y, False))
            training.measure_spreads(tasks)
        return training.store(tasks)

    def draw(self, n_tasks):
        return self.sample(n_tasks, int(torch.randint(2**31 - 1, ())))

    def __len__(self):
        return 1


class AugmentedTraining(torch.utils.data.Dataset):
    """Training tasks, half of them changed by an augmentation, anew in every epoch.

    Parameters
    ----------
    tasks : TaskSet
    augment : callable
        Takes ``(tasks, random_state)`` and returns as many tasks.
    as_store : callable
        Makes a ``TaskStore`` of tasks.
    """

    def __init__(self, tasks, augment, as_store):
        self.tasks, self.augment, self.as_store = tasks, augment, as_store
        self.plain = as_store(tasks)

    @property
    def X(self):
        return self.plain.X

    def draw(self, n_tasks):
        """A store of the tasks in their order, over and over again until there are ``n_tasks``."""
        rng = np.random.default_rng(int(torch.randint(2**31 - 1, ())))
        plain = self.tasks[np.arange(max(n_tasks, 2)) % len(self.tasks)]  # mixing tasks takes two
        changed = self.augment(plain, rng)
        if len(changed) != len(plain) or changed.n_features != plain.n_features:
            raise ValueError(
                f"augment must return as many tasks with as many features as it is given: {len(plain)} tasks of "
                f"{plain.n_features} features became {len(changed)} of {changed.n_features}."
            )
        chosen = np.arange(len(plain)) + len(plain) * (rng.random(len(plain)) < SHARE)
        return self.as_store(concatenate_tasksets([plain, changed])[chosen[:n_tasks]])

    def __len__(self):
        return len(self.tasks)
