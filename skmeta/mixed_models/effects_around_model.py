"""Task effects around one pooled model: fitted, and asked."""

import numpy as np

from skmeta.mixed_models.design import Design
from skmeta.mixed_models.gaussian_effects import GaussianEffects
from skmeta.mixed_models.logit_effects import LogitEffects
from skmeta.mixed_models.power_law import FactorEffects
from skmeta.mixed_models.segments import rows_of_some_tasks

KINDS = ("task intercept", "task slopes", "task curves")
_WIDTHS = (0.15, 0.4, 1.0, 2.5)
_TASKS_TO_COMPARE = 80  # tell widths apart


def fit_effects(F, rows, n_classes, random_state, start=None, multiplies=False, is_constant=False):
    """``(design, effects)`` of each kind, from a pooled model's answers ``F`` to rows of tasks it has not seen.

    Where the pooled model ``multiplies``, so do the effects. A task may stretch the model's answers, unless it
    ``is_constant``: these tell nothing of a row, and a mean that was taken without a task tells of that task's own.
    ``start`` are such effects fitted to much the same rows; the few numbers they share are then taken from there.
    """
    chosen = rows_of_some_tasks(rows.code)
    kind = LogitEffects if n_classes > 1 else FactorEffects if multiplies else GaussianEffects
    feature = F[:, :0] if is_constant else kind.as_feature(F)
    X, F = np.hstack([rows.X, feature])[chosen], F[chosen]
    y, code, weight = rows.y[chosen], rows.code[chosen], rows.weight[chosen]

    def fitted(design, some=slice(None), **hints):
        model = kind(n_tied=design.n_curves, random_state=random_state)
        model.stretches = not is_constant
        return design, model.fit(design(X[some]), F[some], y[some], code[some], weight[some], **hints)

    if start is not None:
        return [fitted(design, start=before) for design, before in start]
    lines = [fitted(Design(kind).fit(X, weight)) for kind in ("intercept", "slopes")]
    curves = Design("curves", max_columns=10).fit(X, weight)
    # widths are compared by the likelihood of the rows, or by how well rows that were hidden are foretold
    few = rows_of_some_tasks(code, _TASKS_TO_COMPARE)
    bent = [fitted(curves.of_width(width), few, lines=lines[1][1]) for width in _WIDTHS]
    design, effects = max(bent, key=lambda one: one[1].fitness)
    return [*lines, fitted(design, start=effects)]


def ask_effects(design, effects, support, query, F_support, F_query, n_tasks):
    """(n_query, C) answers of one kind of effects, given what the tasks have shown."""
    shown = (design(_with(support.X, F_support, effects)), F_support, support.y, support.code, support.weight)
    asked = (design(_with(query.X, F_query, effects)), F_query, query.code)
    return effects.answer(shown, asked, n_tasks)


def _with(X, F, effects):
    """The common prediction as one more feature, so that a task may stretch it."""
    return np.hstack([X, effects.as_feature(F)]) if effects.stretches else X
