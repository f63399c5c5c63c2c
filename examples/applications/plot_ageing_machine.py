"""
A machine that ages
===================

A sensor drifts, a bearing wears: what the readings mean changes month by month, and the model of January is wrong in
December. Each month is a task. A meta-learner that has seen other machines age adapts to the month from ten checked
pieces; ``adapt`` forgets the month before, ``partial_fit`` would add to it.

Data: made up. Sixty machines age in their own way; the test follows a new one for two years.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression

from skmeta import MetaOptNetClassifier, TaskSet

rng = np.random.default_rng(0)
hidden = rng.normal(size=(3, 12))  # readings follow three inner states of a machine


def machine():
    """The rule that tells good pieces from bad ones, and how it turns as the machine ages."""
    angle, speed = rng.uniform(0, 2 * np.pi), rng.choice([-1, 1]) * rng.uniform(0.08, 0.2)
    return lambda month: np.array([np.cos(angle + speed * month), np.sin(angle + speed * month), 0.3])


def pieces(rule, month, n):
    state = rng.normal(size=(n, 3))
    score = state @ rule(month) * 3
    y = np.where(score + 0.5 * rng.normal(size=n) > 0, "good", "bad")
    return state @ hidden + 0.7 * rng.normal(size=(n, 12)), y


train = TaskSet([pieces(machine(), rng.integers(24), 40) for _ in range(300)])
meta = MetaOptNetClassifier(labels="shared", n_shots=5, max_epochs=12, random_state=0).fit(train)

# %%
# The new machine: ten pieces are checked each month, a hundred are answered.

rules, months = [machine() for _ in range(20)], np.arange(24)
right = {"meta-learned, adapted each month": [], "trained each month anew": [], "trained in the first month": []}
for rule in rules:
    scores = {name: [] for name in right}
    first = LogisticRegression().fit(*pieces(rule, 0, 60))
    for month in months:
        X, y = pieces(rule, month, 10)
        while len(set(y)) < 2:
            X, y = pieces(rule, month, 10)
        X_asked, y_asked = pieces(rule, month, 100)
        models = (meta.adapt(X, y), LogisticRegression().fit(X, y), first)
        for name, model in zip(right, models):
            scores[name].append(np.mean(model.predict(X_asked) == y_asked))
    for name in right:
        right[name].append(scores[name])

fig, ax = plt.subplots(figsize=(7, 4))
for (name, values), marker in zip(right.items(), "o^s"):
    mean, half = np.mean(values, axis=0), 1.96 * np.std(values, axis=0) / np.sqrt(len(rules))
    ax.plot(months, mean, marker=marker, markersize=4, label=name)
    ax.fill_between(months, mean - half, mean + half, alpha=0.2, linewidth=0)
    print(f"{name:34s} {mean.mean():.3f}")
ax.axhline(0.5, color="gray", linestyle=":", linewidth=1, label="chance")
ax.set(xlabel="Month", ylabel="Accuracy, mean over 20 new machines", ylim=(0, 1))
ax.legend(fontsize="small", loc="lower left")
plt.show()
