"""One-shot runs of Lake et al., from the records of ``benchmarks.reproductions.omniglot_oneshot``."""

import matplotlib.pyplot as plt
import pandas as pd

records = pd.read_csv("benchmarks/results/omniglot_oneshot.csv")
longest = records.loc[records.groupby("method").episodes.idxmax()].sort_values("accuracy")
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
rows = range(len(longest))
ax.errorbar(100 * longest.accuracy, rows, xerr=100 * longest.interval_95, fmt="o", capsize=3)
ax.axvline(5, color="gray", linestyle=":", linewidth=1)
ax.annotate("chance", (5, 0), xytext=(4, 0), textcoords="offset points", fontsize="small", color="gray")
ax.set_yticks(rows, longest.method)
ax.set(xlabel="Percent right of 20 characters, from one drawing of each", xlim=(0, 100))
ax.grid(axis="x", alpha=0.3)
plt.show()
