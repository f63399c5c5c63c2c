"""Grid search over meta hyperparameters, with whole tasks as samples: what it picks, and how good that is on new tasks.

python -m benchmarks.few_tasks.meta_search
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV
from torch.nn import Identity

from benchmarks.records import save
from skmeta import MAMLClassifier, MAMLRegressor, MetaKNeighborsClassifier, MetaKNeighborsRegressor, few_shot_curve
from skmeta.datasets import make_few_shot_classification, make_few_shot_regression

GRID = {"inner_lr": [0.001, 0.01, 0.1], "inner_steps": [1, 5]}
SEED = 0


def compare(problem, learner, neighbour, tasks, shots):
    train, new = tasks[:200], tasks[200:]
    search = GridSearchCV(learner(random_state=SEED), GRID, cv=3, error_score="raise").fit(train)
    models = {
        "grid search": search.best_estimator_,
        "untrained": learner(max_epochs=0, random_state=SEED).fit(train),
        "1-nearest neighbour": neighbour(n_neighbors=1, module=Identity(), max_epochs=0).fit(train),
    }
    for name, model in models.items():
        curve = few_shot_curve(model, new, n_shots=[shots], n_repeats=2, scoring=None, random_state=SEED)
        yield {
            "problem": problem,
            "model": name,
            "picked": str(search.best_params_) if name == "grid search" else "",
            "shots": shots,
            "score": curve.mean[0],
            "interval_95": curve.high[0] - curve.mean[0],
            "median_over_tasks": np.nanmedian(curve.scores),
        }


def main():
    clusters = make_few_shot_classification(n_tasks=300, n_ways=5, n_shots=15, n_query=0, random_state=SEED)
    waves = make_few_shot_regression(300, family="sinusoid", n_shots=40, n_query=0, random_state=SEED)
    records = [*compare("clusters", MAMLClassifier, MetaKNeighborsClassifier, clusters, 5)]
    records += compare("sinusoids", MAMLRegressor, MetaKNeighborsRegressor, waves, 10)
    records = pd.DataFrame(records)
    save(records, "meta_search")
    print(records.to_string())


if __name__ == "__main__":
    main()
