"""Estimators from files of format 1."""

from skmeta.estimators._base import MetaEstimator
from skmeta.estimators._columns import ColumnCodes
from skmeta.estimators._support import Support
from skmeta.saving.format_1 import reader
from skmeta.training.saved_net import with_weights

#: the architecture of in-context learners when format 1 was written, which its files do not tell
_IN_CONTEXT = {
    "cell_width": 32, "cell_heads": 2, "n_points": 16, "n_cell_blocks": 2, "n_summary": 4, "row_width": 128,
    "row_heads": 4, "n_row_blocks": 4, "n_neighbours": 3, "max_columns": 100,
}  # fmt: skip


@reader(MetaEstimator)
def read(cls, state, net, given):
    """An estimator from the attributes it had in format 1."""
    estimator = cls()  # so that a parameter younger than the file has its default
    was_adapted = state.pop("_was_adapted", False)
    if "_support" in state:
        state["_support"] = Support(*state["_support"])
    if "_known_tasks" in state:
        state["_known_tasks"] = {name: Support(*rows) for name, rows in state["_known_tasks"].items()}
    if "columns_" in state:
        columns = ColumnCodes()
        vars(columns).update(state["columns_"][1])
        state["columns_"] = columns
    vars(estimator).update(state)
    if net is not None:
        pretrained = vars(estimator).get("pretrained")
        if pretrained is not None:
            estimator.pretrained = False  # the weights are in the file
        made = estimator._make_net(estimator.n_features_in_, None, net["seed"], False)
        if pretrained is not None:
            estimator.pretrained = pretrained
            made.set_params(**{f"learner__{name}": value for name, value in _IN_CONTEXT.items()})
        made.set_params(batch_size=net["batch_size"])
        estimator._serve(with_weights(made, net["weights"], net["history"], given))
    if was_adapted:
        estimator._adapt_again()
    return estimator
