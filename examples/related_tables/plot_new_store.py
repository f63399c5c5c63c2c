"""
How many rows does a new store need?
====================================

A chain knows two dozen stores and opens another. How good are its forecasts before the first day, after two, after ten?
Learning curves over *new stores* answer that; :class:`~skmeta.TaskKFold` leaves whole stores out and shows a few of
their rows.

Data: made up. Sales follow price, weekday and weather; stores differ in their level and in how much their customers
mind the price.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from skmeta import BayesianHeadRegressor, PerTaskBaseline, TaskKFold, TaskMixtureRegressor

rng = np.random.default_rng(0)
n_stores, n_days = 36, 20
store = np.repeat(np.arange(n_stores), n_days)
table = pd.DataFrame(
    {
        "price": rng.normal(size=len(store)),
        "weekend": (np.tile(np.arange(n_days), n_stores) % 7 >= 5).astype(float),
        "rain": rng.gamma(1.0, size=len(store)),
    }
)
level, minds = 5 * rng.normal(size=n_stores), -4 + 3 * rng.normal(size=n_stores)
sales = (
    50 + level[store] + minds[store] * table["price"] + 6 * table["weekend"] - 2 * np.sqrt(table["rain"])
    + 2 * rng.normal(size=len(store))
)  # fmt: skip

models = {
    "TaskMixtureRegressor": TaskMixtureRegressor(LinearRegression(), random_state=0),
    "BayesianHeadRegressor": BayesianHeadRegressor(max_epochs=4, random_state=0),
    "one model for all": HistGradientBoostingRegressor(max_iter=50, random_state=0),
    "one model each": PerTaskBaseline(LinearRegression()),
}

# %%
# Two folds of stores. ``n_shots`` rows of each left-out store are in the training part, the others are asked.

shown = [0, 2, 5, 10]
errors = {name: [] for name in models}
for n in shown:
    per_store = {name: [] for name in models}
    for train, test in TaskKFold(2, n_shots=n, random_state=0).split(table, groups=store):
        for name, model in models.items():
            if name == "one model each" and n < 2:
                continue  # it has nothing to say
            if name == "one model for all":
                answers = model.fit(table.iloc[train], sales.iloc[train]).predict(table.iloc[test])
            else:
                model.fit(table.iloc[train], sales.iloc[train], task=store[train])
                answers = model.predict(table.iloc[test], task=store[test])
            square = pd.Series((answers - sales.iloc[test]) ** 2).groupby(store[test]).mean()
            per_store[name].extend(np.sqrt(square))
    for name in models:
        values = np.array(per_store[name])
        errors[name].append((values.mean(), 1.96 * values.std() / np.sqrt(len(values))) if len(values) else (np.nan, 0))

fig, ax = plt.subplots(figsize=(6.6, 4))
for (name, points), marker in zip(errors.items(), "osD^"):
    mean, half = np.transpose(points)
    ax.errorbar(shown, mean, half, marker=marker, capsize=3, label=name)
    print(f"{name:22s}", " ".join(f"{n}: {m:.2f}" for n, m in zip(shown, mean)))
ax.axhline(2, color="gray", linestyle=":", linewidth=1, label="noise that nobody can know")
ax.set(xlabel="Days of the new store that are known", ylabel="Error in sales, mean over new stores", ylim=(0, 8))
ax.set_xticks(shown)
ax.legend(fontsize="small")
plt.show()
