"""The swap on real tables, then meta-learning over many tasks.

First our classifiers take the place of ``KNeighborsClassifier`` on tables that scikit-learn brings along. Then a
classifier is meta-trained on many related tasks and adapted, from a few rows each, to tasks it has never seen.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.model_selection import StratifiedShuffleSplit, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.nn import Identity

from skmeta import (
    InContextClassifier,
    MAMLClassifier,
    MetaKNeighborsClassifier,
    ProtoNetClassifier,
    few_shot_curve,
    split_tasks,
)
from skmeta.datasets import make_few_shot_classification

RANDOM_STATE = 0


def swap():
    """Accuracy and log-loss with 50 training rows, mean and 95% interval over 5 random splits."""
    print("The swap: 50 training rows, 5 random splits, default parameters")
    models = {
        "scaled KNeighborsClassifier": make_pipeline(StandardScaler(), KNeighborsClassifier()),
        "InContextClassifier": InContextClassifier(),
        "ProtoNetClassifier": ProtoNetClassifier(random_state=RANDOM_STATE),
        "MAMLClassifier": MAMLClassifier(random_state=RANDOM_STATE),
    }
    splits = StratifiedShuffleSplit(n_splits=5, train_size=50, random_state=RANDOM_STATE)
    for load in (load_breast_cancer, load_wine):
        X, y = load(return_X_y=True)
        print(f"  {load.__name__.removeprefix('load_')}: {X.shape[0]} rows, {X.shape[1]} columns")
        for name, model in models.items():
            scores = cross_validate(model, X, y, cv=splits, scoring=["accuracy", "neg_log_loss"])
            accuracy, loss = scores["test_accuracy"], -scores["test_neg_log_loss"]
            print(f"    {name:28s} accuracy {interval(accuracy)}   log-loss {interval(loss)}")


def meta_learn():
    """Few-shot accuracy on new tasks, mean and 95% interval over 100 of them."""
    print("Meta-learning: 5-way tasks whose classes differ in a few directions that all tasks share")
    tasks = make_few_shot_classification(n_tasks=400, n_ways=5, n_shots=15, n_query=0, random_state=RANDOM_STATE)
    train, new = tasks[:300], tasks[300:]
    meta = MAMLClassifier(n_shots=(1, 5), inner_steps=3, random_state=RANDOM_STATE).fit(train)
    models = {
        "MAMLClassifier, meta-trained": meta,
        "MAMLClassifier, untrained": MAMLClassifier(max_epochs=0, random_state=RANDOM_STATE).fit(train),
        "1-nearest neighbour, raw rows": MetaKNeighborsClassifier(n_neighbors=1, module=Identity(), max_epochs=0).fit(
            train
        ),
    }
    for name, model in models.items():
        curve = few_shot_curve(model, new, n_shots=[1, 5], n_repeats=2, random_state=RANDOM_STATE)
        points = [f"{m:.3f} +- {h - m:.3f}" for m, h in zip(curve.mean, curve.high)]
        print(f"  {name:30s} 1 shot {points[0]}   5 shots {points[1]}")

    task = split_tasks(new[:1], n_shots=5, random_state=RANDOM_STATE)[0]
    meta.partial_fit(task.X, task.y)
    print("  adapted to 25 rows of one of them:", np.mean(meta.predict(task.X_query) == task.y_query).round(3))


def interval(scores):
    # Student's t of five scores
    return f"{np.mean(scores):.3f} +- {2.78 * np.std(scores, ddof=1) / np.sqrt(len(scores)):.3f}"


if __name__ == "__main__":
    swap()
    meta_learn()
