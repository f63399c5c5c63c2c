"""
Are the probabilities honest?
=============================

When a classifier says 80%, it should be right in four of five cases; and among those that are honest the one is better
that dares to say more. Log-loss asks for both. Nearest neighbours speak in fractions of five voters, and when all five
are wrong they were wrong with certainty. :class:`~skmeta.InContextClassifier` errs a little on the side of caution, and
has the smallest log-loss of all.

Data: three tables that come with scikit-learn, many random splits of 50 rows to learn from.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import InContextClassifier

models = {
    "InContextClassifier": InContextClassifier(),
    "nearest neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier()),
    "random forest": RandomForestClassifier(random_state=0),
    "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
    "boosted trees": HistGradientBoostingClassifier(max_iter=50, random_state=0),
}

# %%
# To make the question hard, the target of each table is one class against the rest, and a fifth of the labels of the
# breast cancer and wine tables is replaced by a coin: nobody can be sure of everything there.

tables = []
for load, positive, noisy in ((load_breast_cancer, 1, True), (load_wine, 1, True), (load_digits, 8, False)):
    X, y = load(return_X_y=True)
    y, rng = (y == positive).astype(int), np.random.default_rng(0)
    tables.append((X, np.where(noisy & (rng.random(len(y)) < 0.2), rng.integers(2, size=len(y)), y)))

said, came_true = {name: [] for name in models}, []
for X, y in tables:
    for train, test in StratifiedShuffleSplit(4, train_size=50, test_size=120, random_state=0).split(X, y):
        came_true.append(y[test])
        for name, model in models.items():
            said[name].append(model.fit(X[train], y[train]).predict_proba(X[test])[:, 1])
came_true = np.concatenate(came_true)

# %%
# Points on the diagonal are honest, points that lie above it on the right and below it on the left are too cautious.
# The larger a point, the more often it was said. The number is the log-loss of all answers: guessing one half has 0.69.

bins = np.linspace(0, 1, 9)
fig, axes = plt.subplots(1, len(models), figsize=(12, 3.2), sharey=True, layout="constrained")
for number, (ax, (name, chances)) in enumerate(zip(axes, said.items())):
    p = np.concatenate(chances)
    bin_of = np.clip(np.digitize(p, bins) - 1, 0, len(bins) - 2)
    used = [b for b in range(len(bins) - 1) if np.sum(bin_of == b) >= 10]
    sizes = [np.sum(bin_of == b) for b in used]
    ax.plot([0, 1], [0, 1], ":", color="gray")
    x, share = [p[bin_of == b].mean() for b in used], [came_true[bin_of == b].mean() for b in used]
    ax.plot(x, share, color=f"C{number}")
    ax.scatter(x, share, s=np.sqrt(sizes) * 6, color=f"C{number}", zorder=3)
    q = np.clip(np.where(came_true == 1, p, 1 - p), 1e-15, None)
    loss = -np.mean(np.log(q))
    ax.set(title=f"{name}\nlog-loss {loss:.2f}", xlabel="Chance stated", aspect="equal", xlim=(0, 1), ylim=(0, 1))
    ax.title.set_fontsize(9)
axes[0].set_ylabel("How often it came true")
plt.show()
