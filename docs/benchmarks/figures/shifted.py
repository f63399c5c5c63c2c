"""Outside the range: error over ridge's, coverage of 90% intervals, from ``benchmarks.in_context.shifted``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/in_context_shifted.csv")
laws = records[records.kind == "law"]
names = list(dict.fromkeys(laws.name))
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", sharey=True)
for row, name in enumerate(reversed(names)):
    of_law = laws[laws.name == name]
    left.scatter(of_law.rmse / of_law.ridge_rmse, np.full(len(of_law), row), alpha=0.7, color="C0")
    right.scatter(of_law.coverage_90, np.full(len(of_law), row), alpha=0.7, color="C1")
tables = records[records.kind != "law"]
right.scatter(tables.coverage_90, np.full(len(tables), -1), alpha=0.5, color="gray")
left.set_yticks(range(-1, len(names)), ["real tables, cut in two", *reversed(names)])
left.axvline(1, color="gray", linestyle=":", linewidth=1)
right.axvline(0.9, color="gray", linestyle=":", linewidth=1)
left.set(xlabel="RMSE over ridge's, draw by draw")
right.set(xlabel="Share of truths in the central 90% interval", xlim=(0, 1.02))
plt.show()
