"""
Regression with intervals
=========================

:class:`~skmeta.InContextRegressor` answers with a distribution: a mean, a standard deviation, or any quantile. The
interval is wide where rows are few and the function bends, and it covers what it promises. Beside it stand a Gaussian
process, the usual source of intervals, and the trees of a forest.

Data: made up; then the diabetes data that come with scikit-learn.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from skmeta import InContextRegressor

rng = np.random.default_rng(3)
x = np.sort(np.concatenate([rng.uniform(-4, -0.5, 22), rng.uniform(1.5, 4, 18)]))[:, None]
y = np.where(x[:, 0] < 1, np.sin(2 * x[:, 0]), 1.5) + 0.25 * rng.normal(size=40) * (1 + (x[:, 0] > 1))
grid = np.linspace(-4, 4, 150)[:, None]

# %%
# One column
# ----------
# A bend, a gap in the middle, a level at the right where the noise is twice as large.


def of_trees(forest, X, levels):
    return np.quantile([tree.predict(X) for tree in forest.estimators_], levels, axis=0).T


def of_process(process, X, levels):
    mean, std = process.predict(X, return_std=True)
    return mean[:, None] + std[:, None] * np.array([-1.645, 0, 1.645])


levels = [0.05, 0.5, 0.95]
kernel = ConstantKernel() * RBF() + WhiteKernel()
models = {
    "InContextRegressor": (InContextRegressor(), lambda model, X, q: model.predict(X, quantiles=q)),
    "Gaussian process": (GaussianProcessRegressor(kernel, normalize_y=True, random_state=0), of_process),
    "trees of a forest": (RandomForestRegressor(min_samples_leaf=3, random_state=0), of_trees),
}
fig, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
for number, (ax, (name, (model, quantiles))) in enumerate(zip(axes, models.items())):
    low, middle, high = quantiles(model.fit(x, y), grid, levels).T
    ax.fill_between(grid[:, 0], low, high, alpha=0.25, color=f"C{number}", linewidth=0, label="90% interval")
    ax.plot(grid, middle, color=f"C{number}", label="median")
    ax.plot(x, y, "k.", markersize=5)
    ax.set(title=name, xlabel="x")
    ax.legend(loc="lower right", fontsize="small")
plt.show()

# %%
# Do the intervals keep their promise?
# ------------------------------------
# Diabetes, ten columns, 100 patients known, 342 others. Intervals of every size are asked for; the share of patients
# inside should be what was asked.

X, y = load_diabetes(return_X_y=True)
order = np.random.default_rng(0).permutation(len(y))
train, test = order[:100], order[100:]
shares = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
fig, ax = plt.subplots(figsize=(4.6, 4.2))
ax.plot([0, 1], [0, 1], ":", color="gray")
regressor, forest = models["InContextRegressor"][0], models["trees of a forest"][0]
process = models["Gaussian process"][0]
for model in (regressor, process, forest):
    model.fit(X[train], y[train])
mean, std = process.predict(X[test], return_std=True)
for number, name in enumerate(models):
    inside = []
    for share in shares:
        bounds = [0.5 - share / 2, 0.5 + share / 2]
        if name == "Gaussian process":
            from scipy.stats import norm

            low, high = mean + std * norm.ppf(bounds)[:, None]
        else:
            low, high = (models[name][1](models[name][0], X[test], bounds)).T
        inside.append(np.mean((low <= y[test]) & (y[test] <= high)))
    ax.plot(shares, inside, "o-", color=f"C{number}", label=name)
ax.set(xlabel="Share asked for", ylabel="Share of patients inside", xlim=(0, 1), ylim=(0, 1), aspect="equal")
ax.legend()
plt.show()
