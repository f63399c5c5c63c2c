"""Transfer from the source tasks nearest to a target, against transfer from all of them.

Tasks are drawn from four families, ``--sources`` of them as sources and ``--targets`` as targets, of which the support
rows are shown. ``right_family`` is the share of the nearest 10 sources that are of a target's own family, ``told_laws``
the share of targets of which one who knows the law of every family names the right one. All other arms are transfer
with the same estimator and the same settings:

* ``all``: trained on all sources; ``all_longer``: for twice as many epochs, which is what the selected arm sees;
* ``selected``: trained on all, then on the nearest 10 (``SourceSelector``'s default); ``selected_scratch`` on these
  alone; ``random`` like ``selected`` with random sources;
* ``own_family``: trained on all, then on 10 sources of the target's own family, which an oracle points out.

    python -m benchmarks.few_tasks.source_selection --seeds 5
"""

import argparse
import copy
from functools import cache, partial

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

from benchmarks.intervals import mean_of_seeds
from benchmarks.records import Records
from skmeta import FineTuneTransfer, FineTuneTransferRegressor, SourceSelector
from skmeta.tasks import GaussianClusters, LinearFamily, QuadraticFamily, Sinusoids, TaskFamilyMixture

N_SELECTED = 10
FAMILIES = range(4)
ARMS = ["right_family", "told_laws", "all_longer", "selected", "all", "selected_scratch", "random", "own_family"]
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
        partial(FineTuneTransfer, labels="task"),
    ),
}


def told_laws(problem, target):
    """The family that makes a target's rows most probable, its law being known."""
    X, y, families = target.X, target.y, PROBLEMS[problem][0].families
    if problem == "curves":
        return _kind_of_curve(X[:, 0], y)
    if problem == "clusters":
        y = np.equal.outer(np.unique(y), y)
        means = np.stack([X[members].mean(0) for members in y])
        deviations, shots = means - means.mean(0), y.sum(1).mean()
        between = {i: f.separation**2 / (2 * f.n_latent) * f.directions_.T @ f.directions_ for i, f in families.items()}
        evidence = {i: _normal(deviations.T, B + np.eye(len(B)) / shots) for i, B in between.items()}
    else:
        evidence = {}
        for i, f in families.items():
            mean, functions = 0.0, [np.ones(len(X)) * getattr(f, "intercept_scale", 1.0)]
            if problem == "planes":
                mean = X @ f.mean_weights_
                functions += list(f.spread * (X @ f.directions_).T)
            else:
                functions += [np.einsum("nd,de,ne->n", X, f.forms_[0], X), *(f.linear_scale * X.T)]
            functions = np.stack(functions)
            evidence[i] = _normal((y - mean)[:, None], functions.T @ functions + f.noise**2 * np.eye(len(X)))
    return str(max(evidence, key=evidence.get))


def _normal(Y, covariance):
    """Log density of the columns of Y, up to a constant."""
    return -0.5 * ((Y * np.linalg.solve(covariance, Y)).sum() + Y.shape[1] * np.linalg.slogdet(covariance)[1])


def _kind_of_curve(x, y):
    """Sines are without noise: one of a frequency that fits leaves nothing."""

    def left(frequency):
        waves = np.stack([np.sin(frequency * x), np.cos(frequency * x)], axis=1)
        return np.square(y - waves @ np.linalg.lstsq(waves, y)[0]).sum() / np.square(y).sum()

    if left(1.0) < 1e-12:
        return "wave"
    starts = np.linspace(0.8, 1.2, 41)
    best = starts[np.argmin([left(w) for w in starts])]
    found = minimize_scalar(left, bounds=(best - 0.02, best + 0.02), method="bounded", options={"xatol": 1e-10})
    return "fast wave" if found.fun < 1e-8 else "line"


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
        "told_laws": lambda: np.mean([told_laws(problem, target) == family(target.name) for target in targets]),
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
