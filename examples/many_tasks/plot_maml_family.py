"""
MAML, Meta-SGD, ANIL, iMAML and Reptile
=======================================

Five papers, one idea: a start from which a few gradient steps suffice. In this library most of them are parameters of
:class:`~skmeta.MAMLClassifier` and :class:`~skmeta.MAMLRegressor`:

================  ===========================================
paper             here
================  ===========================================
MAML              ``MAMLRegressor()``
first-order MAML  ``MAMLRegressor(gradient="first-order")``
Meta-SGD          ``MAMLRegressor(inner_lr="learn")``
ANIL              ``MAMLRegressor(adapt_params="head")``
MAML++            ``MAMLRegressor(multi_step_loss=True)``
iMAML             ``MAMLRegressor(gradient="implicit")``
Reptile           ``ReptileRegressor()``
================  ===========================================

Data: made up, sine waves of varying amplitude, phase and frequency; ten points of each wave are shown.
"""

import matplotlib.pyplot as plt

from skmeta import MAMLRegressor, ReptileRegressor
from skmeta.inspection import AdaptationCurveDisplay
from skmeta.tasks import Sinusoids

waves = Sinusoids("meta-sgd", n_shots=10, n_query=10)
common = {"max_epochs": 10, "steps_per_epoch": 50, "random_state": 0}
looked_through = {"inner_steps": 3, "lr": 0.002, **common}
learners = {
    "MAML": MAMLRegressor(**looked_through),
    "Meta-SGD": MAMLRegressor(inner_lr="learn", **looked_through),
    "ANIL": MAMLRegressor(adapt_params="head", **looked_through),
    "iMAML": MAMLRegressor(gradient="implicit", inner_steps=10, lr=0.002, **common),
    "Reptile": ReptileRegressor(**common),
}

# %%
# All see equally many waves, few. :class:`~skmeta.inspection.AdaptationCurveDisplay` asks how large their error is
# after so many steps on ten rows of 150 new waves. Meta-SGD learns a step size for every weight; ANIL changes the head
# alone.
# Reptile and iMAML do not look through their steps one by one. That saves memory, so they can afford more of them, and
# need them: iMAML's gradient is that of a search which has arrived.

new = Sinusoids("meta-sgd", n_shots=30, n_query=0).sample(150, random_state=1)
fig, ax = plt.subplots(figsize=(7, 4.4))
for (name, learner), marker in zip(learners.items(), "osD^v"):
    display = AdaptationCurveDisplay.from_estimator(
        learner.fit(waves), new, steps=[0, 1, 2, 3, 5, 8], n_shots=10, scoring="neg_mean_squared_error", ax=ax,
        name=name, marker=marker,
    )  # fmt: skip
    print(f"{name:8s}", display.curve.mean.round(2))
ax.set_ylim(-6, 0)
plt.show()
