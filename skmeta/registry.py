"""The public estimators, in one list: names, families, and the ways in that each has.

What ``from skmeta.estimators import *`` gives, the README's table, the reference and the tests of the contract are made
from it, so that no claim can be untrue.
"""

import importlib
from dataclasses import dataclass, field

#: what the contract asks of every estimator
WAYS = (
    "fit(tasks)",
    "fit(X, y, task=)",
    "fit(X, y)",
    "adapt",
    "partial_fit",
    "predict(tasks)",
    "score(tasks)",
    "save",
)


@dataclass(frozen=True)
class Entry:
    """A public estimator.

    Parameters
    ----------
    name : str
    family : str
    module : str
        Where it is defined.
    lacks : dict of str to str
        Ways in that it cannot have, and why; a call that goes there says so.
    fails : dict of str to str
        Checks of scikit-learn that it cannot meet, and why.
    """

    name: str
    family: str
    module: str
    lacks: dict = field(default_factory=dict)
    fails: dict = field(default_factory=dict)

    @property
    def cls(self):
        """The class itself."""
        return getattr(importlib.import_module(self.module), self.name)

    def has(self, way):
        """Whether the estimator has a way in."""
        if way not in WAYS:
            raise ValueError(f"{way!r} is none of the ways in: {', '.join(WAYS)}.")
        return way not in self.lacks


_WRAPS = "it wraps a learner that is meta-trained already: fit that one on the tasks"
_ONE_TASK = "it answers the one task it was fitted to: ask its learner"
_FEW_SHOT = {
    "fit(tasks)": _WRAPS, "fit(X, y, task=)": _WRAPS, "adapt": "its fit is adaptation",
    "predict(tasks)": _ONE_TASK, "score(tasks)": _ONE_TASK,
}  # fmt: skip
_SELECTOR = {"fit(X, y)": "it needs source tasks", "partial_fit": "it selects sources anew for each task: adapt"}
_TRANSFORMS = "it changes columns and answers nothing"
_TRANSFORMER = {
    "fit(X, y, task=)": _TRANSFORMS, "adapt": _TRANSFORMS, "partial_fit": _TRANSFORMS,
    "predict(tasks)": _TRANSFORMS, "score(tasks)": _TRANSFORMS,
}  # fmt: skip

#: every family's files below ``skmeta``, and the estimators in them
_FILES = {
    "in-context, pretrained": {"estimators.in_context": ["InContextClassifier", "InContextRegressor"]},
    "related tables": {"task_mixture": ["TaskMixtureClassifier", "TaskMixtureRegressor"]},
    "metric": {
        "estimators.prototypes": ["ProtoNetClassifier"],
        "estimators.simple_shot": ["SimpleShotClassifier"],
        "estimators.matching": ["MatchingNetClassifier"],
        "estimators.relation": ["RelationNetClassifier"],
        "estimators.pairs": ["SiameseNetClassifier", "TripletNetClassifier"],
        "estimators.neighbours": ["MetaKNeighborsClassifier", "MetaKNeighborsRegressor"],
    },
    "optimization": {
        "estimators.maml": ["MAMLClassifier", "MAMLRegressor"],
        "estimators.reptile": ["ReptileClassifier", "ReptileRegressor"],
        "estimators.learned_optimizer": ["LearnedOptimizerClassifier", "LearnedOptimizerRegressor"],
    },
    "convex heads": {
        "estimators.convex_head": ["MetaOptNetClassifier", "MetaOptNetRegressor"],
        "estimators.bayesian_head": ["BayesianHeadRegressor"],
    },
    "model-based": {
        "estimators.recurrent": ["RecurrentClassifier", "RecurrentRegressor", "MANNClassifier"],
        "estimators.hyper_net": ["HyperNetClassifier", "HyperNetRegressor"],
        "estimators.neural_process": ["NeuralProcessRegressor"],
    },
    "transfer": {
        "estimators.fine_tune": ["FineTuneTransfer", "FineTuneTransferRegressor"],
        "estimators.multi_task": ["MultiTaskClassifier", "MultiTaskRegressor"],
        "estimators.weight_average": ["WeightAverageTransfer", "WeightAverageTransferRegressor"],
        "source_selection": ["SourceSelector"],
    },
    "baselines and helpers": {
        "estimators.baselines": ["PooledBaseline", "PerTaskBaseline"],
        "estimators.few_shot": ["FewShotClassifier", "FewShotRegressor"],
        "preprocessing": ["PerTask", "TableEncoder"],
    },
}
_LACKS = {
    "FewShotClassifier": _FEW_SHOT,
    "FewShotRegressor": _FEW_SHOT,
    "SourceSelector": _SELECTOR,
    "PerTask": _TRANSFORMER,
    "TableEncoder": _TRANSFORMER | {"fit(tasks)": "PerTask(TableEncoder()) takes tasks"},
}
_FOLDS_ARE_DRAWN = {
    "check_sample_weight_equivalence_on_dense_data": "only proportions of weights count; cv is a number of folds, "
    "drawn anew, and copies of a row fall into several of them, where one row that weighs as much falls into one"
}
_FAILS = {"TaskMixtureClassifier": _FOLDS_ARE_DRAWN, "TaskMixtureRegressor": _FOLDS_ARE_DRAWN}

REGISTRY = {
    name: Entry(name, family, f"skmeta.{file}", _LACKS.get(name, {}), _FAILS.get(name, {}))
    for family, files in _FILES.items()
    for file, names in files.items()
    for name in names
}
FAMILIES = {family: [name for names in files.values() for name in names] for family, files in _FILES.items()}


def all_estimators(family=None, way=None):
    """Every public estimator, or those of a family, or those that have a way in.

    Parameters
    ----------
    family : str, default=None
        One of ``FAMILIES``.
    way : str, default=None
        One of ``WAYS``.

    Returns
    -------
    classes : list of classes

    Examples
    --------
    >>> from skmeta.registry import all_estimators
    >>> [cls.__name__ for cls in all_estimators(family="related tables")]
    ['TaskMixtureClassifier', 'TaskMixtureRegressor']
    """
    return [
        entry.cls
        for entry in REGISTRY.values()
        if (family is None or entry.family == family) and (way is None or entry.has(way))
    ]
