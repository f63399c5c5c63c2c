"""Tables from ``results/related_tables.csv``, as Markdown: ratios to pooling, mean ranks, and the sets where we lose.

Methods are compared on the folds that all of them have done. Intervals are those of a bootstrap over the sets, 95 %.
"""

import numpy as np
import pandas as pd

LOSS = {"regression": "rmse", "classification": "log_loss"}
FOCUS = "TaskMixture"
POOLED = ["pooled linear", "pooled trees"]
OTHERS = ["BayesianHead", "MAML", "ProtoNet", "FineTune", "InContext", "NeuralProcess"]
CELL = ["set", "fold", "shots"]


def losses(results, kind, question):
    """(set, fold, shots) times methods: RMSE or log loss."""
    frame = pd.read_csv(results)
    chosen = (frame["kind"] == kind) & (frame["question"] == question) & (frame["metric"] == LOSS[kind])
    return frame[chosen].pivot_table(index=CELL, columns="method", values="value")


def ratios(wide, methods):
    """(set, shots) times methods: loss over the better pooled model's, means over the folds that all have done.

    A method that answers no task without rows has no K=0.
    """
    able = [block.dropna(axis=1, how="all").dropna() for _, block in wide[methods].groupby("shots")]
    cells = pd.concat(able)[methods].groupby(["set", "shots"]).mean()
    return cells.div(cells[POOLED].min(axis=1), axis=0)


def interval(values, summary=np.mean, n_samples=2000):
    """The summary of one value per set, and its interval when sets are drawn anew."""
    values = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(0).integers(len(values), size=(n_samples, len(values)))
    low, high = np.percentile([summary(values[rows]) for rows in drawn], [2.5, 97.5])
    return summary(values), low, high


def geometric(values):
    return np.exp(np.mean(np.log(values)))


def with_interval(values, summary, digits):
    if values.isna().any():
        return "–"
    middle, low, high = interval(values, summary)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def table(ratio):
    """Methods times K, and the mean rank, as text."""
    rank = ratio.rank(axis=1).groupby("set").mean()
    columns = {
        ("hidden fifth" if shots < 0 else f"K={shots}"): [with_interval(block[m], geometric, 2) for m in ratio]
        for shots, block in ratio.groupby("shots")
    }
    columns["mean rank"] = [with_interval(rank[method], np.mean, 1) for method in ratio]
    out = pd.DataFrame(columns, index=list(ratio))
    return out.loc[rank.mean().sort_values().index]


def markdown(frame):
    lines = [["method", *frame.columns], ["---"] * (1 + frame.shape[1])]
    lines += [[name, *row] for name, row in zip(frame.index, frame.to_numpy())]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def behind(wide):
    """For each set, by how much, averaged over K, the focus is behind the best baseline, and which that is."""
    out = {}
    for name, block in wide.groupby("set"):
        measured = [method for method in baselines_of(wide) if block[method].notna().any()]
        mean = ratios(block, [FOCUS, *measured]).mean()
        out[name] = mean[FOCUS] / mean[measured].min() - 1, mean[measured].idxmin()
    return pd.DataFrame(out, index=["share", "best"]).T.sort_values("share", ascending=False)


def baselines_of(wide):
    return [method for method in wide if method not in (FOCUS, *OTHERS)]


def sets_behind(results):
    """(set, question, best baseline) of the sets where the focus is more than 2% behind."""
    for kind in LOSS:
        for question in ("new", "known"):
            wide = losses(results, kind, question)
            wide = wide[wide[FOCUS].notna()]
            for name, (share, best) in behind(wide).iterrows():
                if share > 0.02:
                    yield name, question, best


def behind_by_tasks(block, kind, n_samples=2000):
    """By how much the focus is behind the other method of the block, and the interval when tasks are drawn anew.

    The geometric mean over K of the ratio of their losses, each over the test tasks of all folds together.
    """
    sums = block.pivot_table(index="task", columns=["shots", "method"], values=["n_rows", "loss_sum"], aggfunc="sum")
    sums, n_tasks = sums.fillna(0), len(sums)
    drawn = np.random.default_rng(0).multinomial(n_tasks, np.full(n_tasks, 1 / n_tasks), size=n_samples)
    times = np.vstack([np.ones(n_tasks), drawn])
    mean = (times @ sums["loss_sum"].to_numpy()) / np.maximum(times @ sums["n_rows"].to_numpy(), 1)
    logs = np.log(mean) * (0.5 if kind == "regression" else 1)  # of root mean squares, or of mean log losses
    is_focus = sums["loss_sum"].columns.get_level_values("method") == FOCUS
    shares = np.exp(logs[:, is_focus].mean(1) - logs[:, ~is_focus].mean(1)) - 1
    return shares[0], *np.percentile(shares[1:], [2.5, 97.5]), n_tasks


def told(shares):
    return ", ".join(f"`{name}` {value:+.1%}" for name, value in shares.items()) or "none"


def print_boosted(results, boosted):
    """GPBoost, measured on some of the sets, beside what is recorded of the others on the same folds."""
    both = pd.concat([pd.read_csv(results), pd.read_csv(boosted)])
    both = both[both["metric"] == "rmse"]
    measured = list(pd.read_csv(boosted)["method"].unique())
    for question, block in both.groupby("question"):
        wide = block.pivot_table(index=CELL, columns="method", values="value").dropna(subset=[FOCUS, *measured])
        others = [method for method in wide if method not in (*OTHERS, *measured) and wide[method].notna().all()]
        print(f"\nwith GPBoost, {question} tasks, {wide.index.unique('set').size} sets\n")
        print(markdown(table(ratios(wide, [*others, *measured]))))


def print_tables(results, tasks):
    closer = pd.read_csv(tasks) if tasks.exists() else None
    for kind in LOSS:
        for question in ("new", "known"):
            wide = losses(results, kind, question)
            if FOCUS in wide:
                print(f"\n## {kind}, {question} tasks: {LOSS[kind]} over that of the better pooled model")
                print_one(wide[wide[FOCUS].notna()], question)
                if closer is not None:
                    print_closer(closer[closer["question"] == question], set(wide.index.unique("set")), kind)


def print_closer(closer, sets, kind):
    """Which losses of more than 2% are more than the luck of the test tasks."""
    shares = {
        (name, next(m for m in block["method"].unique() if m != FOCUS)): behind_by_tasks(block, kind)
        for name, block in closer.groupby("set")
        if name in sets
    }
    if not shares:
        return
    sure = sum(low > 0 for _, low, _, _ in shares.values())
    print(f"over test tasks, {sure} of {len(shares)} of these losses are distinguishable from none:")
    for (name, best), (share, low, high, n_tasks) in shares.items():
        print(f"  `{name}` {share:+.1%} [{low:+.1%}, {high:+.1%}] behind {best} ({n_tasks} tasks)")


def print_one(wide, question):
    baselines = baselines_of(wide)
    share_done = wide.notna().groupby("set").any().mean()
    ratio = ratios(wide, [FOCUS, *(method for method in baselines if share_done[method] > 0.8)])
    n_folds = wide.reset_index().groupby("set")["fold"].nunique()
    n_sets = ratio.index.unique("set").size
    print(f"{n_sets} of {len(n_folds)} sets have all of these; {n_folds.min()} to {n_folds.max()} folds each\n")
    print(markdown(table(ratio)))
    lost = behind(wide)["share"]
    print(f"\nmore than 2% behind the best baseline: {told(lost[lost > 0.02])} (of {len(lost)} sets)")
    print(f"behind by less: {told(lost[(lost > 0) & (lost <= 0.02)])}")
    if question == "new":
        unseen = ratios(wide, [FOCUS, *POOLED]).xs(0, level="shots")[FOCUS] - 1
        worse = unseen[unseen > 0.005].sort_values(ascending=False)
        print(f"more than 0.5% behind the better pooled model at K=0: {told(worse)}")
    n_sets_of = {m: wide[m].dropna().index.unique("set").size for m in OTHERS if m in wide and wide[m].notna().any()}
    widely = [method for method in n_sets_of if n_sets_of[method] > 0.8 * max(n_sets_of.values())]
    for ours in [widely] * bool(widely) + [list(n_sets_of)] * (len(widely) < len(n_sets_of)):
        has_all = wide[ours].notna().groupby("set").any().all(axis=1)
        chosen = wide[has_all[wide.index.get_level_values("set")].to_numpy()]
        beside = ratios(chosen, [*POOLED, *(m for m in ("MixedLM slopes",) if m in wide), FOCUS, *ours])
        names = beside.index.unique("set")
        print(f"\nmeta-learners of this library, on {len(names)} sets: {', '.join(names)}\n")
        print(markdown(table(beside)))
