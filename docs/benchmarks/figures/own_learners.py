"""This library's learners on new tasks of real tables, from ``benchmarks.related_tables.two_questions``."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

SHOWN = ["TaskMixture", "BayesianHead", "NeuralProcess", "MAML", "FineTune", "MixedLM slopes"]
records = pd.read_csv("benchmarks/results/related_tables.csv")
records = records[(records.kind == "regression") & (records.question == "new") & (records.metric == "rmse")]
first = records[records.fold == records.fold.min()]
mean = first.groupby(["set", "shots", "method"]).value.mean().unstack()
relative = mean[SHOWN].div(mean[["pooled linear", "pooled trees"]].min(axis=1), axis=0).dropna()
sets = relative.groupby("set").size()
relative = relative.loc[sets[sets == sets.max()].index]  # the sets on which all have answered at every K
logs = np.log(relative.clip(lower=1e-6)).groupby("shots").mean()
fig, ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
for marker, method in zip("osD^vP", SHOWN):
    style = {"linewidth": 2.5} if method == "TaskMixture" else {"linewidth": 1.2}
    style |= {"linestyle": "--", "color": "gray"} if method == "MixedLM slopes" else {}
    ax.plot(logs.index, np.exp(logs[method]), marker=marker, label=method, **style)
ax.axhline(1, color="gray", linestyle=":", linewidth=1)
ax.set(xlabel="Rows shown of a new task", ylabel="Error over the better pooled model's", xticks=logs.index)
ax.set_title(f"geometric mean over {relative.index.get_level_values('set').nunique()} sets", fontsize="medium")
ax.legend(fontsize="small", ncols=2)
plt.show()
