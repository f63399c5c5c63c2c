"""
Clusters in a learned space
===========================

Meta-training bends the space of rows until rows of one class lie together - of classes, too, that were never seen.
Clustering then finds groups that it misses in the raw features: eighty features, of which a few directions matter,
and which ones only other tasks can tell.

Data: made up (:class:`~skmeta.tasks.GaussianClusters`): centres of classes lie in a space of three dimensions; sixty
features are noise.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE
from sklearn.metrics import adjusted_rand_score

from skmeta import ProtoNetClassifier, TripletNetClassifier
from skmeta.tasks import GaussianClusters

family = GaussianClusters(n_ways=6, n_shots=25, n_query=0, n_features=80, n_irrelevant=60, separation=5.0)
tasks = family.sample(161, random_state=0)
train, new = tasks[:160], tasks[160]

# %%
# No label of the new task is used: its rows are embedded, and clustered there. The body that bends the space is a
# :class:`~skmeta.nets.ResidualMLP`, the rows plus a correction; other learners have a plain :class:`~skmeta.nets.MLP`.

X = np.asarray(new.X)
settings = {"n_shots": 5, "max_epochs": 8, "random_state": 0}
spaces = {"the features": X}
for learner in (ProtoNetClassifier(**settings), TripletNetClassifier(**settings)):
    spaces[type(learner).__name__] = learner.fit(train).transform(X)

fig, axes = plt.subplots(1, len(spaces), figsize=(10.5, 3.8), layout="constrained")
for ax, (name, rows) in zip(axes, spaces.items()):
    rows = np.asarray(rows).reshape(len(X), -1)
    found = KMeans(6, n_init=10, random_state=0).fit_predict(rows)
    plane = TSNE(perplexity=20, max_iter=500, random_state=0).fit_transform(rows)
    for label, marker in zip(np.unique(new.y), "osD^vP"):
        ax.scatter(*plane[new.y == label].T, marker=marker, s=22, alpha=0.8)
    ax.set(xticks=(), yticks=(), title=f"{name}\nk-means finds the classes: {adjusted_rand_score(new.y, found):.2f}")
    ax.title.set_fontsize(10)
plt.show()

# %%
# The figure is the adjusted Rand index: 0 for clusters at random, 1 for the classes themselves. Colours and shapes are
# the true classes, laid out by t-SNE.
