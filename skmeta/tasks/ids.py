"""Which task each row of a long table belongs to: ids given beside the table, or as columns of it."""

import numpy as np

from skmeta.tasks.meaning import meaning
from skmeta.tasks.rows import column, column_names, is_frame, is_missing, stack_labels, with_columns


def take_task_ids(X, task):
    """The table without its task columns, and one id per row.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
    task : array-like of shape (n_rows,), array-like or DataFrame of shape (n_rows, n_levels), str, or list of str
        The ids themselves, or the name of the DataFrame column that holds them, which is then no feature. Several
        columns say nested groups, the widest first (``["school", "class"]``); an id is then a tuple.

    Returns
    -------
    X : array-like or DataFrame
    ids : ndarray of shape (n_rows,)
        Of objects where ids are tuples.

    Examples
    --------
    >>> import pandas as pd
    >>> from skmeta.tasks.ids import take_task_ids
    >>> table = pd.DataFrame({"school": ["A", "A", "B"], "class": [1, 2, 1], "hours": [3.0, 4.0, 5.0]})
    >>> features, ids = take_task_ids(table, ["school", "class"])
    >>> list(features.columns), ids.tolist()
    (['hours'], [('A', 1), ('A', 2), ('B', 1)])
    """
    columns = _column_names(X, task)
    if columns is not None:
        known = column_names(X)
        if known is None:
            raise ValueError(
                f"task={task!r} names columns, but X is a {type(X).__name__} without any. Pass the ids themselves, "
                "or let the steps before hand on DataFrames (set_output(transform='pandas'))."
            )
        missing = [name for name in columns if name not in known]
        if missing:
            raise ValueError(
                f"task={task!r}: X has no column {missing[0]!r}. It has {known}. If a step before drops or renames it, "
                "let that step pass it through."
            )
        for name in columns:
            if columns.count(name) > 1 or known.count(name) > 1:
                where = f"task={task!r} names" if columns.count(name) > 1 else "X has"
                raise ValueError(f"{where} {name!r} more than once: every column that names tasks has one name.")
        levels = [column(X, name) for name in columns]
        X = X.drop(columns=columns) if is_frame(X) else with_columns(X, [n for n in known if n not in columns])
    elif column_names(task) is not None:
        levels = [column(task, name) for name in column_names(task)]
    else:
        array = _unmixed(task)
        if array.ndim == 0:
            raise ValueError(
                f"task must name the task of every row, got {task!r}. Columns are named by strings: of one that is "
                "called otherwise pass the values, and leave it out of X."
            )
        levels = [array] if array.ndim == 1 else list(array.T)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if any(level.shape != (n_rows,) for level in levels):
        known = column_names(X)
        may_be_names = known is not None and isinstance(task, (list, tuple))
        strange = [name for name in task if isinstance(name, str) and name not in known] if may_be_names else []
        raise ValueError(
            f"task must name the task of each of the {n_rows} rows, got an array of shape {np.shape(levels[0])}"
            + (f"; and X has no column {strange[0]!r}." if strange else ".")
        )
    for level in levels:
        _refuse_missing(level)
    if len(levels) == 1:
        return X, levels[0]
    ids = np.empty(n_rows, dtype=object)
    ids[:] = list(zip(*(level.tolist() for level in levels)))
    return X, ids


def find_task_ids(X, task, names=None):
    """The table without its task columns, and one id per row, or None where nothing says which task a row belongs to.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_rows, n_features)
    task : as for :func:`take_task_ids`, or None
    names : list of str, default=None
        Columns that are known to name tasks; without ``task`` they are looked for in the table.

    Returns
    -------
    X : array-like or DataFrame
    ids : ndarray of shape (n_rows,) or None

    Examples
    --------
    >>> import pandas as pd
    >>> from skmeta.tasks.ids import find_task_ids
    >>> table = pd.DataFrame({"site": ["A", "B"], "hours": [3.0, 4.0]})
    >>> find_task_ids(table, None, ["site"])[1].tolist(), find_task_ids(table[["hours"]], None, ["site"])[1]
    (['A', 'B'], None)
    """
    if task is not None:
        return take_task_ids(X, task)
    if names and set(names) <= set(column_names(X) or ()):
        return take_task_ids(X, names[0] if len(names) == 1 else names)
    return X, None


def names_of_columns(X, task):
    """The columns of a table that ``task`` names, as a list, or None where it holds the ids themselves."""
    return None if task is None else _column_names(X, task)


def _unmixed(task):
    """Ids as an array; numbers beside text stay numbers, which numpy would turn into text."""
    if isinstance(task, (list, tuple)) and len(task) and all(isinstance(name, (list, tuple)) for name in task):
        levels = [_unmixed(level) for level in zip(*task)]
        return np.stack([level.astype(object) for level in levels], axis=1)
    array = np.asarray(task)
    if isinstance(task, (list, tuple)) and array.ndim == 1 and array.dtype.kind in "US":
        array = np.asarray(task, dtype=None if all(isinstance(name, (str, bytes)) for name in task) else object)
    return array


def _column_names(X, task):
    """The columns that ``task`` names, or None where it holds the ids themselves."""
    if isinstance(task, str):
        return [task]
    may_be_names = isinstance(task, (list, tuple)) and task and all(isinstance(name, str) for name in task)
    # as many strings as rows are ids, even where columns happen to be called so
    known = column_names(X) if may_be_names else None
    if known is not None and len(task) != X.shape[0] and set(task) <= set(known):
        return list(task)
    return None


def factorize(ids):
    """Distinct ids and each row's position among them.

    Returns
    -------
    names : list
        Sorted where they can be compared, else in order of appearance; plain Python objects.
    code : ndarray of int of shape (n_rows,)
    """
    if ids.dtype.kind != "O":
        names, code = np.unique(ids, return_inverse=True)
        # dates of numpy stay as they are: as plain objects the fine ones would be bare integers
        return list(names) if names.dtype.kind in "mM" else names.tolist(), code.ravel()
    places = {}
    code = np.fromiter((places.setdefault(name, len(places)) for name in ids), dtype=np.int64, count=len(ids))
    names = [name.item() if isinstance(name, np.generic) else name for name in places]
    try:
        order = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:
        return names, code
    position = np.empty(len(names), dtype=np.int64)
    position[order] = np.arange(len(names))
    return [names[i] for i in order], position[code]


def refuse_lookalikes(names, known):
    """Refuse ids that are not known, but would be if they were numbers, text or dates as those are, or without blanks.

    A table that is read anew often has ids of another kind; its tasks would be answered as if they were new.

    Examples
    --------
    >>> from skmeta.tasks.ids import refuse_lookalikes
    >>> refuse_lookalikes(["8", 9], {7: "rows"})
    >>> refuse_lookalikes(["7"], {7: "rows"})
    Traceback (most recent call last):
        ...
    ValueError: Task '7' was never seen, but 7 was: write ids as they were written before, as numbers or text.
    """
    strangers = [name for name in names if name not in known]
    if any(isinstance(name, tuple) for name in strangers):  # of groups that are nested, the wider ones may be known
        known = dict.fromkeys(group for name in known for group in _groups_around(name))
        strangers = dict.fromkeys(group for name in strangers for group in _groups_around(name) if group not in known)
    if found := lookalike(strangers, known):
        name, other = found
        raise ValueError(
            f"Task {name!r} was never seen, but {other!r} was: write ids as they were written before, as numbers or "
            "text."
        )


def lookalike(strangers, known):
    """The first of these values that is a known one spelled otherwise, with that one; None if there is none.

    Examples
    --------
    >>> from skmeta.tasks.ids import lookalike
    >>> lookalike(["red", "blue "], {"blue": 0})
    ('blue ', 'blue')
    >>> lookalike([1], ["2", "01"])
    (1, '01')
    """
    strangers = list(strangers)
    seen = {}
    for value in known if strangers else ():
        seen.setdefault(meaning(value), value)
    found = ((value, meaning(value)) for value in strangers)
    return next(((value, seen[what]) for value, what in found if what in seen), None)


def _groups_around(name):
    """A nested group and those that it lies in."""
    return [name[:depth] for depth in range(1, len(name) + 1)] if isinstance(name, tuple) else [name]


def in_order_of_rows(answers, code):
    """Answers to the rows of each task, task after task, as one array in the order that the rows came in."""
    together = np.concatenate(answers)
    out = np.empty_like(together)
    out[np.argsort(code, kind="stable")] = together
    return out


def _refuse_missing(level):
    if level.dtype.kind == "f":
        missing = np.isnan(level)
    elif level.dtype.kind in "mM":
        missing = np.isnat(level)
    elif level.dtype.kind == "O":
        missing = np.fromiter((is_missing(name) for name in level), dtype=bool, count=len(level))
    else:
        return
    if missing.any():
        raise ValueError(f"task has {int(missing.sum())} missing ids: give every row a task, or drop those rows.")


def ids_as_array(names):
    """(n_tasks,) of ids: of objects where they are tuples, or numbers beside text."""
    if not any(isinstance(name, tuple) for name in names):
        return stack_labels([[name] for name in names])
    out = np.empty(len(names), dtype=object)
    out[:] = names
    return out
