"""Transfer from the source tasks nearest to a target, against transfer from all of them.

Tasks are drawn from four families, ``--sources`` of them as sources and ``--targets`` as targets, of which the support
rows are shown. Every arm uses the same estimator with the same settings:

* ``all``: trained on all sources; ``all_longer``: for twice as many epochs, which is what the selected arm sees;
* ``selected``: trained on all, then on the nearest 10 (``SourceSelector``'s default); ``selected_scratch`` on these
  alone; ``random`` like ``selected`` with random sources;
* ``own_family``: trained on all, then on 10 sources of the target's own family, which an oracle points out.

    python -m benchmarks.source_selection --seeds 5
"""

import argparse
import copy
from functools import cache

import numpy as np
import pandas as pd

from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records
from skmeta import FineTuneTransfer, FineTuneTransferRegressor, SourceSelector
from skmeta.tasks import GaussianClusters, LinearFamily, QuadraticFamily, Sinusoids, TaskFamilyMixture

N_SELECTED = 10
FAMILIES = range(4)
ARMS = ["right_family", "all_longer", "selected", "all", "selected_scratch", "random", "own_family"]
PROBLEMS = {
    "planes": (
        TaskFamilyMixture({i: LinearFamily(n_shots=12, n_query=20, noise=0.1, structure_seed=i) for i in FAMILIES}),
        FineTuneTransferRegressor,
    ),
    "parabolas": (
        TaskFamilyMixture(
            {i: QuadraticFamily(n_features=3, n_shots=16, n_query=20, structure_seed=i) for i in FAMILIES}
        ),
        FineTuneTransferRegressor,
    ),
    "curves": (
        TaskFamilyMixture(
            {
                "wave": Sinusoids(n_shots=10, n_query=30),
                "fast wave": Sinusoids("meta-sgd", n_shots=10, n_query=30),
                "line": LinearFamily(n_features=1, n_latent=1, n_shots=10, n_query=30),
            }
        ),
        FineTuneTransferRegressor,
    ),
    "clusters": (
        TaskFamilyMixture({i: GaussianClusters(n_shots=2, n_latent=3, structure_seed=i) for i in FAMILIES}),
        FineTuneTransfer,
    ),
}


def family(name):
    return str(name).partition("/")[0]


def arms(problem, seed, n_sources, n_targets):
    """Every arm's name and a function that measures it."""
    mixture, estimator_class = PROBLEMS[problem]
    sources = mixture.sample(n_sources, random_state=seed)
    targets = mixture.sample(n_targets, random_state=1000 + seed)
    families = np.array([family(name) for name in sources.names])

    @cache
    def selector():
        return SourceSelector(estimator_class(random_state=seed), n_sources=N_SELECTED).fit(sources)

    def right_family():
        nearest = SourceSelector().fit(sources).distances(targets).argsort(1)[:, :N_SELECTED]
        return np.mean(families[nearest] == np.array([[family(name)] for name in targets.names]))

    def all_longer():
        epochs = 2 * estimator_class().max_epochs
        return estimator_class(random_state=seed, max_epochs=epochs).fit(sources).score(targets)

    def from_random(candidates):
        return score_from(selector().base_estimator_, sources, targets, candidates, np.random.default_rng(seed))

    return {
        "right_family": right_family,
        "all": lambda: selector().base_estimator_.score(targets),
        "all_longer": all_longer,
        "selected": lambda: selector().score(targets),
        "selected_scratch": lambda: copy.copy(selector()).set_params(start="scratch").score(targets),
        "random": lambda: from_random(lambda t: np.arange(n_sources)),
        "own_family": lambda: from_random(lambda t: np.flatnonzero(families == family(t.name))),
    }


def score_from(base, sources, targets, candidates, rng):
    """Like the selector's score, with sources chosen at random among the candidates; mean over targets."""
    errors, deviations, right = 0.0, 0.0, []
    for target in targets:
        chosen = np.sort(rng.permutation(candidates(target))[:N_SELECTED])
        estimator = copy.deepcopy(base).set_params(warm_start=True).fit(sources[chosen])
        answer = estimator.predict([target])[0]
        right.append(np.mean(answer == target.y_query))
        if hasattr(estimator, "target_mean_"):
            errors += np.square(target.y_query - answer).sum()
            deviations += np.square(target.y_query - target.y_query.mean()).sum()
    return 1 - errors / deviations if deviations else float(np.mean(right))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--arms", nargs="*", default=ARMS)
    args = parser.parse_args()
    records = Records("source_selection")
    for problem in args.problems:
        for seed in range(args.seeds):
            setting = {"problem": problem, "seed": seed, "targets": args.targets}
            wanted = [arm for arm in args.arms if not records.has(arm=arm, **setting)]
            measured = arms(problem, seed, args.sources, args.targets) if wanted else {}
            for arm in wanted:
                records.add([setting | {"arm": arm, "score": measured[arm]()}])
    print(summary(records.table).to_string())


def summary(results):
    """Means over seeds with 95% intervals, and of the difference to ``all_longer`` within a seed."""
    wide = results.pivot(index=["problem", "targets", "seed"], columns="arm", values="score")
    lines = []
    for (problem, targets, arm), scores in results.groupby(["problem", "targets", "arm"])["score"]:
        line = {"problem": problem, "targets": targets, "arm": arm, "seeds": len(scores)}
        line["mean"], line["95%"] = mean_of_seeds(scores)
        if "all_longer" in wide:
            ahead = (wide[arm] - wide["all_longer"]).loc[problem, targets].dropna()
            if len(ahead) > 1:
                line["ahead of all_longer"], line["95% of it"] = mean_of_seeds(ahead)
        lines.append(line)
    return pd.DataFrame(lines).round(3)


if __name__ == "__main__":
    main()
