"""Sources of the right family, and what transfer from them brings, from ``benchmarks.few_tasks.source_selection``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

PROBLEMS = ["planes", "clusters", "parabolas", "curves"]
CHANCE = {"planes": 1 / 4, "clusters": 1 / 4, "parabolas": 1 / 4, "curves": 1 / 3}
ARMS = {"selected": "the 10 selected", "own_family": "10 of the own family", "random": "10 at random"}


def interval(values):
    return stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)


records = pd.read_csv("benchmarks/results/source_selection.csv")
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained", width_ratios=[1, 1.5])
rows = np.arange(len(PROBLEMS))[::-1]
found = records[records.arm == "right_family"].groupby("problem").score
left.errorbar(found.mean()[PROBLEMS], rows, xerr=found.apply(interval)[PROBLEMS], fmt="o", capsize=3, label="found")
left.plot([CHANCE[name] for name in PROBLEMS], rows, "|", color="gray", markersize=14, label="by chance")
left.set_yticks(rows, PROBLEMS)
left.set(xlabel="Share of the own family among the 10", xlim=(0, 1.04), ylim=(-0.5, 3.5))
left.legend(fontsize="small", loc="center left", bbox_to_anchor=(0.4, 0.5))
wide = records.pivot_table(index=["problem", "seed"], columns="arm", values="score")
for k, (arm, name) in enumerate(ARMS.items()):
    ahead = (wide[arm] - wide["all_longer"]).dropna().groupby("problem")
    right.errorbar(
        ahead.mean()[PROBLEMS], rows + 0.2 * (1 - k), xerr=ahead.apply(interval)[PROBLEMS], fmt="osD"[k], capsize=3,
        label=name,
    )  # fmt: skip
right.axvline(0, color="gray", linestyle=":", linewidth=1)
right.set_yticks(rows, [])
right.set(xlabel="R\N{SUPERSCRIPT TWO} (clusters: accuracy) ahead of all sources", ylim=(-0.5, 3.5))
right.legend(fontsize="small", loc="lower right", title="then trained on", title_fontsize="small")
plt.show()
