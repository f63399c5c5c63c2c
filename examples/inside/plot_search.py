"""
Search over inner rate and steps
================================

What a learner does inside a task is a parameter like any other, and ``GridSearchCV`` searches over it. Whole tasks are
the samples: a candidate is trained on some tasks and scored on others that it adapts to, so no row of a validation task
is ever trained on.

Data: made up, lines with a slope of each task's own in five features.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV

from skmeta import MAMLRegressor
from skmeta.datasets import make_few_shot_regression

tasks = make_few_shot_regression(70, family="linear", n_features=5, n_shots=8, n_query=12, random_state=0)
train, new = tasks[:40], tasks[40:]

grid = {"inner_lr": [0.01, 0.03, 0.1], "inner_steps": [1, 2, 4]}
search = GridSearchCV(MAMLRegressor(max_epochs=4, random_state=0), grid, cv=2).fit(train)
print("best:", search.best_params_, f"- R2 on 30 tasks that took no part: {search.score(new):.2f}")

# %%

scores = search.cv_results_["mean_test_score"].reshape(len(grid["inner_lr"]), -1)
fig, ax = plt.subplots(figsize=(5.6, 4.2))
image = ax.imshow(scores, cmap="cividis", vmin=np.nanmax(scores) - 0.4)
for i, j in np.ndindex(scores.shape):
    below = np.nanmax(scores) - scores[i, j]
    style = {"color": "white" if below > 0.15 else "black", "fontweight": "normal" if below else "bold"}
    ax.text(j, i, f"{scores[i, j]:.2f}", ha="center", va="center", **style)
ax.set_xticks(range(3), grid["inner_steps"])
ax.set_yticks(range(3), grid["inner_lr"])
ax.set(xlabel="inner_steps", ylabel="inner_lr", title="R2 on validation tasks, mean of two folds")
fig.colorbar(image, ax=ax)
plt.show()
