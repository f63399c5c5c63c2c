"""Few labelled rows, many unlabelled ones: gain over class means, from ``benchmarks.few_tasks.few_shot_tables``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SHOWN = {
    "1 nearest neighbour": "nearest neighbour",
    "logistic regression, standardised": "logistic regression",
    "InContext": "in-context",
    "ProtoNet, pseudo-tasks": "ProtoNet on pseudo-tasks",
    "ProtoNet, pseudo-tasks, logistic": "logistic regression in its space",
}
records = pd.read_csv("benchmarks/results/few_shot_tables.csv").query("seed == 0")
accuracy = records.pivot_table(index=["table", "shots"], columns="method", values="accuracy")
gain = 100 * accuracy[list(SHOWN)].sub(accuracy["class means"], axis=0)
fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained", sharey=True)
for ax, (shots, of_shots) in zip(axes, gain.groupby("shots")):
    for row, method in enumerate(reversed(SHOWN)):
        ax.scatter(of_shots[method], np.full(len(of_shots), row), s=12, color="gray", alpha=0.6)
        ax.scatter(of_shots[method].mean(), row, marker="D", color="C0", zorder=3)
    ax.axvline(0, color="gray", linestyle=":", linewidth=1)
    ax.set_title(f"{shots} labelled row{'s' * (shots > 1)} a class", fontsize="medium")
axes[0].set_yticks(range(len(SHOWN)), list(reversed(SHOWN.values())))
fig.supxlabel("Points of accuracy above class means: dots are tables, diamonds their mean", fontsize="medium")
plt.show()
