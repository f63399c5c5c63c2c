"""Tables from ``results/related_tables.csv``: average ranks, ratios to pooling, and the sets where we lose."""

import numpy as np
import pandas as pd

LOSS = {"regression": "rmse", "classification": "log_loss"}
OURS = ("TaskMixture", "BayesianHead", "MAML", "ProtoNet", "FineTune", "InContext", "NeuralProcess")
REFERENCE = "pooled linear"


def losses(results):
    """One line per set, question, K, method: RMSE or log loss, its mean over folds and 95 % half-width."""
    frame = pd.read_csv(results)
    frame = frame[frame["metric"] == frame["kind"].map(LOSS)]
    keys = ["kind", "set", "question", "shots", "method"]
    grouped = frame.groupby(keys)["value"]
    out = grouped.mean().rename("loss").reset_index()
    half = 1.96 * grouped.std(ddof=1) / np.sqrt(grouped.count())
    out["half_width"] = half.to_numpy()
    return out


def ratios(table, kind, question):
    """Sets times methods: loss over the better pooled model's, averaged over K; only methods that did all sets."""
    part = table[(table["kind"] == kind) & (table["question"] == question)]
    wide = part.pivot_table(index=["set", "shots"], columns="method", values="loss")
    pooled = wide[["pooled linear", "pooled trees"]].min(axis=1)
    return wide.div(pooled, axis=0)


def print_tables(results):
    table = losses(results)
    for kind in ("regression", "classification"):
        for question in ("new", "known"):
            ratio = ratios(table, kind, question)
            if ratio.empty:
                continue
            if "TaskMixture" in ratio:  # while the benchmark is under way: the sets it has reached
                ratio = ratio[ratio["TaskMixture"].notna() & ratio["per-group linear"].notna()]
            everywhere = ratio.columns[ratio.notna().mean() > 0.8]
            left_out = sorted(set(ratio.columns) - set(everywhere))
            complete = ratio[everywhere].dropna()
            by_set = complete.groupby("set").mean()
            n_sets = len(by_set)
            print(f"\n## {kind}, {question} tasks: {LOSS[kind]} over that of the better pooled model, {n_sets} sets")
            if left_out:
                print(f"(not on all of these sets, so not ranked: {', '.join(left_out)})")
            columns = {}
            for shots, block in complete.groupby("shots"):
                columns["hidden fifth" if shots < 0 else f"K={shots}"] = np.exp(np.log(block).mean())
            out = pd.DataFrame(columns)
            out["mean rank"] = complete.rank(axis=1).groupby("set").mean().mean()
            best_other = by_set.drop(columns=[c for c in OURS if c in by_set]).min(axis=1)
            worse = by_set.div(best_other, axis=0)
            out["sets within 2% of the best baseline"] = (worse <= 1.02).sum()
            print(out.sort_values("mean rank").round(3).to_string())
            if "TaskMixture" in worse:
                lost = worse["TaskMixture"].sort_values(ascending=False)
                text = ", ".join(f"{name} {value - 1:+.1%}" for name, value in lost.items() if value > 1.0)
                print(f"\nTaskMixture against the best baseline of each set, where it loses: {text or 'nowhere'}")
