"""
A simulator is a source of tasks
================================

Where a process can be simulated, tasks have no end: every step of meta-training draws fresh ones. What ``fit`` needs is
an object with ``sample(n_tasks, random_state)`` (:class:`~skmeta.tasks.TaskDistribution`); whoever inherits from
:class:`~skmeta.tasks.BaseTaskDistribution` writes one method. Then a real spring comes, three times measured, and its
whole swing is known.

Data: simulated. Springs of all weights, stiffnesses and dampings, pulled and let go.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmeta import BayesianHeadRegressor, TaskSet
from skmeta.tasks import BaseTaskDistribution


class Springs(BaseTaskDistribution):
    """Where a spring is, at random times of its first ten seconds."""

    def __init__(self, n_rows=20, noise=0.05):
        self.n_rows, self.noise = n_rows, noise

    @staticmethod
    def swing(time, pulled, rate, damping):
        return pulled * np.exp(-damping * time) * np.cos(rate * time)

    def _draw(self, n_tasks, rng):
        spring = {
            "pulled": rng.uniform(0.5, 2, n_tasks),
            "rate": rng.uniform(1, 2, n_tasks),
            "damping": rng.uniform(0.02, 0.3, n_tasks),
        }
        time = rng.uniform(0, 10, n_tasks * self.n_rows)
        place = self.swing(time, *(np.repeat(values, self.n_rows) for values in spring.values()))
        place += self.noise * rng.normal(size=len(time))
        return TaskSet.from_pool(time[:, None], place, [self.n_rows] * n_tasks), spring


# %%
# The same learner, for equally many steps: once on fresh springs in every step, once on the same 20 springs.

springs = Springs()
settings = {"n_shots": (2, 10), "max_epochs": 15, "steps_per_epoch": 50, "lr": 0.003, "random_state": 0}
endless = BayesianHeadRegressor(**settings).fit(springs)
twenty = BayesianHeadRegressor(**settings).fit(springs.sample(20, random_state=0))

# %%
# A new spring, measured at one, three and six times: what is expected, and the band that nine in ten should lie in.

of_it = {"pulled": 1.5, "rate": 1.4, "damping": 0.1}
times, rng = np.linspace(0, 10, 200), np.random.default_rng(3)
measured = rng.permutation(np.linspace(0.5, 9.5, 6))
seen = springs.swing(measured, **of_it) + 0.05 * rng.normal(size=6)
fig, axes = plt.subplots(2, 3, figsize=(9.5, 5), sharex=True, sharey=True, layout="constrained")
for row, (name, learner) in zip(axes, {"springs without end": endless, "20 springs": twenty}.items()):
    for ax, n in zip(row, (1, 3, 6)):
        mean, std = learner.adapt(measured[:n, None], seen[:n]).predict(times[:, None], return_std=True)
        ax.fill_between(times, mean - 1.645 * std, mean + 1.645 * std, alpha=0.2, linewidth=0)
        ax.plot(times, mean, label="expected")
        ax.plot(times, springs.swing(times, **of_it), color="black", linewidth=1, label="the spring")
        ax.plot(measured[:n], seen[:n], "o", color="C1", label="measured")
        ax.set_title(f"{name}, measured {n} time{'s' * (n > 1)}", fontsize=10)
axes[0, 0].legend(fontsize="small")
fig.supxlabel("Seconds", fontsize=10)
plt.show()

# %%
# Over 200 springs, five times measured. :class:`~skmeta.tasks.TaskFamilyMixture` would mix them with other families,
# such as a :class:`~skmeta.tasks.QuadraticFamily`.

new = springs.sample(200, random_state=1)
errors = {}
for name, learner in {"springs without end": endless, "20 springs": twenty}.items():
    answers = [learner.adapt(task.X[:5], task.y[:5]).predict(task.X[5:]) for task in new]
    errors[name] = np.sqrt([np.mean((given - task.y[5:]) ** 2) for given, task in zip(answers, new)])
    print(f"{name:20s} error {errors[name].mean():.3f}, the noise being 0.05")

# %%
# What takes tasks tells them from rows by :func:`~skmeta.tasks.is_tasks` and
# :func:`~skmeta.tasks.is_task_distribution`, makes a set of any collection by :func:`~skmeta.tasks.as_taskset`, and
# draws episodes by :class:`~skmeta.tasks.EpisodeLoader`.
