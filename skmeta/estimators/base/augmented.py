"""Training tasks that look a little different every epoch."""

import numpy as np
import torch

from skmeta.tasks.distributions import concatenate_tasksets

#: probability of a task to be augmented; the others are shown as they are
SHARE = 0.5


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
