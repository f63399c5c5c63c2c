"""scikit-learn's face of the learners: the estimators that the registry says lie in this room."""

from skmeta.estimators.base import format_1  # noqa: F401 - makes itself known to load
from skmeta.registry import REGISTRY

__all__ = sorted(name for name, entry in REGISTRY.items() if entry.module.startswith(__name__))
globals().update({name: REGISTRY[name].cls for name in __all__})
