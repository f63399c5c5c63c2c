"""How many times as fast a training step is as the reference's, from the records of ``benchmarks.speed.all``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

CASES = {
    "maml_step_sinusoid_5_steps": "MAML, sine waves,\n5 inner steps",
    "maml_step_tabular_16_tasks": "MAML, tables,\n16 tasks",
    "maml_step_tabular_64_tasks": "MAML, tables,\n64 tasks",
    "prototypes_step_16_tasks": "prototypes,\n16 tasks",
    "prototypes_step_64_tasks": "prototypes,\n64 tasks",
    "ridge_head_64_tasks": "ridge heads,\n64 tasks",
}
KINDS = {"skmeta, native kernel": "with the kernel in C", "skmeta": "torch alone", "higher": "higher", "jax": "JAX"}
records = pd.read_csv("benchmarks/results/speed.csv")
cases = [case for case in CASES if case in set(records.case)]
fig, ax = plt.subplots(figsize=(9.5, 4.2), layout="constrained")
for k, (kind, name) in enumerate(KINDS.items()):
    rows = records[records.implementation == kind].drop_duplicates("case").set_index("case").reindex(cases)
    ends = np.abs(rows[["low", "high"]].to_numpy().T - rows.times_faster.to_numpy())
    ax.bar(np.arange(len(cases)) + 0.2 * (k - 1.5), rows.times_faster, width=0.19, yerr=ends, label=name, capsize=2)
ax.axhline(1, color="black", linewidth=1)
ax.set_xticks(range(len(cases)), [CASES[case] for case in cases], fontsize=8.5)
ax.set(ylabel="Times as fast as learn2learn\n(heads: as a loop over tasks)", yscale="log")
ax.set_yticks([0.5, 1, 2, 5, 10, 20, 50], ["0.5", "1", "2", "5", "10", "20", "50"])
ax.minorticks_off()
ax.legend(fontsize="small", ncols=4, loc="upper right", bbox_to_anchor=(1, 1.12))
plt.show()
