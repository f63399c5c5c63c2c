"""Error over the better pooled model's, by rows shown, from ``benchmarks.related_tables.two_questions``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SHOWN = ["TaskMixture", "MixedLM slopes", "trees with task", "per-group linear", "pooled trees"]
records = pd.read_csv("benchmarks/results/related_tables.csv")
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, kind, metric, title in (
    (axes[0], "regression", "rmse", "numbers: error"),
    (axes[1], "classification", "log_loss", "classes: log-loss"),
):
    of_kind = records[(records.kind == kind) & (records.question == "new") & (records.metric == metric)]
    mean = of_kind.groupby(["set", "shots", "method"]).value.mean().unstack()
    relative = mean.div(mean[["pooled linear", "pooled trees"]].min(axis=1), axis=0)
    for marker, method in zip("osD^v", SHOWN):
        if method in relative:
            logs = np.log(relative[method].dropna().replace(0, np.nan).dropna()).groupby("shots").mean()
            width = 2.5 if method == "TaskMixture" else 1.2
            ax.plot(logs.index, np.exp(logs), marker=marker, linewidth=width, label=method)
    ax.axhline(1, color="gray", linestyle=":", linewidth=1)
    shots = sorted(of_kind.shots.unique())
    ax.set(xlabel="Rows shown of a new task", title=f"{title}, over the better pooled model", ylim=(0.4, 1.5))
    ax.set_xticks(shots)
axes[0].set_ylabel("Geometric mean over sets")
axes[0].legend(fontsize="small")
plt.show()
