"""
Which regressor suits these tasks?
==================================

The regressors, on the same tasks and rows, by :func:`~skmeta.model_selection.compare`, beside scikit-learn's, which
learn from what each task shows and from nothing else.

Data: made up. Every task is a quadratic function of three variables, and all share a few quadratic forms. Training is
kept very short, so this is no verdict: give each its defaults, and your own tasks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor

from skmeta import (
    BayesianHeadRegressor,
    FineTuneTransferRegressor,
    HyperNetRegressor,
    InContextRegressor,
    LearnedOptimizerRegressor,
    MAMLRegressor,
    MetaKNeighborsRegressor,
    MetaOptNetRegressor,
    MultiTaskRegressor,
    NeuralProcessRegressor,
    RecurrentRegressor,
    ReptileRegressor,
    WeightAverageTransferRegressor,
)
from skmeta.datasets import make_few_shot_regression
from skmeta.inspection import ComparisonDisplay
from skmeta.model_selection import compare

tasks = make_few_shot_regression(230, family="quadratic", n_features=3, n_shots=25, n_query=25, random_state=0)
short = {"max_epochs": 4, "steps_per_epoch": 25, "batch_size": 8, "random_state": 0}
ours = [
    BayesianHeadRegressor, MetaOptNetRegressor, MAMLRegressor, ReptileRegressor, LearnedOptimizerRegressor,
    NeuralProcessRegressor, RecurrentRegressor, HyperNetRegressor, FineTuneTransferRegressor, MultiTaskRegressor,
    MetaKNeighborsRegressor,
]  # fmt: skip
models = {cls.__name__: cls(**short) for cls in ours}
models["WeightAverageTransferRegressor"] = WeightAverageTransferRegressor(n_sources=8, **short)
models["InContextRegressor"] = InContextRegressor(max_epochs=0)  # comes trained, and stays as it is
models |= {
    "RidgeCV": RidgeCV(),
    "KNeighborsRegressor": KNeighborsRegressor(3),
    "RandomForestRegressor": RandomForestRegressor(50, random_state=0),
}

# %%
# 200 tasks to learn from, 30 to answer after 5 and after 20 rows.

table = compare(
    models, tasks, n_shots=[5, 20], cv=[(np.arange(200), np.arange(200, 230))], n_repeats=1, reference="RidgeCV"
)
print(table.loc[(slice(None), 20), ["mean", "difference", "fit_seconds"]].round(3).to_string())

# %%
# The best five after twenty rows, and ridge regression, as :class:`~skmeta.inspection.ComparisonDisplay` draws them:

best = [*table.xs(20, level="n_shots")["mean"].sort_values(ascending=False).index[:5], "RidgeCV"]
display = ComparisonDisplay(table.loc[list(dict.fromkeys(best))], metric="R2").plot()
display.figure_.set_size_inches(7, 4.2)
display.ax_.set_ylim(-0.5, 1.02)
plt.show()
