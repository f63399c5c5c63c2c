"""How many times as fast a program in ONNX answers, from the records of ``benchmarks.speed.serving``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/serving.csv").query("implementation == 'onnx'")
cases = list(dict.fromkeys(records.case))[::-1]
fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for (_, of_size), shift, label in zip(records.groupby("n_rows"), (0.2, -0.2), ("one row", "1,000 rows")):
    of_size = of_size.set_index("case").loc[cases]
    ends = np.abs(of_size[["low", "high"]].to_numpy().T - of_size.times_faster.to_numpy())
    ax.barh(np.arange(len(cases)) + shift, of_size.times_faster, 0.36, xerr=ends, label=label, capsize=2)
ax.axvline(1, color="black", linewidth=1)
ax.set_yticks(range(len(cases)), cases)
ax.set(xlabel="Times as fast as the estimator, one thread", xlim=(0, 15))
ax.legend(fontsize="small", loc="center right")
plt.show()
