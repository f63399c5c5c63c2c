"""
What did the mixture trust?
===========================

:class:`~skmeta.TaskMixtureRegressor` has several answers to every row: pooled models, and what the task adds to them,
by an intercept, slopes or curves of its own. How far each is trusted depends on how many rows the task has shown, and
is learned by hiding rows and whole tasks. Where tasks are unrelated it should trust what their own rows say; where they
are one and the same, the pooled model. It is not told which. :class:`~skmeta.inspection.TrustDisplay` shows what it
made of them.

Data: made up, twice: tasks that differ little, and tasks that differ a lot.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from skmeta import TaskMixtureRegressor
from skmeta.inspection import TrustDisplay


def tasks_that_differ(by, random_state=0, n_tasks=40, n_rows=14):
    rng = np.random.default_rng(random_state)
    task = np.repeat(np.arange(n_tasks), n_rows)
    X = rng.normal(size=(len(task), 2))
    level, slope = by * rng.normal(size=(2, n_tasks))
    y = X[:, 0] - X[:, 1] + level[task] + slope[task] * X[:, 0] + 0.5 * rng.normal(size=len(task))
    return pd.DataFrame(X, columns=["a", "b"]), y, task


fitted = {
    "tasks differ little": TaskMixtureRegressor(LinearRegression(), random_state=0),
    "tasks differ a lot": TaskMixtureRegressor(LinearRegression(), random_state=0),
}
for model, by in zip(fitted.values(), (0.1, 2.0)):
    X, y, task = tasks_that_differ(by)
    model.fit(X, y, task=task)

# %%
# For tasks that are new, by the rows that they have shown: the height of a band is the trust in that model. Shares of
# all members are in ``weights_new_``, and for the tasks of the table in ``weights_known_``.

fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for ax, (name, model) in zip(axes, fitted.items()):
    TrustDisplay.from_estimator(model, most=5, ax=ax)
    ax.set_title(name)
plt.show()

# %%
# Where tasks differ little all members say nearly the same, and trust is spread among them: the average of equals.
# Where they differ a lot, the common line serves only as long as nothing is known of a task, and what the task adds to
# it - its own level, slopes and curves - takes over with every row.
