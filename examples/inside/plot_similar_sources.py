"""
Similar sources
===============

A hundred source tasks, of which only some resemble the target. :class:`~skmeta.SourceSelector` gathers sources into
families without being told how many there are, and says under which of them the target's few rows are most probable.
Learning from those alone beats learning from all - where families differ in a way that matters.

Data: made up. Three families of linear tasks in ten features; within a family the weights of tasks differ in few
directions. Twelve rows of the target are shown.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmeta import SourceSelector
from skmeta.tasks import LinearFamily, TaskFamilyMixture

families = TaskFamilyMixture(
    {name: LinearFamily(structure_seed=seed, n_features=10, n_shots=12, n_query=12) for seed, name in enumerate("abc")}
)
tasks = families.sample(120, random_state=0)
sources, targets = tasks[:100], tasks[100:]
selector = SourceSelector(n_sources=10).fit(sources)

# %%
# How far does every source lie from each of six targets? Sources are sorted by their true family, which the selector
# was not told.

family_of = np.array([name[0] for name in sources.names])
order = np.argsort(family_of, kind="stable")
fig, axes = plt.subplots(2, 3, figsize=(10, 5), sharex=True, layout="constrained")
for ax, target in zip(axes.flat, targets[:6]):
    distance = selector.distances(target)
    for letter, colour, marker in zip("abc", ("C0", "C1", "C2"), "osD"):
        rows = np.flatnonzero(family_of[order] == letter)
        ax.plot(rows, distance[order][rows], marker, color=colour, markersize=4)
    chosen = np.argsort(distance[order])[:10]
    ax.plot(chosen, distance[order][chosen], "o", mfc="none", mec="black", markersize=9)
    ax.set(title=f"target of family {target.name[0]}", xticks=())
    ax.set_yticks(())
axes[0, 0].set_ylabel("distance")
axes[1, 0].set_ylabel("distance")
fig.supxlabel("sources of family a, b, c; circles: the ten selected", fontsize=10)
plt.show()

# %%
# Over all twenty targets:

right = [np.mean([name[0] == target.name[0] for name in selector.select(target).names]) for target in targets]
print(f"of ten selected sources, {np.mean(right):.0%} are of the target's own family; a third would be by chance")
