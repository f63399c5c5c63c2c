"""Where the in-context classifier loses: log-loss over the best other model's, from ``benchmarks.in_context``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/in_context_classification.csv")
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", sharey=True)
for ax, n in zip(axes, (50, 200)):
    mean = records[records.n == n].groupby(["table", "model"]).log_loss.mean().unstack()
    best = mean.drop(columns="ours").min(axis=1)
    ratio = (mean["ours"] / best).dropna().sort_values()
    ax.bar(np.arange(len(ratio)), ratio - 1, bottom=1, color=np.where(ratio > 1.02, "C1", "C0"), width=0.8)
    ax.axhline(1, color="black", linewidth=1)
    ax.set(
        title=f"{n} rows: more than 2% behind on {sum(ratio > 1.02)} of {len(ratio)} tables",
        xticks=(),
        xlabel="Tables, from the best to the worst",
        yscale="log",
    )
    ax.set_yticks([0.5, 0.7, 1, 1.4], ["0.5", "0.7", "1", "1.4"])
    ax.minorticks_off()
axes[0].set_ylabel("Log-loss over that of the\nbest of all others, table by table")
plt.show()
