"""The table around a mixture, as its estimator reads it: checked, encoded, without rows that weigh nothing."""

import numpy as np
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skmeta.estimators.base.rows import check_weight, far_means, present_labels
from skmeta.preprocessing.table_encoder import TableEncoder
from skmeta.tasks.ids import factorize
from skmeta.tasks.rows import cells, from_torch, is_frame, is_missing, take_rows

_HUGE = 1e150
_PROBES = 100  # rows that tasks are compared by


def read_labelled(estimator, X, y, reset):
    """The rows and targets of a call that shows some."""
    X = from_torch(X)
    y = present_labels(y)
    if is_frame(X) or cells(X) is not X:
        X = cells(validate_data(estimator, X, reset=reset, skip_check_array=True))
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(X, y)
    else:
        X, y = validate_data(estimator, X, y, reset=reset, dtype=None, ensure_all_finite="allow-nan", multi_output=True)
    return X, estimator._shaped_targets(y, reset)


def read_asked(estimator, X):
    """The numbers of rows that are asked about."""
    X = from_torch(X)
    if is_frame(X) or cells(X) is not X:
        X = cells(validate_data(estimator, X, reset=False, skip_check_array=True))
    else:
        X = validate_data(estimator, X, reset=False, dtype=None, ensure_all_finite="allow-nan")
    return numbers(estimator, X)


def first_numbers(estimator, X):
    """The numbers of the table that is fitted, which say how others are encoded."""
    estimator.encoder_, estimator.shift_ = TableEncoder().fit(X), 0.0
    encoded = numbers(estimator, X)
    estimator.shift_ = far_means(encoded)
    return encoded - estimator.shift_


def numbers(estimator, X):
    """The encoded table; one without features has one that says nothing, and its tasks differ by their means."""
    encoded = estimator.encoder_.transform(X)
    if not encoded.shape[1]:
        return np.zeros((len(encoded), 1))
    if np.abs(encoded).max() > _HUGE:
        raise ValueError(f"Some numbers of X are beyond {_HUGE:g}, too large to be squared: rescale their columns.")
    return encoded - vars(estimator).get("shift_", 0.0)  # which older files do not have


def rows_that_count(sample_weight, *parts):
    """What has a line for each row (or is None), all of it checked, and the weights, where these are not zero."""
    if sample_weight is None:
        return *parts, None
    weight = check_weight(sample_weight, len(parts[0]))
    rows = np.flatnonzero(weight)
    if len(rows) == len(weight):
        return *parts, weight
    return *(None if part is None else take_rows(part, rows) for part in parts), weight[rows]


def read_groups(groups, n_rows):
    """The names of what rows belong to, or None."""
    if groups is None:
        return None
    if np.shape(groups) != (n_rows,):
        raise ValueError(
            f"groups must say for each of the {n_rows} rows which others of its task it belongs with, got an array of "
            f"shape {np.shape(groups)}."
        )
    groups = np.asarray(groups)
    if any(map(is_missing, factorize(groups)[0])):
        raise ValueError("groups holds missing values: name a group of its own for rows that belong with no others.")
    return groups


def spread_evenly(X):
    """Some rows of a table, by which its tasks are compared."""
    return take_rows(X, np.linspace(0, X.shape[0] - 1, min(X.shape[0], _PROBES)).astype(int))
