"""
Credit risk at a new branch
===========================

A bank opens branches. Who pays back depends on income and debts everywhere, on the town a little, and on columns of all
kinds with holes in them. :class:`~skmeta.TaskMixtureClassifier` takes the table as it is, with the branch as the task
column: known branches are answered by what they have shown, new ones by what is common.

Data: made up: 24 branches of 25 customers, numbers, categories and missing cells.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmeta import TableEncoder, TaskKFold, TaskMixtureClassifier

rng = np.random.default_rng(0)
n_branches, n_customers = 24, 25
branch = np.repeat([f"branch {i:02}" for i in range(n_branches)], n_customers)
table = pd.DataFrame(
    {
        "branch": branch,
        "income": rng.lognormal(7.5, 0.5, len(branch)).round(),
        "debts": rng.exponential(2000, len(branch)).round(),
        "housing": rng.choice(["rents", "owns", "family"], len(branch)),
        "years employed": rng.exponential(5, len(branch)).round(1),
    }
)
town, weight = (
    np.repeat(1.2 * rng.normal(size=n_branches), n_customers),
    np.repeat(1 + 0.8 * rng.normal(size=n_branches), n_customers),
)
risk = (
    town - 1.2 * (np.log(table["income"]) - 7.5) + weight * (table["debts"] / 2000 - 1)
    + 0.5 * (table["housing"] == "rents") - 0.1 * table["years employed"]
)  # fmt: skip
default = np.where(rng.random(len(branch)) < 1 / (1 + np.exp(-risk)), "defaults", "pays")
table.loc[rng.random(len(branch)) < 0.15, "income"] = np.nan
print(table.head(3))

# %%
# Whole branches are left out, and a few of their customers shown. The usual models have the same rows, and know no
# branches: as one more category a branch of no or few customers would tell them nothing.

models = {
    "TaskMixtureClassifier": TaskMixtureClassifier(random_state=0),
    "boosted trees": make_pipeline(TableEncoder(), HistGradientBoostingClassifier(max_iter=40, random_state=0)),
    "logistic regression": make_pipeline(TableEncoder(), LogisticRegression(max_iter=1000)),
}
shown, losses = [0, 5, 15], {name: [] for name in models}
for n in shown:
    per_fold = {name: [] for name in models}
    for train, test in TaskKFold(2, n_shots=n, random_state=0).split(table, groups=branch):
        for name, model in models.items():
            rows, asked = table.iloc[train], table.iloc[test]
            if name.startswith("Task"):
                chances = model.fit(rows, default[train], task="branch").predict_proba(asked, task="branch")
            else:
                rows, asked = rows.drop(columns="branch"), asked.drop(columns="branch")
                chances = model.fit(rows, default[train]).predict_proba(asked)
            of_truth = chances[np.arange(len(test)), (default[test] == "pays").astype(int)]
            per_fold[name].append(pd.Series(-np.log(of_truth)).groupby(branch[test]).mean())
    for name, parts in per_fold.items():
        values = pd.concat(parts)
        losses[name].append((values.mean(), 1.96 * values.std() / np.sqrt(len(values))))

fig, ax = plt.subplots(figsize=(6.6, 4))
for (name, points), marker in zip(losses.items(), "os^"):
    mean, half = np.transpose(points)
    ax.errorbar(shown, mean, half, marker=marker, capsize=3, label=name)
    print(f"{name:24s}", " ".join(f"{n}: {m:.3f}" for n, m in zip(shown, mean)))
ax.axhline(np.log(2), color="gray", linestyle=":", label="a coin")
ax.set(xlabel="Customers of the new branch that are known", ylabel="Log-loss, mean over branches")
ax.set_xticks(shown)
ax.legend(fontsize="small")
plt.show()
