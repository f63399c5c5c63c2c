"""The public estimators, in one list: names, families, and the ways in that each has.

The README's table, the reference and the tests of the contract are made from it, so that no claim can be untrue.
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
    """

    name: str
    family: str
    module: str = "skmeta.estimators"
    lacks: dict = field(default_factory=dict)

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

FAMILIES = {
    "in-context, pretrained": ["InContextClassifier", "InContextRegressor"],
    "related tables": ["TaskMixtureClassifier", "TaskMixtureRegressor"],
    "metric": [
        "ProtoNetClassifier", "SimpleShotClassifier", "MatchingNetClassifier", "RelationNetClassifier",
        "SiameseNetClassifier", "TripletNetClassifier", "MetaKNeighborsClassifier", "MetaKNeighborsRegressor",
    ],
    "optimization": [
        "MAMLClassifier", "MAMLRegressor", "ReptileClassifier", "ReptileRegressor", "LearnedOptimizerClassifier",
        "LearnedOptimizerRegressor",
    ],
    "convex heads": ["MetaOptNetClassifier", "MetaOptNetRegressor", "BayesianHeadRegressor"],
    "model-based": [
        "RecurrentClassifier", "RecurrentRegressor", "MANNClassifier", "HyperNetClassifier", "HyperNetRegressor",
        "NeuralProcessRegressor",
    ],
    "transfer": [
        "FineTuneTransfer", "FineTuneTransferRegressor", "MultiTaskClassifier", "MultiTaskRegressor",
        "WeightAverageTransfer", "WeightAverageTransferRegressor", "SourceSelector",
    ],
    "baselines and helpers": [
        "PooledBaseline", "PerTaskBaseline", "FewShotClassifier", "FewShotRegressor", "PerTask", "TableEncoder",
    ],
}  # fmt: skip

_ELSEWHERE = {
    "TaskMixtureClassifier": "skmeta.task_mixture",
    "TaskMixtureRegressor": "skmeta.task_mixture",
    "SourceSelector": "skmeta.source_selection",
    "PerTask": "skmeta.preprocessing",
    "TableEncoder": "skmeta.preprocessing",
}
_LACKS = {
    "FewShotClassifier": _FEW_SHOT,
    "FewShotRegressor": _FEW_SHOT,
    "SourceSelector": _SELECTOR,
    "PerTask": _TRANSFORMER,
    "TableEncoder": _TRANSFORMER | {"fit(tasks)": "PerTask(TableEncoder()) takes tasks"},
}

REGISTRY = {
    name: Entry(name, family, _ELSEWHERE.get(name, "skmeta.estimators"), _LACKS.get(name, {}))
    for family, names in FAMILIES.items()
    for name in names
}


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
