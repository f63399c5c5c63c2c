"""
Classifiers on moons, circles, lines and spirals
================================================

The comparison that scikit-learn's users know, with two of this library's classifiers beside nearest neighbours, a
forest and a support vector machine. Each sees 60 rows; the number in the corner is its accuracy on 400 others.

:class:`~skmeta.InContextClassifier` comes meta-trained and trains nothing. :class:`~skmeta.ProtoNetClassifier` learns
from the 60 rows alone, as the others do: pictures in a plane are not what it was made for, and it shows.

Data: made up.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_circles, make_classification, make_moons
from sklearn.ensemble import RandomForestClassifier
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skmeta import InContextClassifier, ProtoNetClassifier


def spirals(n, random_state=0):
    rng = np.random.default_rng(random_state)
    y = rng.integers(2, size=n)
    turn = rng.uniform(0.5, 2.2, size=n) * np.pi
    X = np.stack([turn * np.cos(turn + np.pi * y), turn * np.sin(turn + np.pi * y)], axis=1) / 4
    return X + 0.1 * rng.normal(size=X.shape), y


problems = {
    "moons": make_moons(460, noise=0.3, random_state=0),
    "circles": make_circles(460, noise=0.2, factor=0.5, random_state=1),
    "lines": make_classification(
        460, n_features=2, n_redundant=0, n_clusters_per_class=1, class_sep=0.8, random_state=1
    ),
    "spirals": spirals(460),
}
models = {
    "InContextClassifier": InContextClassifier(),
    "ProtoNetClassifier": ProtoNetClassifier(random_state=0),
    "KNeighborsClassifier": KNeighborsClassifier(),
    "RandomForestClassifier": RandomForestClassifier(random_state=0),
    "SVC": SVC(),
}

# %%

fig, axes = plt.subplots(len(problems), len(models), figsize=(11, 8.6), layout="constrained")
points = ListedColormap(["#D55E00", "#0072B2"])
for i, (row, (problem, (X, y))) in enumerate(zip(axes, problems.items())):
    for ax, (name, model) in zip(row, models.items()):
        model.fit(X[:60], y[:60])
        DecisionBoundaryDisplay.from_estimator(
            model, X, ax=ax, grid_resolution=40, cmap="RdBu", alpha=0.7, eps=0.4,
            response_method="decision_function" if name == "SVC" else "predict_proba",
        )  # fmt: skip
        ax.scatter(*X[:60].T, c=y[:60], cmap=points, s=14, edgecolors="white", linewidths=0.4)
        ax.text(
            0.97, 0.03, f"{model.score(X[60:], y[60:]):.2f}".lstrip("0"), transform=ax.transAxes, ha="right",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
        ax.set(xticks=(), yticks=(), xlabel="", ylabel="")
        if i == 0:
            ax.set_title(name, fontsize=10)
    row[0].set_ylabel(problem)
plt.show()
