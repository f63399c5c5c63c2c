"""What ``benchmarks/results/in_context_*.csv`` say: means with 95% intervals, ranks, and how often ours is better.

    python -m benchmarks.in_context.report

Scores are means (likelihoods: medians) over tables of means over seeds; intervals are Student's, over tables, and say
how much another draw of tables would change the mean. Models are compared with ours on the tables and seeds that both
have run. Writes ``benchmarks/results/in_context_summary.csv`` and, for the tables where ours loses,
``in_context_losses.csv``.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

RESULTS = Path(__file__).parents[1] / "results"
#: per kind: the score that decides ranks and wins (less is better), and what else is shown
SCORES = {
    "classification": ("log_loss", ["accuracy", "auc"]),
    "regression": ("rmse", ["r2", "coverage_90", "log_likelihood"]),
}


def half_width(values):
    """Of the 95% interval of a mean."""
    return (
        student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    )


def compared(part, model, main):
    """One row per table: our score and the model's, over the seeds both have."""
    wide = part[part["model"].isin(["ours", model])].pivot_table(index=["table", "seed"], columns="model", values=main)
    return wide.dropna().groupby("table").mean()


def summary(table, kind, part_name):
    main, more = SCORES[kind]
    records = []
    for n, part in table.groupby("n"):
        scores = part.groupby(["table", "model"])[[main, *more, "seconds"]].mean()
        ranks = {}
        for score in (main, "auc") if kind == "classification" else (main,):
            seeds = part.pivot_table(index=["table", "seed"], columns="model", values=score).dropna()
            by_table = seeds.groupby("table").mean()
            ranks[score] = by_table.rank(axis=1, ascending=score != "auc").mean()
        for model, own in scores.groupby("model"):
            record = {"kind": kind, "tables": part_name, "n": n, "model": model, "n_tables": len(own)}
            record["n_seeds"] = part[part["model"] == model]["seed"].nunique()
            for score in [*more, main] if kind == "classification" else more:
                # one interval that misses by a mile would decide a mean of likelihoods
                middle = own[score].median() if score == "log_likelihood" else own[score].mean()
                record[score] = middle
                if score != "log_likelihood":
                    record[f"{score}_ci95"] = half_width(own[score].dropna())
            for score, rank in ranks.items():
                record[f"rank_{score}"] = rank.get(model)
            if model != "ours":
                both = compared(part, model, main)
                # errors in the units of a table cannot be averaged: their ratio can
                ahead = both[model] - both["ours"] if kind == "classification" else np.log(both[model] / both["ours"])
                record["ours_ahead"], record["ours_ahead_ci95"] = ahead.mean(), half_width(ahead)
                record["ours_wins"] = (ahead > 0).mean()
            record["seconds"] = own["seconds"].mean()
            records.append(record)
    return records


def losses(table, main, share=0.02):
    """Tables on which the mean over all sizes of some model is better than ours, the widest gap first."""
    rows = []
    for model in table["model"].unique():
        if model == "ours":
            continue
        wide = table[table["model"].isin(["ours", model])].pivot_table(
            index=["table", "n", "seed"], columns="model", values=main
        )
        both = wide.dropna().groupby("table").mean()
        worse = both[both["ours"] > (1 + share) * both[model]]
        rows += [{"table": name, "model": model, "ours": r["ours"], "theirs": r[model]} for name, r in worse.iterrows()]
    found = pd.DataFrame(rows, columns=["table", "model", "ours", "theirs"])
    found["ratio"] = found["ours"] / found["theirs"]
    return found.sort_values("ratio", ascending=False)


def main():
    records, lost = [], []
    for kind, (score, _) in SCORES.items():
        table = pd.read_csv(RESULTS / f"in_context_{kind}.csv")
        for name, part in (
            ("all", table),
            ("development", table[~table["kept_aside"]]),
            ("kept", table[table["kept_aside"]]),
        ):
            records += summary(part, kind, name)
        lost.append(losses(table, score).assign(kind=kind))
    result = pd.DataFrame(records).round(4)
    result.to_csv(RESULTS / "in_context_summary.csv", index=False)
    pd.concat(lost).round(4).to_csv(RESULTS / "in_context_losses.csv", index=False)
    pd.set_option("display.width", 250, "display.max_columns", 30)
    for (kind, name, n), part in result.groupby(["kind", "tables", "n"], sort=False):
        rank = "rank_" + SCORES[kind][0]
        shown = part.drop(columns=["kind", "tables", "n"]).dropna(axis=1, how="all").sort_values(rank)
        print(f"{kind}, {name} tables, n = {n}\n{shown.to_string(index=False)}\n")
    print(pd.concat(lost).to_string(index=False))


if __name__ == "__main__":
    main()
