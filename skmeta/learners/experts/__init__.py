"""Closed-form experts: each is solved on a support and scores its own support rows leave-one-out.

:mod:`machines` holds those with settings chosen once for all tables, which the network reads; :mod:`tuned_numbers` and
:mod:`tuned_classes` those that are tuned to each table.
"""

from skmeta.learners.experts.machines import (
    N_READ,
    extend_experts,
    fit_experts,
    score_queries,
    support_contributions,
)
from skmeta.learners.experts.tuned_classes import extend_tuned_classes, fit_tuned_classes, score_tuned_classes
from skmeta.learners.experts.tuned_numbers import extend_tuned, fit_tuned, score_tuned

__all__ = [
    "N_READ",
    "extend_experts",
    "extend_tuned",
    "extend_tuned_classes",
    "fit_experts",
    "fit_tuned",
    "fit_tuned_classes",
    "score_queries",
    "score_tuned",
    "score_tuned_classes",
    "support_contributions",
]
