"""
A map of tasks
==============

Which machines behave alike? Every task changes the common answer in its own way; tasks whose changes are alike lie
together on the map. Nothing about the machines is told to the model but their rows.

Data: made up. Sixty machines of three makes; the make decides how temperature and load act on wear, and is not in the
table.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skmeta import BayesianHeadRegressor
from skmeta.inspection import TaskMapDisplay, explain_adaptation, task_similarity

rng = np.random.default_rng(0)
make = np.array(["A", "B", "C"])[rng.integers(3, size=60)]
machine = np.repeat(np.arange(60), 12)
X = pd.DataFrame(rng.normal(size=(len(machine), 3)), columns=["temperature", "load", "speed"])
effects = {"A": (2.0, 0.2, 1.0), "B": (0.2, 2.0, 1.0), "C": (1.0, 1.0, -1.0)}
own = np.array([effects[one] for one in make]) + 0.25 * rng.normal(size=(60, 3))
wear = np.sum(own[machine] * X.to_numpy(), axis=1) + 0.4 * rng.normal(size=len(machine))

model = BayesianHeadRegressor(random_state=0).fit(X, wear, task=machine)

# %%
# The map (:class:`~skmeta.inspection.TaskMapDisplay`), from the answers of all machines about the same hundred rows.
# Three makes are three clusters. Its places are :func:`~skmeta.inspection.task_embedding` in two dimensions, and how
# far each machine lies from the common answer is :func:`~skmeta.inspection.task_shift`.

fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
display = TaskMapDisplay.from_estimator(model, X.iloc[:100], ax=left, s=45)
left.set_title("as the model sees them")
for letter, marker in zip("ABC", "osD"):
    right.scatter(*display.positions[make == letter].T, marker=marker, s=45, label=f"make {letter}", edgecolors="white")
right.set(title="what nobody told it", xlabel=left.get_xlabel(), ylabel=left.get_ylabel())
right.legend()
plt.show()

# %%
# The same as a table of similarities, machines sorted by their make:

order = np.argsort(make, kind="stable")
fig, ax = plt.subplots(figsize=(5, 4.2))
image = ax.imshow(task_similarity(model, X.iloc[:100])[np.ix_(order, order)], cmap="RdBu", vmin=-1, vmax=1)
edges = np.cumsum([0, *(np.sum(make == letter) for letter in "ABC")])
ax.set_xticks((edges[:-1] + edges[1:]) / 2, ["make A", "make B", "make C"])
ax.set_yticks((edges[:-1] + edges[1:]) / 2, ["A", "B", "C"])
fig.colorbar(image, ax=ax, label="similarity of what the machine changes")
plt.show()

# %%
# And what one machine changed, effect by effect:

print(pd.DataFrame(explain_adaptation(model, X, 0)).round(2), f"machine 0 is of make {make[0]}", sep="\n")
