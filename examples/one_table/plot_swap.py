"""
The swap, with cells missing
============================

:class:`~skmeta.InContextClassifier` takes the place of ``KNeighborsClassifier`` in a notebook: one word changes. It was
meta-trained beforehand, on made-up tables only (:class:`~skmeta.tasks.prior.TablePrior`), so ``fit`` trains nothing;
and it reads missing cells and columns of any scale as they are.

Data: the wine recognition data that come with scikit-learn.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import InContextClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
models = {
    "nearest neighbours": make_pipeline(SimpleImputer(), StandardScaler(), KNeighborsClassifier()),
    "InContextClassifier": InContextClassifier(),
}

# %%
# Two columns, one cell in five missing
# -------------------------------------
# Sixty bottles are known. The colours are the chances of the three vineyards: neighbours jump from one certainty to
# another, the in-context classifier fades where rows are few.

two = X[["flavanoids", "color_intensity"]]
holes = two.mask(np.random.default_rng(0).random(two.shape) < 0.2)
known = np.random.default_rng(1).permutation(len(y))[:60]

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True, sharey=True)
for ax, (name, model) in zip(axes, models.items()):
    model.fit(holes.iloc[known], y.iloc[known])
    DecisionBoundaryDisplay.from_estimator(
        model, two, response_method="predict_proba", ax=ax, grid_resolution=60, alpha=0.7,
        multiclass_colors=["#0072B2", "#D55E00", "#009E73"],
    )  # fmt: skip
    colours = np.array(["#0072B2", "#D55E00", "#009E73"])[y.iloc[known]]
    ax.scatter(*two.iloc[known].to_numpy().T, c=colours, edgecolors="white", s=30)
    ax.set_title(name)
plt.show()

# %%
# How much is it worth?
# ---------------------
# All thirteen columns, a fifth of the cells missing, 20 to 100 bottles known, fifteen random splits each. Log-loss asks
# whether the stated chances are right; the interval is that of the mean over splits.

sizes, losses = [20, 40, 70, 100], {name: [] for name in models}
holes = X.mask(np.random.default_rng(0).random(X.shape) < 0.2)
for size in sizes:
    splits = StratifiedShuffleSplit(15, train_size=size, random_state=0)
    for name, model in models.items():
        losses[name].append(
            [
                log_loss(y.iloc[test], model.fit(holes.iloc[train], y.iloc[train]).predict_proba(holes.iloc[test]))
                for train, test in splits.split(holes, y)
            ]
        )

fig, ax = plt.subplots(figsize=(6, 3.6))
for name, scores in losses.items():
    mean, half = np.mean(scores, axis=1), 1.96 * np.std(scores, axis=1, ddof=1) / np.sqrt(15)
    ax.errorbar(sizes, mean, half, marker="o", capsize=3, label=name)
    print(f"{name:20s}", " ".join(f"{n} rows: {m:.2f}" for n, m in zip(sizes, mean)))
ax.set(xlabel="Bottles known", ylabel="Log-loss on the others (less is better)", ylim=(0, None), xticks=sizes)
ax.legend()
plt.show()
