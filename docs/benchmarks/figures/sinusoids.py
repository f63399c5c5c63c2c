"""Every regressor on the same sine waves, from the records of ``benchmarks.reproductions.sinusoid_meta_sgd``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/sinusoid_meta_sgd.csv").query("training_tasks == 20000")
errors = records.pivot_table(index="method", columns="test_shots", values="mse").sort_values(10, ascending=False)
halves = records.pivot_table(index="method", columns="test_shots", values="interval_95").loc[errors.index]
fig, ax = plt.subplots(figsize=(8, 5.2), layout="constrained")
y = np.arange(len(errors))
for shots, marker, offset in ((5, "o", 0.18), (10, "s", 0.0), (20, "^", -0.18)):
    ax.errorbar(
        errors[shots], y + offset, xerr=halves[shots], fmt=marker, capsize=2, markersize=5, label=f"{shots} rows shown"
    )
ax.set_yticks(y, errors.index)
ax.set(xscale="log", xlabel="Mean squared error, 600 new waves (less is better)")
ax.grid(axis="x", alpha=0.3)
ax.legend(fontsize="small")
plt.show()
