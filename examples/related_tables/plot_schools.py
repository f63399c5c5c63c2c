"""
Pooled, own, shrunk
===================

Forty schools, some with many pupils tested, some with three. What does an hour of homework bring in each? One line for
all schools forgets the school; one line for each school believes three pupils. :class:`~skmeta.TaskMixtureRegressor`
draws each school's line towards the common one by as much as its own pupils leave open.

Data: made up, so that the true line of every school is known.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from skmeta import PerTaskBaseline, PooledBaseline, TaskMixtureRegressor
from skmeta.inspection import ShrinkageDisplay

rng = np.random.default_rng(4)
n_schools = 40
pupils = rng.choice([3, 4, 6, 10, 25], size=n_schools)
level, slope = 50 + 6 * rng.normal(size=n_schools), 2.5 + 1.2 * rng.normal(size=n_schools)
school = np.repeat(np.arange(n_schools), pupils)
homework = rng.uniform(0, 6, size=len(school))
table = pd.DataFrame({"homework": homework})
score = level[school] + slope[school] * homework + 6 * rng.normal(size=len(school))

models = {
    "pooled": PooledBaseline(LinearRegression()),
    "own": PerTaskBaseline(LinearRegression()),
    "shrunk": TaskMixtureRegressor(LinearRegression(), random_state=0),
}
for model in models.values():
    model.fit(table, score, task=school)

# %%
# Six schools
# -----------

hours = np.linspace(0, 6, 20)
shown = np.concatenate([np.flatnonzero(pupils == 3)[:3], np.flatnonzero(pupils == 25)[:3]])
styles = {"pooled": ("C6", ":"), "own": ("C1", "--"), "shrunk": ("C0", "-")}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.4), sharex=True, sharey=True, layout="constrained")
for ax, one in zip(axes.flat, shown):
    ax.plot(homework[school == one], score[school == one], "k.")
    ax.plot(hours, level[one] + slope[one] * hours, color="black", linewidth=1, label="truth")
    for name, model in models.items():
        answers = model.predict(pd.DataFrame({"homework": hours}), task=np.full(20, one))
        ax.plot(hours, answers, styles[name][1], color=styles[name][0], label=name, linewidth=2)
    ax.set(title=f"{pupils[one]} pupils", ylim=(25, 95))
axes[0, 0].legend(fontsize="small", loc="lower right")
for ax in axes[1]:
    ax.set_xlabel("hours of homework")
axes[0, 0].set_ylabel("score")
axes[1, 0].set_ylabel("score")
plt.show()

# %%
# All schools
# -----------
# How far is each model's line from the true one, on average over 0 to 6 hours?

fig, ax = plt.subplots(figsize=(6, 3.6))
sizes = np.unique(pupils)
for name, model in models.items():
    miss = np.empty(n_schools)
    for one in range(n_schools):
        answers = model.predict(pd.DataFrame({"homework": hours}), task=np.full(20, one))
        miss[one] = np.sqrt(np.mean((answers - level[one] - slope[one] * hours) ** 2))
    ax.plot(
        sizes, [miss[pupils == n].mean() for n in sizes], styles[name][1], color=styles[name][0], marker="o", label=name
    )
    print(f"{name:7s} mean distance to the truth {miss.mean():.2f} points")
ax.set(xlabel="Pupils tested in the school", ylabel="Distance to the true line", xscale="log", ylim=(0, None))
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend()
plt.show()

# %%
# From a school that nobody knows to a school's own mean
# ------------------------------------------------------
# :class:`~skmeta.inspection.ShrinkageDisplay` draws for every school what is said of one never seen, the mean of its
# own pupils, and where the answer lies between them: the more pupils (in brackets), the nearer to their mean.

fig, ax = plt.subplots(figsize=(6.4, 6))
ShrinkageDisplay.from_estimator(models["shrunk"], table, score, task=school, ax=ax)
ax.set(xlabel="Score, mean over the school's pupils", ylabel="School (pupils)")
plt.show()
