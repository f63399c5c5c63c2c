"""A prior over tables: where the in-context learners' meta-training tasks come from."""

from skmeta.tasks.prior.table_prior import TablePrior

__all__ = ["TablePrior"]
