"""Scores on real tables during development: a log beside the training, never a source of training data.

The tables are those that :func:`skmeta.datasets.list_local_tables` finds through the environment variable
``SKMETA_DATA``; without it nothing is logged.
"""

import hashlib

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from skmeta.datasets.local_data import find_local_data, list_local_tables, load_local_table
from skmeta.learners.in_context.heads import mixture_nll
from skmeta.tasks.prior.columns import recode_by_frequency


def is_kept_aside(name):
    """A fifth of the tables, decided once by their names, takes no part in any decision."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 5 == 0


def encode_columns(X):
    """A DataFrame to a float32 matrix (codes for columns of strings) and the flags of the categorical ones."""
    columns, categorical = [], []
    for name in X.columns:
        column = X[name]
        is_text = not np.issubdtype(getattr(column.dtype, "type", object), np.number)
        if is_text:
            codes = column.astype("category").cat.codes.to_numpy().astype(np.float64)
            codes[codes < 0] = np.nan
            columns.append(codes)
        else:
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
        categorical.append(is_text)
    return np.stack(columns, 1).astype(np.float32), np.array(categorical)


def split_rows(y, n, seed, classification, n_query=300):
    """Stratified support and query rows."""
    n_query = min(len(y) - n, n_query)
    stratify = None
    if classification and np.bincount(y).min() > 1 and n_query >= len(np.bincount(y)):
        stratify = y
    return train_test_split(np.arange(len(y)), train_size=n, test_size=n_query, random_state=seed, stratify=stratify)


def mean_auc(chance, y):
    """ROC-AUC; for more than two classes the mean over one-against-rest problems that exist."""
    if chance.shape[1] == 2:
        return roc_auc_score(y, chance[:, 1])
    present = [c for c in range(chance.shape[1]) if 0 < (y == c).sum() < len(y)]
    return np.mean([roc_auc_score(y == c, chance[:, c]) for c in present])


class RealTables:
    """Development tables of one kind, read once, with fixed splits."""

    def __init__(self, task_type, sizes=(50, 100, 500), seeds=(0,)):
        self.task_type, self.sizes, self.seeds, self.tables = task_type, sizes, seeds, {}
        for name in list_local_tables(task_type) if find_local_data(required=False) else ():
            if not is_kept_aside(name):
                X, y, _ = load_local_table(name)
                is_class = task_type == "classification"
                y = np.unique(y, return_inverse=True)[1] if is_class else np.asarray(y, dtype=float)
                self.tables[name] = (*encode_columns(X), y)

    @torch.no_grad()
    def score(self, learner):
        """Per size: mean log-loss and AUC, or mean R2 and log-likelihood."""
        out = {}
        for n in self.sizes:
            scores = [
                self._score_one(learner, *table, n, seed)
                for table in self.tables.values()
                for seed in self.seeds
                if len(table[2]) >= n + 50
            ]
            if scores:
                out[n] = [round(float(v), 4) for v in np.mean(scores, 0)] + [len(scores)]
        return out

    def _score_one(self, learner, X, categorical, y, n, seed):
        classification = self.task_type == "classification"
        support, query = split_rows(y, n, seed, classification)
        X = torch.from_numpy(np.concatenate([X[support], X[query]]))
        X[:, categorical] = recode_by_frequency(X[:, categorical].T, n).T
        X, flags = X[None], torch.from_numpy(categorical)[None]
        if classification:
            C = int(y.max()) + 1
            shown = torch.from_numpy(np.bincount(y[support], minlength=C) > 0)[None]
            state = learner.adapt(X[:, :n], torch.from_numpy(y[support])[None], None, shown, flags)
            chance = learner.predict(state, X[:, n:])[0].double().softmax(-1).numpy()
            own = np.clip(chance[np.arange(len(query)), y[query]], 1e-7, 1)
            return -np.log(own).mean(), mean_auc(chance, y[query])
        mean, std = y[support].mean(), y[support].std() + 1e-9
        target = torch.from_numpy((y - mean) / std).float()[None, :, None]
        state = learner.adapt(X[:, :n], target[:, support], None, None, flags)
        true = target[0, query, 0]
        mixture = [part[0, :, 0] for part in learner.mixture(state, X[:, n:])]
        answer = (mixture[0].exp() * mixture[1]).sum(-1)
        r2 = 1 - (true - answer).square().sum() / (true - true.mean()).square().sum()
        return max(float(r2), -1.0), -float(mixture_nll(*mixture, true).mean())
