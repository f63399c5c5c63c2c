"""
A diagnosis at a new hospital
=============================

Twenty hospitals measure the same things with other machines on other patients. A model of all of them together is wrong
at a new one in a way that nobody notices; a model of the new one's first ten patients alone knows too little. Learning
across hospitals gives the first patients their weight - and, with none, the caution that is due.

Data: made up from the breast cancer data that come with scikit-learn: each hospital is a random set of its patients,
whose readings go through a machine with an offset and a gain of its own.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmeta import MAMLClassifier, PerTaskBaseline, PooledBaseline, Task, TaskSet, split_tasks

data = load_breast_cancer()
Z = StandardScaler().fit_transform(data.data[:, [0, 1, 4, 5, 7, 8]])
label = data.target_names[data.target]
rng = np.random.default_rng(0)


def hospital(patients, n=40):
    chosen = rng.choice(patients, n, replace=False)
    gain, offset = np.exp(0.3 * rng.normal(size=6)), 1.2 * rng.normal(size=6)
    return Task(gain * Z[chosen] + offset, label[chosen])


order = rng.permutation(len(label))
old = TaskSet([hospital(order[:380]) for _ in range(60)])
new = TaskSet([hospital(order[380:]) for _ in range(30)])  # other patients, other machines

# %%
# Log-loss asks for honest chances, which is what a diagnosis needs.

models = {
    "MAMLClassifier": MAMLClassifier(labels="shared", n_shots=(1, 8), random_state=0),
    "all hospitals, one model": PooledBaseline(LogisticRegression()),
    "the new hospital alone": PerTaskBaseline(make_pipeline(StandardScaler(), LogisticRegression())),
}
shown = [2, 4, 8]
fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (name, model), marker in zip(models.items(), "os^"):
    model.fit(old)
    losses, right = [], []
    for n in shown:
        tasks = split_tasks(new, n_shots=n, random_state=0)
        chances = model.predict_proba(tasks)
        losses.append(
            [log_loss(t.y_query, np.clip(p, 1e-6, 1), labels=["benign", "malignant"]) for t, p in zip(tasks, chances)]
        )
        right.append([np.mean(p.argmax(1) == (t.y_query == "malignant")) for t, p in zip(tasks, chances)])
    for ax, values in zip(axes, (losses, right)):
        mean, half = np.mean(values, axis=1), 1.96 * np.std(values, axis=1, ddof=1) / np.sqrt(len(new))
        ax.errorbar(2 * np.array(shown), mean, half, marker=marker, capsize=3, label=name)
axes[0].set(ylabel="Log-loss (less is better)", ylim=(0, None))
axes[1].set(ylabel="Accuracy", ylim=(None, 1))
for ax in axes:
    ax.set(xlabel="Patients of the new hospital that are known", xticks=2 * np.array(shown))
axes[0].legend()
plt.show()
