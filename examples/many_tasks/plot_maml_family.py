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
common = {"inner_steps": 3, "max_epochs": 10, "steps_per_epoch": 50, "lr": 0.002, "random_state": 0}
learners = {
    "MAML": MAMLRegressor(**common),
    "Meta-SGD": MAMLRegressor(inner_lr="learn", **common),
    "ANIL": MAMLRegressor(adapt_params="head", **common),
    "iMAML": MAMLRegressor(gradient="implicit", **common),
    "Reptile": ReptileRegressor(**common),
}

# %%
# All are trained equally long, briefly. :class:`~skmeta.inspection.AdaptationCurveDisplay` asks how large their error
# is after so many steps on ten rows of 150 new waves. Meta-SGD learns a step size for every weight; ANIL changes the
# head alone; Reptile and iMAML do not look through their steps one by one, which saves memory and costs quality here.

new = Sinusoids("meta-sgd", n_shots=30, n_query=0).sample(150, random_state=1)
fig, ax = plt.subplots(figsize=(7, 4.4))
for (name, learner), marker in zip(learners.items(), "osD^v"):
    display = AdaptationCurveDisplay.from_estimator(
        learner.fit(waves), new, steps=[0, 1, 2, 3, 5, 8], n_shots=10, scoring="neg_mean_squared_error", ax=ax,
        name=name, marker=marker,
    )  # fmt: skip
    print(f"{name:8s}", display.curve.mean.round(2))
ax.set_ylim(-6, 0)  # iMAML begins far below
plt.show()
