"""
Unlabelled rows become tasks
============================

Labels are dear, rows are cheap. Tasks can be made of rows without labels, as the paper STUNT (J. Nam et al., ICLR 2023)
proposes: some columns are clustered, the clusters are the classes of a made-up task, and their values are hidden, so
that the class must be found through the other columns. A learner trained on thousands of such tasks has never seen a
label, and then needs but one row a class. :class:`~skmeta.tasks.PseudoTasks` makes such tasks without end,
:func:`~skmeta.pseudo_tasks` a set of them.

Data: the handwritten digits that come with scikit-learn, 8 x 8 pixels; 1,200 drawings without labels, 597 to answer.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skmeta import ProtoNetClassifier
from skmeta.tasks import PseudoTasks

X, y = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(y))
unlabelled, rest = X[order[:1200]], order[1200:]

pseudo = PseudoTasks(unlabelled, n_ways=10, n_shots=1, n_query=15)
example = pseudo.sample(1, random_state=0)[0]

# %%
# A made-up task: ten classes that nobody named, one row of each in the first line, others of the same class below. Some
# pixels come from other drawings: the class was read off them, so they must not give it away.

fig, axes = plt.subplots(4, 10, figsize=(9, 3.8))
for label, column in enumerate(axes.T):
    rows = [example.X[example.y == np.unique(example.y)[label]][0]]
    rows += list(example.X_query[example.y_query == np.unique(example.y)[label]][:3])
    for ax, row in zip(column, rows):
        ax.imshow(row.reshape(8, 8), cmap="gray_r")
        ax.axis("off")
fig.suptitle("A task made of unlabelled drawings", fontsize=11)
plt.show()

# %%
# Then labels come: one, two, five or ten drawings of each digit, fifteen times at random. Class means in the learned
# space make the most of one or two rows; with five or more, logistic regression in that space does, for which
# ``transform`` hands the space on.

meta = ProtoNetClassifier(max_epochs=6, steps_per_epoch=50, batch_size=8, random_state=0).fit(pseudo)
models = {
    "class means in the learned space": meta,
    "logistic regression in the learned space": make_pipeline(FrozenEstimator(meta), LogisticRegression(max_iter=300)),
    "logistic regression on pixels": LogisticRegression(max_iter=300),
}
shots, rng = [1, 2, 5, 10], np.random.default_rng(1)
scores = {name: np.zeros((len(shots), 15)) for name in models}
for i, k in enumerate(shots):
    for repeat in range(15):
        known = np.concatenate([rng.choice(rest[y[rest] == digit], k, replace=False) for digit in range(10)])
        asked = np.setdiff1d(rest, known)
        for name, model in models.items():
            fitted = meta.adapt(X[known], y[known]) if model is meta else model.fit(X[known], y[known])
            scores[name][i, repeat] = fitted.score(X[asked], y[asked])

fig, ax = plt.subplots(figsize=(6, 3.8))
for (name, values), marker in zip(scores.items(), "os^"):
    mean, half = values.mean(1), 1.96 * values.std(1, ddof=1) / np.sqrt(15)
    ax.errorbar(shots, mean, half, marker=marker, capsize=3, label=name)
    print(f"{name:42s}", " ".join(f"{k}: {m:.3f}" for k, m in zip(shots, mean)))
ax.set(xlabel="Labelled drawings of each digit", ylabel="Accuracy on the others", xscale="log")
ax.set_xticks(shots, shots)
ax.minorticks_off()
ax.legend()
plt.show()
