"""One table by defaults: log-loss less that of tuned logistic regression, from ``benchmarks.defaults.drop_in``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/drop_in_classification.csv")
loss = records.pivot_table(index=["rows", "table"], columns="model", values="log_loss")
difference = loss.sub(loss["tuned logistic"], axis=0).drop(columns="tuned logistic")
models = list(difference.groupby("rows").mean().loc[50].sort_values(ascending=False).index)
sizes = sorted({50, 200} & set(difference.index.get_level_values("rows")))
fig, axes = plt.subplots(1, len(sizes), figsize=(9, 3.4), layout="constrained", sharey=True)
for ax, rows in zip(axes, sizes):
    for place, model in enumerate(models):
        values = difference.loc[rows, model].dropna()
        ax.scatter(values, np.full(len(values), place), s=12, color="gray", alpha=0.6)
        ax.scatter(values.mean(), place, marker="D", color="C0", zorder=3)
    ax.axvline(0, color="gray", linestyle=":", linewidth=1)
    ax.set_title(f"{rows} rows", fontsize="medium")
    ax.set_xlim(-0.6, 0.9)
axes[0].set_yticks(range(len(models)), models)
fig.supxlabel(
    "Log-loss less that of tuned logistic regression: dots are tables, diamonds their mean", fontsize="medium"
)
plt.show()
