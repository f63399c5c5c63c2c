"""
Which question does your cross-validation ask?
==============================================

One table, one model, four answers to "how good is it?". Shuffled rows of known tasks, whole new tasks, new tasks of
which three rows are known, five rows of every task: the splitter decides which question is asked, and the answers are
far apart.

Data: made up. Thirty sites whose level and slope differ. (:func:`~skmeta.datasets.make_related_tables` makes such
tables, with categories and missing cells if wanted; a folder of your own is read by
:func:`~skmeta.datasets.list_local_tables` and :func:`~skmeta.datasets.load_local_table`.)
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GroupKFold, KFold

from skmeta import KShotSplit, TaskKFold, TaskMixtureRegressor

rng = np.random.default_rng(0)
site = np.repeat(np.arange(30), 15)
table = pd.DataFrame(rng.normal(size=(len(site), 3)), columns=["dose", "age", "weight"])
level, slope = 2 * rng.normal(size=30), 1 + 0.7 * rng.normal(size=30)
y = level[site] + slope[site] * table["dose"] + 0.5 * table["age"] + 0.5 * rng.normal(size=len(site))

questions = {
    "known sites,\nrows not seen\nKFold": KFold(3, shuffle=True, random_state=0),
    "every site,\n5 rows seen\nKShotSplit": KShotSplit(n_shots=5, n_splits=3, random_state=0),
    "new sites,\n3 rows seen\nTaskKFold": TaskKFold(3, n_shots=3, random_state=0),
    "new sites,\nno row seen\nGroupKFold": GroupKFold(3),
}

# %%
# Boosted trees get the site as a column; the mixture gets it as the task.

scores = {"TaskMixtureRegressor": [], "boosted trees, site as a column": []}
for cv in questions.values():
    errors = {name: [] for name in scores}
    for train, test in cv.split(table, groups=site):
        mixture = TaskMixtureRegressor(LinearRegression(), random_state=0)
        mixture.fit(table.iloc[train], y.iloc[train], task=site[train])
        answers = {"TaskMixtureRegressor": mixture.predict(table.iloc[test], task=site[test])}
        trees = HistGradientBoostingRegressor(max_iter=50, random_state=0)
        with_site = table.assign(site=site)
        trees.fit(with_site.iloc[train], y.iloc[train])
        answers["boosted trees, site as a column"] = trees.predict(with_site.iloc[test])
        for name, answer in answers.items():
            errors[name].append(np.sqrt(np.mean((answer - y.iloc[test]) ** 2)))
    for name in scores:
        scores[name].append((np.mean(errors[name]), np.std(errors[name])))

fig, ax = plt.subplots(figsize=(7.5, 4.2))
for k, (name, values) in enumerate(scores.items()):
    mean, spread = np.transpose(values)
    ax.bar(np.arange(4) + 0.4 * (k - 0.5), mean, width=0.38, yerr=spread, capsize=3, label=name)
    print(f"{name:32s}", mean.round(2))
ax.axhline(0.5, color="gray", linestyle=":", linewidth=1, label="noise that nobody can know")
ax.set_xticks(range(4), questions, fontsize=9)
ax.set_ylabel("Error (root mean square), three folds")
ax.legend(fontsize="small")
plt.show()
