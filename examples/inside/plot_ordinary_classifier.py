"""
The result, as an ordinary classifier
=====================================

What was meta-trained becomes an ordinary scikit-learn estimator: :class:`~skmeta.FewShotClassifier`. Its ``fit`` is
adaptation, it survives cloning, and so it can be cross-validated, calibrated, put into a vote, and saved.

Data: made up. A new site sends 40 labelled rows; 60 other sites were trained on, each with its own scale.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skmeta
from skmeta import FewShotClassifier, PerTask, ProtoNetClassifier, Task, TaskSet, task_scorer
from skmeta.datasets import make_few_shot_classification

rng = np.random.default_rng(0)
sites = make_few_shot_classification(80, n_ways=4, n_shots=10, n_query=0, separation=3.0, random_state=0)
sites = TaskSet([Task(task.X * rng.lognormal(0, 1, 20) + rng.normal(size=20), task.y) for task in sites])
old, new = sites[:60], sites[60:]

# %%
# ``PerTask`` standardises every site by its own rows; the pipeline is meta-trained as a whole.

pipeline = make_pipeline(PerTask(StandardScaler()), ProtoNetClassifier(max_epochs=4, random_state=0)).fit(old)
few_shot = FewShotClassifier(pipeline)

# %%
# From here on it is a classifier like others, beside which it stands: alone, and in a vote.

alone = make_pipeline(StandardScaler(), LogisticRegression())
models = {
    "meta-trained": few_shot,
    "logistic regression": alone,
    "a vote of both": VotingClassifier([("meta", few_shot), ("alone", alone)], voting="soft"),
}
folds = RepeatedStratifiedKFold(n_splits=4, n_repeats=1, random_state=0)
scores = {
    name: [cross_val_score(model, site.X, site.y, cv=folds, scoring="neg_log_loss").mean() for site in new]
    for name, model in models.items()
}

fig, ax = plt.subplots(figsize=(6.4, 3.8))
for k, (name, values) in enumerate(scores.items()):
    ax.plot(-np.array(values), np.full(len(values), k) + rng.uniform(-0.12, 0.12, len(values)), "o", alpha=0.6)
    ax.plot(-np.mean(values), k, "|", color="black", markersize=28, markeredgewidth=2)
    print(f"{name:20s} log-loss {-np.mean(values):.3f}, mean over {len(new)} new sites")
ax.set_yticks(range(3), models)
ax.set(xlabel="Log-loss in cross-validation, a point for each new site (less is better)", ylim=(-0.5, 2.5))
plt.show()

# %%
# Scored on all new sites at once, by any metric, and saved by :func:`~skmeta.save`: reading a file back, by
# :func:`~skmeta.load`, executes no code from it. Before its ``fit`` the wrapper has no task, and says so by a
# :class:`~skmeta.NotAdaptedError`. There are other ways out: a program for services without Python
# (:func:`~skmeta.export_onnx`), a file of skops (:func:`~skmeta.trusted_types`), a function for tables of millions of
# tasks (:func:`~skmeta.scale.task_answerer`). :func:`~skmeta.show_versions` prints what ran here.

print(f"balanced accuracy, part of each site shown: {task_scorer('balanced_accuracy')(pipeline, new):.3f}")
path = Path(tempfile.mkdtemp()) / "few_shot.skmeta"
skmeta.save(few_shot.fit(new[0].X, new[0].y), path)
assert (skmeta.load(path).predict(new[0].X) == few_shot.predict(new[0].X)).all()
