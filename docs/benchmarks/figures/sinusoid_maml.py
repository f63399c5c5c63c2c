"""Sine waves by MAML's protocol: error by steps, from the records of ``benchmarks.reproductions.sinusoid_maml``."""

import matplotlib.pyplot as plt
import pandas as pd

PUBLISHED = {"MAML, published": (0.67, 0.38, 0.35), "pretrained, published": (2.41, 2.23, 2.19)}
records = pd.read_csv("benchmarks/results/sinusoid_maml.csv")
longest = records[records.iterations == records.groupby(["method", "seed"]).iterations.transform("max")]
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for method, marker in (("MAML, published start", "o"), ("pretrained", "s")):
    of_method = longest[longest.method == method].query("steps in (1, 5, 10)")
    for seed, curve in of_method.groupby("seed"):
        name = f"{method.split(',')[0]}, seed {seed}"
        ax.errorbar(curve.steps, curve.mse, curve.interval_95, marker=marker, capsize=3, linewidth=1.2, label=name)
for (name, errors), marker in zip(PUBLISHED.items(), "DP"):
    ax.plot((1, 5, 10), errors, marker, mfc="none", color="black", label=name)
ax.set(
    xlabel="Gradient steps on five points of a new wave", ylabel="Mean squared error", xticks=(1, 5, 10), ylim=(0, 2.8)
)
ax.legend(fontsize="small", loc="center right")
plt.show()
