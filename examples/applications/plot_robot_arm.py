"""
A robot arm that adapts to a new payload
========================================

What torque moves the arm where? It depends on what the hand carries, which no sensor tells. Every payload is a task: a
few movements show how the arm reacts now, and the model of its dynamics adapts.

Data: made up by the textbook equations of an arm with two joints. Payloads vary in mass, and in how far from the wrist
they are held.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from skmeta import BayesianHeadRegressor, NeuralProcessRegressor, PerTaskBaseline, TaskSet
from skmeta.inspection import ShotCurveDisplay

rng = np.random.default_rng(0)


def torque_of_first_joint(q1, q2, v1, v2, a1, a2, mass, reach):
    """Two links of a metre and two kilograms each, and a payload at ``reach`` from the second joint."""
    inertia = 2 / 3 + 2 * (4 / 3 + np.cos(q2)) + mass * (1 + reach**2 + 2 * reach * np.cos(q2))
    coupling = 2 * (1 / 3 + np.cos(q2) / 2) + mass * (reach**2 + reach * np.cos(q2))
    coriolis = -(1 + mass * reach) * np.sin(q2) * (2 * v1 * v2 + v2**2)
    gravity = 9.81 * ((1 + 2 + mass) * np.cos(q1) + (1 + mass * reach) * np.cos(q1 + q2))
    return inertia * a1 + coupling * a2 + coriolis + gravity


def payload(n_rows=40):
    movement = rng.uniform(-1, 1, size=(n_rows, 6)) * [np.pi, np.pi / 2, 1, 1, 2, 2]
    torque = torque_of_first_joint(*movement.T, mass=rng.uniform(0, 5), reach=rng.uniform(0.5, 1.3))
    return movement, torque + rng.normal(size=n_rows)


train, new = TaskSet([payload() for _ in range(120)]), TaskSet([payload() for _ in range(50)])

# %%
# A model that ignores the payload cannot do better than the average payload; one that starts anew with every payload
# needs many movements.

kernel = ConstantKernel(10.0) * RBF(2.0) + WhiteKernel(0.01)
models = {
    "BayesianHeadRegressor": BayesianHeadRegressor(n_shots=(0, 20), max_epochs=15, random_state=0),
    "NeuralProcessRegressor": NeuralProcessRegressor(n_shots=(0, 20), max_epochs=15, random_state=0),
    "a Gaussian process each": PerTaskBaseline(GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True)),
}
fig, ax = plt.subplots(figsize=(6.6, 4.2))
for (name, model), marker in zip(models.items(), "osD"):
    display = ShotCurveDisplay.from_estimator(
        model.fit(train), new, [1, 3, 10, 20], n_repeats=1, random_state=0, ax=ax, name=name, marker=marker
    )
    print(f"{name:28s}", display.curve)
X, y, _ = train.to_long()
trees = HistGradientBoostingRegressor(random_state=0).fit(X, y)
level = np.mean([trees.score(task.X, task.y) for task in new])
ax.axhline(level, color="C3", linestyle="--", label="one model, payload unknown")
ax.legend(fontsize="small", loc="lower right")
ax.set(xlabel="Movements with the new payload", ylim=(0, 1.02))
plt.show()
