"""How fast: training steps, whole fits and answers beside learn2learn, higher, JAX and scikit-learn.

    OMP_NUM_THREADS=1 taskset -c 0 python -m benchmarks.speed.all [--cases maml,knn] [--rounds 11]

One thread, CPU time, implementations interleaved; each figure is the median over rounds of the ratio within a round,
with its 10 % and 90 % points. Writes benchmarks/results/speed.csv (one line per case and implementation; other cases
keep their lines) and speed.png. Peers: see benchmarks/speed/requirements.txt.
"""

import argparse
import platform
import warnings
from functools import partial

import pandas as pd

from benchmarks.records import RESULTS, save
from benchmarks.speed import estimators, heads, images, peers, steps
from benchmarks.speed.timing import interleave, one_thread, records


def maml(make, **how):
    return partial(lambda: steps.training_step(make(**how)))


CASES = {
    "maml_step_sinusoid_1_step": maml(steps.sinusoid, steps=1),
    "maml_step_sinusoid_5_steps": maml(steps.sinusoid, steps=5),
    "maml_step_tabular_16_tasks": maml(steps.tabular, n_tasks=16),
    "maml_step_tabular_64_tasks": maml(steps.tabular, n_tasks=64),
    "maml_step_tabular_16_tasks_first_order": maml(steps.tabular, n_tasks=16, first_order=True),
    "maml_step_tabular_64_tasks_first_order": maml(steps.tabular, n_tasks=64, first_order=True),
    "prototypes_step_1_task": partial(heads.prototype_step, 1),
    "prototypes_step_16_tasks": partial(heads.prototype_step, 16),
    "prototypes_step_64_tasks": partial(heads.prototype_step, 64),
    "ridge_head_16_tasks": partial(heads.ridge_head, 16),
    "ridge_head_64_tasks": partial(heads.ridge_head, 64),
    "ridge_head_16_tasks_1600_columns": partial(heads.ridge_head, 16, e=1600),
    "conv4_step_8_tasks": partial(images.maml_step, pooled=False),
    "conv4_step_8_tasks_pooled": partial(images.maml_step, pooled=True),
    "conv4_prototypes_step_1_task": partial(images.prototype_step, 1, "batch"),
    "conv4_prototypes_step_4_tasks": partial(images.prototype_step, 4, "group"),
    "fit_maml_tabular": partial(estimators.whole_fit, "maml"),
    "fit_prototypes_tabular": partial(estimators.whole_fit, "prototypes"),
    "one_task_sinusoid": partial(estimators.one_task, "sinusoid"),
    "one_task_tabular": partial(estimators.one_task, "tabular"),
    "10000_tasks_sinusoid": partial(estimators.many_tasks, "sinusoid"),
    "10000_tasks_tabular": partial(estimators.many_tasks, "tabular"),
    "knn_1000_rows": partial(estimators.prototypes_for_neighbours, 1000),
    "knn_10000_rows": partial(estimators.prototypes_for_neighbours, 10_000),
    "knn_100000_rows": partial(estimators.prototypes_for_neighbours, 100_000),
}
#: what docs/benchmarks/speed.md calls a case
COLUMNS = ["times_faster", "low", "high"]
TITLES = {
    "maml_step_sinusoid_1_step": "MAML training step, sinusoid (1-40-40-1), 25 tasks, 1 inner step",
    "maml_step_sinusoid_5_steps": "the same, 5 inner steps",
    "maml_step_tabular_16_tasks": "MAML training step, tabular (20-64-64-5), 5 inner steps, 16 tasks",
    "maml_step_tabular_64_tasks": "the same, 64 tasks",
    "maml_step_tabular_16_tasks_first_order": "first order, 16 tasks",
    "maml_step_tabular_64_tasks_first_order": "first order, 64 tasks",
    "fit_maml_tabular": "`MAMLClassifier.fit(tasks)`, 16 tasks a step, data path included",
    "fit_prototypes_tabular": "`ProtoNetClassifier.fit(tasks)`, 16 tasks a step, data path included",
    "one_task_sinusoid": "one new task, sinusoid: `adapt` and `predict`",
    "one_task_tabular": "one new task, tabular: `adapt` and `predict`",
    "10000_tasks_sinusoid": "`predict(tasks)`, 10,000 sinusoid tasks",
    "10000_tasks_tabular": "`predict(tasks)`, 10,000 tabular tasks",
    "conv4_step_8_tasks": "MAML training step, strided Conv4, 8 tasks, batch normalisation, 1 inner step",
    "conv4_step_8_tasks_pooled": "the same, pooled",
    "prototypes_step_1_task": "prototypes training step, 1 task",
    "prototypes_step_16_tasks": "the same, 16 tasks",
    "prototypes_step_64_tasks": "the same, 64 tasks",
    "conv4_prototypes_step_1_task": "prototypes training step, pooled Conv4, 1 task, batch normalisation",
    "conv4_prototypes_step_4_tasks": "the same, 4 tasks, group normalisation",
    "ridge_head_16_tasks": "ridge head, 16 tasks of 25 rows, 64 columns",
    "ridge_head_64_tasks": "the same, 64 tasks",
    "ridge_head_16_tasks_1600_columns": "the same, 16 tasks, 1600 columns",
    "knn_1000_rows": "`ProtoNetClassifier().predict`, default body, after a fit of 1,000 rows",
    "knn_10000_rows": "the same, 10,000 rows",
    "knn_100000_rows": "the same, 100,000 rows",
}
REFERENCES = {"ridge": "loop over tasks", "knn": "KNeighborsClassifier"}


def run(case, rounds, peers):
    """Records of one case; implementations that cannot be made are reported and left out."""
    made, scales = {}, {}
    for name, make in CASES[case]().items():
        if peers and not name.startswith("skmeta") and name not in peers:
            continue
        try:
            made[name] = make()
            scales[name] = getattr(make, "scale", 1)
        except peers.Missing as missing:
            print(f"  {name} left out: {missing}")
    for function in made.values():
        function()
    for name, error in steps.check_gradients({k: f for k, f in made.items() if hasattr(f, "net")}).items():
        print(f"  {name}: meta-gradient within {error:.1e} of learn2learn's")
    times = interleave(made, rounds)
    times = {name: [scales[name] * t for t in values] for name, values in times.items()}
    reference = REFERENCES.get(case.split("_")[0], "learn2learn")
    lines = records(case, times, reference)
    for line in lines:
        print(
            f"  {line['implementation']:24s} {line['milliseconds']:12.3f} ms   {line['times_faster']:8.2f}x"
            f"  [{line['low']:.2f}, {line['high']:.2f}]",
            flush=True,
        )
    return lines


def page(table):
    """The rows of docs/benchmarks/speed.md: what a user has, what a jitted program has, and what is left without C."""

    def cell(case, *names, band=True):
        for name in names:
            found = table[(table.case == case) & (table.implementation == name)]
            if len(found):
                line = found.iloc[0]
                times, low, high = (f"{line[k]:.3g}" if line[k] < 1000 else f"{line[k]:.0f}" for k in COLUMNS)
                return f"**{times}** ({low} - {high})" if band else times
        return ""

    for case, title in TITLES.items():
        if not (table.case == case).any():
            continue
        body = ", default body" if case.startswith("knn") else ""
        reference = REFERENCES.get(case.split("_")[0], "learn2learn")
        skmeta = cell(case, f"skmeta{body}, native kernel", f"skmeta{body}")
        others = cell(case, "jax", band=False), cell(case, f"skmeta{body}", band=False)
        yield f"| {title} | {reference} | {skmeta} | {others[0]} | {others[1]} |"


def plot(table):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    ours = table[table.implementation == "skmeta"].iloc[::-1]
    figure, axes = plt.subplots(figsize=(8, 0.35 * len(ours) + 1))
    axes.barh(ours.case, ours.times_faster, color="tab:blue")
    axes.errorbar(
        ours.times_faster, ours.case, fmt="none", color="black",
        xerr=[ours.times_faster - ours.low, ours.high - ours.times_faster],
    )  # fmt: skip
    kernel = table[table.implementation == "skmeta, native kernel"]
    axes.plot(kernel.times_faster, kernel.case, "D", color="tab:orange", label="with the kernel in C")
    axes.legend(loc="lower right")
    axes.axvline(1, color="black", linewidth=0.5)
    axes.set(xscale="log", xlabel="times faster than the reference (CPU time, one core)")
    figure.tight_layout()
    figure.savefig(RESULTS / "speed.png", dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", default="", help="comma-separated beginnings of case names; default: all")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--peers", nargs="*", help="only these implementations beside skmeta; default: all")
    parser.add_argument("--page", action="store_true", help="print the rows of the page from the stored figures")
    options = parser.parse_args()
    if options.page:
        print(*page(pd.read_csv(RESULTS / "speed.csv")), sep="\n")
        return
    one_thread()
    warnings.filterwarnings("ignore")
    wanted = [case for case in CASES if any(case.startswith(begin) for begin in options.cases.split(","))]
    path = RESULTS / "speed.csv"
    lines = pd.read_csv(path).to_dict("records") if path.exists() else []
    for case in wanted:
        print(case, flush=True)
        lines = [line for line in lines if line["case"] != case] + run(case, options.rounds, options.peers)
        order = {name: i for i, name in enumerate(CASES)}
        lines.sort(key=lambda line: order.get(line["case"], len(order)))
        save(pd.DataFrame(lines), "speed")
    print(f"Python {platform.python_version()},", ", ".join(f"{k} {v}" for k, v in peers.versions().items()))
    plot(pd.DataFrame(lines))


if __name__ == "__main__":
    main()
