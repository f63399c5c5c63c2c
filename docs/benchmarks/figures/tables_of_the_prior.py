"""Six synthetic tables: the two columns that go most with the class, coloured by it."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import rankdata
from sklearn.feature_selection import mutual_info_classif

from skmeta.tasks.prior import TablePrior

tables = TablePrior("classification", n_features=8, n_support=200, n_query=10, missing=False)
fig, axes = plt.subplots(2, 3, figsize=(9, 5.5), layout="constrained")
for ax, task in zip(axes.flat, tables.sample(6, random_state=3)):
    X = np.nan_to_num(np.asarray(task.X, float))
    first, second = np.argsort(-mutual_info_classif(X, task.y, random_state=0))[:2]
    x, y = (rankdata(X[:, column]) + np.random.default_rng(0).uniform(-4, 4, len(X)) for column in (first, second))
    ax.scatter(x, y, c=np.unique(task.y, return_inverse=True)[1], s=12, cmap="viridis")
    ax.set(xticks=[], yticks=[], title=f"{len(np.unique(task.y))} classes")
fig.supxlabel("Rank in the column that says most")
fig.supylabel("Rank in the next")
plt.show()
