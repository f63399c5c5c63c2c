"""Omniglot without convolution beside what is published, from ``benchmarks.reproductions.omniglot_no_conv``."""

import matplotlib.pyplot as plt
import pandas as pd

records = pd.read_csv("benchmarks/results/omniglot_no_conv.csv")
records["tasks"] = records.iterations * records.batch_size
PUBLISHED = {"MAML 1-shot": (89.7, "MAML, one shot"), "MAML 5-shot": (97.5, "MAML, five shots")}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained", sharey=True)
for ax, (method, (published, title)) in zip(axes, PUBLISHED.items()):
    for (steps, of_steps), marker in zip(records[records.method == method].groupby("adapt_steps"), "os"):
        curve = of_steps.sort_values("tasks")
        label = f"{steps} step{'s' * (steps > 1)} at test"
        ax.errorbar(curve.tasks, 100 * curve.accuracy, 100 * curve.interval_95, marker=marker, capsize=3, label=label)
    ax.axhline(published, color="gray", linestyle=":", linewidth=1, label="published, transductive")
    ax.axhline(20, color="lightgray", linestyle="--", linewidth=1, label="chance")
    ax.set(title=title, xlabel="Tasks of training (published: 1,920,000)", xscale="log", ylim=(0, 103))
    sizes = sorted(records[records.method == method].tasks.unique())
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
    ax.legend(fontsize="small", loc="lower right")
axes[0].set_ylabel("Accuracy in percent, 5 ways")
plt.show()
