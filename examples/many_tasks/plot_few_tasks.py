"""
Few tasks, made more
====================

Ten tasks teach little about tasks, however many rows they have. An augmentation makes others of them that might have
been: :class:`~skmeta.tasks.FeatureNoise` blurs cells, :class:`~skmeta.tasks.FeatureDropout` silences columns,
:class:`~skmeta.tasks.ClassMixing` puts new classes between those of a task, :class:`~skmeta.tasks.TaskMixUp` new tasks
between two (:class:`~skmeta.tasks.LabelPermutation` exchanges names, where all tasks use the same).
``augment=`` changes half of the training tasks in every epoch, each time anew.

Data: made up. Tasks of five classes in twenty features, of which half are noise and four directions matter.
"""

import matplotlib.pyplot as plt
import numpy as np

from skmeta import ProtoNetClassifier
from skmeta.tasks import AugmentationChain, ClassMixing, FeatureDropout, FeatureNoise, GaussianClusters, TaskMixUp

family = GaussianClusters(n_ways=5, n_shots=1, n_query=15, n_latent=4, n_irrelevant=10)
new = family.sample(200, random_state=10_000)
augmentations = {
    "as they are": None,
    "blurred": FeatureNoise(0.5),
    "columns silenced": FeatureDropout(0.2),
    "classes mixed": ClassMixing(),
    "tasks mixed": TaskMixUp(),
    "classes mixed, columns silenced": AugmentationChain([ClassMixing(), FeatureDropout(0.2)]),
}

# %%
# The same learner on the same ten tasks, three times with other tasks (a point for each, a line for their mean); and,
# for what there is to reach, on 300 tasks.

accuracy = {name: [] for name in augmentations} | {"300 tasks": []}
for seed in range(3):
    few = family.sample(10, random_state=seed)
    learner = ProtoNetClassifier(max_epochs=15, batch_size=8, random_state=seed)
    for name, augmentation in augmentations.items():
        accuracy[name].append(learner.set_params(augment=augmentation).fit(few).score(new))
    many = family.sample(300, random_state=seed)
    accuracy["300 tasks"].append(learner.set_params(augment=None, max_epochs=5).fit(many).score(new))

fig, ax = plt.subplots(figsize=(6.6, 3.6))
for row, (name, values) in enumerate(reversed(accuracy.items())):
    ax.plot(values, np.full(3, row), "o", color="gray" if name == "300 tasks" else "C0", alpha=0.7)
    ax.plot(np.mean(values), row, "|", color="black", markersize=20, markeredgewidth=2)
    print(f"{name:32s} {np.mean(values):.3f}")
ax.set_yticks(range(len(accuracy)), list(reversed(accuracy)))
ax.set(xlabel="Accuracy on 200 new tasks", ylim=(-0.6, None))
plt.show()

# %%
# An augmentation of one's own is a function of tasks and a random state, or a
# :class:`~skmeta.tasks.TaskAugmentation`. :class:`~skmeta.tasks.AugmentedTasks` makes of a set and an augmentation a
# source of tasks without end, which ``fit`` takes in the place of tasks.
