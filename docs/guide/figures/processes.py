"""What a step of training costs one process and each of two, from ``benchmarks.scale.scale_out``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

records = pd.read_csv("benchmarks/results/scale_out_training.csv")
slower = records.groupby(["kind", "batch_size", "processes", "round"]).wall.max()
milliseconds = 1000 * slower.groupby(["kind", "batch_size", "processes"]).median().unstack("processes")
rows = np.arange(len(milliseconds))
fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.barh(rows + 0.2, milliseconds[1], height=0.36, label="one process")
ax.barh(rows - 0.2, milliseconds[2], height=0.36, label="two")
ax.set_yticks(rows, [f"{kind}, {size} tasks" for kind, size in milliseconds.index], fontsize="small")
ax.set(xscale="log", xlabel="Milliseconds a step, by the clock on the wall")
ax.legend(fontsize="small")
plt.show()
