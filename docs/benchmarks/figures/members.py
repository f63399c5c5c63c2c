"""What a task mixture loses without a member, from the records of ``benchmarks.related_tables.ablation``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

QUESTIONS = {
    ("regression", "new"): "numbers, new tasks", ("regression", "known"): "numbers, known tasks",
    ("classification", "new"): "classes, new tasks", ("classification", "known"): "classes, known tasks",
}  # fmt: skip
NAMES = {
    "task curves": "all curves", "task intercept": "all intercepts", "task slopes": "all slopes",
    "SplineTransformer LeaveOneOutRidge": "ridge on splines", "with the task": "boosting with the task",
    "LogisticRegression": "logistic regression", "HistGradientBoostingRegressor": "boosting",
    "HistGradientBoostingClassifier": "boosting", "PowerLaw": "product of powers", "mean": "the mean (class shares)",
    "MixedRidge": "fixed effects of a mixed model", "LeaveOneOutRidge": "ridge regression",
    "correction": "the correction", "own": "the task's own model", "correction+own": "correction and own model",
    "correction+own+ridge": "correction, own model and ridge",
}  # fmt: skip
records = pd.read_csv("benchmarks/results/related_tables_ablation.csv")
records["without"] = records.without.replace(NAMES)
per_set = np.log(records.ratio).groupby([records.kind, records.question, records.without, records.set]).mean()
most = per_set.groupby(level=["kind", "question", "without"]).mean().groupby("without").max().sort_values()
rows = {name: row for row, name in enumerate(most.index)}
rng = np.random.default_rng(0)
fig, axes = plt.subplots(1, 2, figsize=(10, 0.3 * len(rows) + 1.2), layout="constrained", sharey=True)
for ax, kind in zip(axes, ("regression", "classification")):
    for (of_kind, question), marker, shift in zip(QUESTIONS, "osos", (0.12, -0.12, 0.12, -0.12)):
        if of_kind != kind:
            continue
        for name, logs in per_set.loc[kind, question].groupby("without"):
            means = rng.choice(logs.to_numpy(), (1000, len(logs))).mean(axis=1)
            low, middle, high = 100 * np.expm1([np.quantile(means, 0.025), logs.mean(), np.quantile(means, 0.975)])
            color = "C0" if question == "new" else "C1"
            ax.plot([low, high], [rows[name] + shift] * 2, color=color, linewidth=1.2)
            ax.plot(middle, rows[name] + shift, marker, color=color, markersize=4)
        ax.plot([], [], marker, color=color, label=QUESTIONS[kind, question])
    ax.axvline(0, color="gray", linestyle=":", linewidth=1)
    ax.legend(fontsize="small", loc="lower right")
axes[0].set_yticks(range(len(rows)), rows, fontsize=9)
fig.supxlabel("Percent of loss more without the member, 95% intervals over sets", fontsize="medium")
plt.show()
