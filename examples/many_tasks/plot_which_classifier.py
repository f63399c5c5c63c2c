"""
Which classifier suits these tasks?
===================================

Eighteen learners answer the same question in their own ways. :func:`~skmeta.model_selection.compare` shows all of them
the same tasks and the same rows, ours and scikit-learn's side by side, and says how far each is from a reference, task
by task.

Data: made up. Tasks of five classes in twelve features; what tells classes apart lies in three directions that all
tasks share. Training is kept very short, so this is no verdict: give each its defaults, and your own tasks.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skmeta import (
    FineTuneTransfer,
    HyperNetClassifier,
    InContextClassifier,
    LearnedOptimizerClassifier,
    MAMLClassifier,
    MANNClassifier,
    MatchingNetClassifier,
    MetaKNeighborsClassifier,
    MetaOptNetClassifier,
    MultiTaskClassifier,
    ProtoNetClassifier,
    RecurrentClassifier,
    RelationNetClassifier,
    ReptileClassifier,
    SiameseNetClassifier,
    SimpleShotClassifier,
    TripletNetClassifier,
    WeightAverageTransfer,
)
from skmeta.datasets import make_few_shot_classification
from skmeta.model_selection import compare

tasks = make_few_shot_classification(
    130, n_ways=5, n_shots=12, n_query=0, n_features=12, separation=3.0, random_state=0
)
short = {"max_epochs": 2, "steps_per_epoch": 25, "batch_size": 8, "random_state": 0}
ours = [
    ProtoNetClassifier, SimpleShotClassifier, MatchingNetClassifier, RelationNetClassifier, SiameseNetClassifier,
    TripletNetClassifier, MetaKNeighborsClassifier, MAMLClassifier, ReptileClassifier, LearnedOptimizerClassifier,
    MetaOptNetClassifier, RecurrentClassifier, MANNClassifier, HyperNetClassifier, FineTuneTransfer,
    MultiTaskClassifier,
]  # fmt: skip
models = {cls.__name__: cls(**short) for cls in ours}
models["WeightAverageTransfer"] = WeightAverageTransfer(n_sources=8, **short)
models["InContextClassifier"] = InContextClassifier(max_epochs=0)  # comes trained, and stays as it is
models |= {
    "KNeighborsClassifier": KNeighborsClassifier(1),
    "LogisticRegression": LogisticRegression(),
    "RandomForestClassifier": RandomForestClassifier(50, random_state=0),
}

# %%
# One fold: 100 tasks to learn from, 30 to answer. scikit-learn's estimators learn from what each task shows.

table = compare(
    models, tasks, n_shots=[1, 5], cv=[(np.arange(100), np.arange(100, 130))], n_repeats=1,
    reference="LogisticRegression",
)  # fmt: skip
print(table.loc[(slice(None), 5), ["mean", "difference", "fit_seconds"]].round(3).to_string())

# %%

few, many = (table.xs(n, level="n_shots") for n in (1, 5))
order = many["mean"].sort_values().index
y = np.arange(len(order))
fig, ax = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
for scores, marker, shift, label in ((few, "o", -0.15, "1 row a class"), (many, "s", 0.15, "5 rows a class")):
    scores = scores.loc[order]
    half = (scores["high"] - scores["mean"]).to_numpy()
    ax.errorbar(scores["mean"], y + shift, xerr=half, fmt=marker, capsize=2, markersize=5, label=label)
ax.axvline(0.2, color="gray", linestyle=":", linewidth=1, label="chance")
ax.set_yticks(y, order)
for tick in ax.get_yticklabels():
    if tick.get_text() in ("KNeighborsClassifier", "LogisticRegression", "RandomForestClassifier"):
        tick.set_color("gray")
ax.set(xlabel="Accuracy, mean over 30 new tasks with its 95% interval", xlim=(0.15, 1))
ax.grid(axis="x", alpha=0.3)
ax.legend(fontsize="small", loc="lower right")
plt.show()
