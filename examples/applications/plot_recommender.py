"""
A recommender that knows a new user after five ratings
======================================================

To a recommender every user is a small table: films that were rated, and how. A new user is a new task. What is common
to users - that taste varies along a few directions - is learned from others; five ratings then say where this user
stands.

Data: made up. Films have eight described qualities; what users like varies along three hidden directions, and their
ratings are noisy.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_score

from skmeta import BayesianHeadRegressor, FewShotRegressor, PerTaskBaseline, PooledBaseline, TaskSet
from skmeta.inspection import ShotCurveDisplay

rng = np.random.default_rng(0)
films = rng.normal(size=(300, 8))
directions, common = rng.normal(size=(3, 8)), 0.5 * rng.normal(size=8)


def user(n_rated=25):
    taste = common + rng.normal(size=3) @ directions / 2
    rated = rng.choice(300, n_rated, replace=False)
    return films[rated], 3 + films[rated] @ taste / 2 + 0.5 * rng.normal(size=n_rated)


users, new_users = TaskSet([user() for _ in range(200)]), TaskSet([user() for _ in range(80)])

# %%
# A learner that learns across users, one model of all users, one model for each user alone.

models = {
    "BayesianHeadRegressor": BayesianHeadRegressor(max_epochs=10, random_state=0),
    "one taste for all": PooledBaseline(RidgeCV()),
    "each user alone": PerTaskBaseline(RidgeCV()),
}
fig, ax = plt.subplots(figsize=(6.6, 4.2))
for (name, model), marker in zip(models.items(), "osD^"):
    display = ShotCurveDisplay.from_estimator(
        model.fit(users), new_users, [1, 2, 5, 10, 20], n_repeats=1, random_state=0, ax=ax, name=name, marker=marker
    )
    print(f"{name:22s}", display.curve)
ax.set(xlabel="Ratings of the new user", ylim=(-0.6, 1), title="R2 of the ratings that are to come")
plt.show()

# %%
# One new user
# ------------
# ``return_std=True`` says how sure the answer is: a recommender may rather ask again than recommend.

X, y = new_users[3].X, new_users[3].y
meta = models["BayesianHeadRegressor"]
fig, axes = plt.subplots(1, 3, figsize=(10, 3.4), sharex=True, sharey=True, layout="constrained")
for ax, n in zip(axes, (1, 5, 15)):
    mean, std = meta.adapt(X[:n], y[:n]).predict(X[15:], return_std=True)
    ax.plot([0, 6], [0, 6], ":", color="gray")
    ax.errorbar(y[15:], mean, 1.64 * std, fmt="o", capsize=2, color="C0")
    ax.set(title=f"after {n} rating{'s' * (n > 1)}", xlabel="rating given")
axes[0].set_ylabel("rating expected, with 90% interval")
plt.show()

# %%
# As an ordinary regressor, whose ``fit`` is adaptation, the result goes into any tool of scikit-learn:

print("R2 in cross-validation of this user's ratings:", cross_val_score(FewShotRegressor(meta), X, y, cv=5).round(2))
