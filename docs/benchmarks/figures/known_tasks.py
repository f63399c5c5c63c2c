"""Hidden rows of known tasks: error over the better pooled model's, set by set, from ``benchmarks.related_tables``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SHOWN = ["TaskMixture", "MixedLM slopes", "per-group linear", "trees with task", "MixedLM intercept",
         "GroupedPredictor", "per-group neighbours"]  # fmt: skip
records = pd.read_csv("benchmarks/results/related_tables.csv").query("question == 'known' and metric == 'rmse'")
mean = records.groupby(["set", "method"]).value.mean().unstack()
relative = mean.div(mean[["pooled linear", "pooled trees"]].min(axis=1), axis=0)
shown = [method for method in SHOWN if method in relative]
jitter = np.random.default_rng(0).uniform(-0.15, 0.15, len(relative))
fig, ax = plt.subplots(figsize=(9, 4), layout="constrained")
for row, method in enumerate(reversed(shown)):
    values = relative[method]
    ax.scatter(values, row + jitter, s=12, color="gray", alpha=0.6)
    ax.scatter(np.exp(np.log(values[values > 0]).mean()), row, marker="D", color="C0", zorder=3)
ax.axvline(1, color="gray", linestyle=":", linewidth=1)
ax.set_yticks(range(len(shown)), reversed(shown))
ax.set(xscale="log", xlim=(0.05, 4), xlabel="Error over the better pooled model's: dots are sets, diamonds their mean")
ax.set_xticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
plt.show()
