"""Classes never seen, in tables and texts: gain over the centroid, from ``benchmarks.defaults.class_splits``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/class_splits.csv")
mean = records.groupby(["table", "shots", "method"]).accuracy.mean().unstack()
gain = 100 * mean.sub(mean["nearest centroid"], axis=0).drop(columns="nearest centroid")
gain = gain[[method for method in gain if gain[method].notna().sum() >= 0.7 * len(gain)]]
order = gain.mean().sort_values().index
shots = sorted(records.shots.unique())
fig, axes = plt.subplots(1, len(shots), figsize=(10, 0.32 * len(order) + 1.4), sharey=True, layout="constrained")
for ax, n in zip(np.atleast_1d(axes), shots):
    of_shots = gain.xs(n, level="shots")[order]
    for y, method in enumerate(order):
        ax.plot(of_shots[method], np.full(len(of_shots), y), ".", color="gray", alpha=0.6)
    ax.plot(of_shots.mean(), np.arange(len(order)), "D", color="C0", markersize=6)
    ax.axvline(0, color="black", linewidth=1)
    ax.set(title=f"{n} row{'s' * int(n > 1)} a class", xlabel="Points of accuracy above the nearest centroid")
    ax.grid(axis="x", alpha=0.3)
np.atleast_1d(axes)[0].set_yticks(np.arange(len(order)), order, fontsize=9)
plt.show()
