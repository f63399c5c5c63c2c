"""Which engine for which body."""

from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.rnn import RNNBase

from skmeta import native
from skmeta.learners.engine.any_module import AnyModuleEngine
from skmeta.learners.engine.closed_form import ClosedFormEngine
from skmeta.learners.engine.naive import NaiveEngine
from skmeta.learners.engine.native import NativeEngine, kernel_stack
from skmeta.learners.engine.recognise import as_feed_forward

ENGINES = {
    "native": NativeEngine,
    "closed_form": ClosedFormEngine,
    "any_module": AnyModuleEngine,
    "naive": NaiveEngine,
}


def choose_engine(body, loss="cross_entropy", *, has_head=True, engine="auto"):
    """The fastest engine that understands the body; its ``name`` says which it is.

    Parameters
    ----------
    body : nn.Module
        Rows to embeddings, or to outputs with ``has_head=False``.
    loss : {"cross_entropy", "mse", "gaussian"}
    has_head : bool
    engine : {"auto", "native", "closed_form", "any_module", "naive"}

    Examples
    --------
    >>> from torch import nn
    >>> choose_engine(nn.Sequential(nn.Linear(2, 8), nn.LayerNorm(8)), loss="gaussian").name
    'closed_form'
    >>> choose_engine(nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.1))).name
    'any_module'
    """
    if engine == "auto":
        plan = as_feed_forward(body, has_head)
        engine = "closed_form" if plan is not None else "any_module"
        if native.available() and kernel_stack(plan, loss) is not None:
            engine = "native"
        if any(_cannot_be_mapped(part) for part in body.modules()):
            engine = "naive"
    if engine not in ENGINES:
        raise ValueError(f"engine must be 'auto' or one of {sorted(ENGINES)}, got {engine!r}.")
    return ENGINES[engine](body, loss, has_head=has_head)


def _cannot_be_mapped(part):
    """Running statistics are updated in place, and torch has no batching rule for its recurrent layers."""
    return isinstance(part, RNNBase) or (isinstance(part, _NormBase) and part.track_running_stats)
