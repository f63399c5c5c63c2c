"""In-context estimators beside baselines, from the records of ``benchmarks.in_context.report``."""

import matplotlib.pyplot as plt
import pandas as pd

NAMES = {
    "ours": "in-context", "forest": "random forest", "logistic_tuned": "logistic regression, tuned",
    "boosting": "boosted trees", "knn_tuned": "nearest neighbours, tuned", "ridge": "ridge, tuned",
}  # fmt: skip
records = pd.read_csv("benchmarks/results/in_context_summary.csv").query("tables == 'all'")
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, kind, metric, label in (
    (axes[0], "classification", "log_loss", "Mean log-loss, 62 tables (less is better)"),
    (axes[1], "regression", "r2", "Mean R\N{SUPERSCRIPT TWO}, 32 tables (more is better)"),
):
    of_kind = records[records.kind == kind]
    for marker, (model, name) in zip("o^sDvP", NAMES.items()):
        curve = of_kind[of_kind.model == model].sort_values("n")
        if len(curve):
            width = 2.5 if model == "ours" else 1.2
            ax.plot(curve.n, curve[metric], marker=marker, markersize=5, linewidth=width, label=name)
            if model == "ours":
                half = curve[f"{metric}_ci95"]
                ax.fill_between(curve.n, curve[metric] - half, curve[metric] + half, alpha=0.15, linewidth=0)
    sizes = sorted(of_kind.n.unique())
    ax.set(xscale="log", xlabel="Labelled rows", ylabel=label)
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
    ax.legend(fontsize="small")
axes[0].set_ylim(0.3, 1.5)
axes[1].set_ylim(0, 0.8)
plt.show()
