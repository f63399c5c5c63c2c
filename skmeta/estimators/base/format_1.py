"""Estimators are made again from files of format 1, which held the attributes that they had then."""

import numpy as np
import torch

from skmeta.estimators.base.classes import Classes
from skmeta.estimators.base.column_codes import ColumnCodes
from skmeta.estimators.base.current_task import CurrentTask, Support, adapt_again
from skmeta.estimators.base.estimator import MetaEstimator
from skmeta.estimators.base.known_tasks import KnownTasks
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
    parameters = set(estimator.get_params()) | {"_routed", "n_features_in_", "feature_names_in_", "heads_"}
    vars(estimator).update({name: value for name, value in state.items() if name in parameters})
    if state.get("first_order"):
        estimator.gradient = "first-order"
    if net is None:
        return estimator
    estimator.codec_, estimator.rows_ = _codec(cls, state), _rows(estimator, state)
    training = estimator._training_class(estimator)
    training.n_sources, training.n_classes = state.get("n_sources_"), state.get("_n_source_classes")
    pretrained = vars(estimator).get("pretrained")
    if pretrained is not None:
        estimator.pretrained = False  # the weights are in the file
    estimator._module_of_own_classes = None  # there was one default for all tasks
    made = training.make_net(torch.zeros(1, estimator.n_features_in_), None, net["seed"])
    del estimator._module_of_own_classes
    if "learner__from_means" in vars(made):
        made.set_params(learner__from_means=False)
    if pretrained is not None:
        estimator.pretrained = pretrained
        made.set_params(**{f"learner__{name}": value for name, value in _IN_CONTEXT.items()})
    made.set_params(batch_size=net["batch_size"])
    for name in ("module__carry_input", "module__keep_input"):  # bodies of these classifiers did not keep their rows
        if name in vars(made) and issubclass(cls._codec_class, Classes):
            made.set_params(**{name: False})
    estimator._serve(with_weights(made, net["weights"], net["history"], given))
    if "_known_tasks" in state:
        supports = {name: Support(*rows) for name, rows in state["_known_tasks"].items()}
        estimator.known_tasks_ = KnownTasks(supports, state.get("_probes"))
    if state.get("_was_adapted"):
        rows = Support(*state["_support"])
        n_encoded = state.get("n_rows_encoded_", len(rows.y)) if state.get("fine_tuned_", True) else 0
        estimator.task_ = CurrentTask(rows, None, None, state.get("_declared_classes"), n_encoded)
        adapt_again(estimator)
    return estimator


def _codec(cls, state):
    if issubclass(cls._codec_class, Classes):
        return cls._codec_class(state["labels_"], state.get("meta_classes_"))
    return cls._codec_class(state["target_mean_"], state["target_scale_"], state["_targets_1d"])


def _rows(estimator, state):
    rows = estimator._reader_class(estimator)
    if "columns_" in state:
        rows.columns = ColumnCodes()
        vars(rows.columns).update(state["columns_"][1])
    rows.shift = state.get("_column_shift", np.zeros(estimator.n_features_in_))
    return rows
