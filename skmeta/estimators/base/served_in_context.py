"""The in-context learner as it answers: few rows in double precision, many in single, further rows appended."""

import copy

import numpy as np
import torch

from skmeta.estimators.base.rows import in_unit_of
from skmeta.estimators.base.served_learner import ServedLearner
from skmeta.estimators.base.trees import WithTrees
from skmeta.exceptions import warn_caller
from skmeta.learners.in_context import learner as in_context

MAX_ROWS_IN_DOUBLE = 64
MANY_ROWS = 10_000  # here boosted trees are about as good, and several times quicker
GROWTH = 0.25  # of the encoded rows; so rows that come one by one cost an encoding now and then, ever more rarely


class ServedInContext(ServedLearner):
    """Adapts by encoding, and appends few further rows to what is encoded; many are encoded anew.

    Rows keep double precision until they are measured: a large offset must not eat small differences.
    """

    def __init__(self, learner, device):
        self.device = torch.device(device)
        self.dtype = torch.float32 if self.device.type == "mps" else torch.float64
        # further training makes a net of its own, so the learner need not be copied to be safe from it
        self.learner, self.is_quick = WithTrees(PrecisionBySize(learner.eval())), False

    @property
    def bare(self):
        """The learner itself."""
        return self.learner.learner.learner

    def adapt(self, support, y, exists=None, settings=None):
        if len(support.y) > MANY_ROWS:
            warn_caller(
                f"The table has {len(support.y)} rows. In-context estimators are made for {MANY_ROWS} or fewer; on "
                "more, scikit-learn's HistGradientBoosting is likely to be as good, and is several times quicker.",
                UserWarning,
            )
        return super().adapt(support, y, exists, settings) | {"n_rows_encoded": len(support.y)}

    def extended(self, state, old, new, y, settings=None):
        n = state["n_rows_encoded"]
        if "trees" in state:  # they do not grow, and would outvote the network about what they have not seen
            return None
        if n <= MAX_ROWS_IN_DOUBLE or len(old.y) + len(new.y) > (1 + GROWTH) * n:
            return None
        if _are_codes(y) and not np.isin(new.y, old.y).all():
            return None
        categorical = np.flatnonzero(self.bare.categorical or [])
        if not all(np.isin(_present(new.X[:, j]), old.X[:, j]).all() for j in categorical):
            return None
        # the statistics of columns and targets stay those of the encoded rows, and say nothing of values far from them
        if not _are_near(new.X, old.X[:n]) or not _are_codes(y) and not _are_near(new.y, old.y[:n]):
            return None
        encoded = old.between(0, n)
        weight = in_unit_of(encoded.weight, encoded.counts, new.weight)
        more = self.tensor(new.X)[None], self.labels(y)[None], self.tensor(weight)[None]
        with torch.no_grad():
            return self.learner.extend(state, *more) | {"n_rows_encoded": n}

    def contributions(self, state, X):
        """What each support row adds to the experts' score of each row of ``X``, (n_rows, n_support, C)."""
        with torch.no_grad():
            return self.learner.explain_rows(state, self.tensor(X)[None]).double().cpu().numpy()

    def as_answered(self, state):
        # and of a regression in single precision another runtime's rounding is felt
        if "trees" in state or self.bare.task_type == "regression" and not state["double"]:
            return None
        return self.learner.learner.network(state), state

    @staticmethod
    def support_scale(state):
        """(n_targets,) what the learner has standardised the support's targets with."""
        return np.stack([part["scale"].double().cpu().numpy()[:, 0, 0] for part in state["parts"]]).mean(0)

    def tensor(self, array, dtype=None):
        # torch wants to own its memory
        return torch.as_tensor(np.require(array, requirements="CW"), dtype=dtype or self.dtype, device=self.device)


class PrecisionBySize:
    """Serves small supports in double precision, where it costs little and equal questions get equal answers but for
    the last digits, and larger ones in single. Rows are independent of each other, up to rounding, in both.

    Only the cells of many queries are read in single precision always, where double would cost half as much again.
    """

    def __init__(self, learner):
        self.learner, self._double = learner, None

    @property
    def most_rows(self):
        """Rows that are read together."""
        return in_context.MAX_SUPPORT

    def _serving(self, double):
        if not double:
            return self.learner
        if self._double is None:
            self._double = copy.deepcopy(self.learner).double()
            self._double.reader = self.learner
        return self._double

    def network(self, state):
        """The learner in the precision that a state is in, in which it reads all cells, however many rows there are."""
        learner = copy.copy(self._serving(state["double"]))
        learner._modules = {name: part for name, part in learner._modules.items() if name != "reader"}
        vars(learner)["reader"] = None
        return learner

    def adapt(self, support_X, *more, **named):
        double = support_X.dtype == torch.float64 and support_X.shape[1] <= MAX_ROWS_IN_DOUBLE
        return {**self._serving(double).adapt(support_X, *more, **named), "double": double}

    def extend(self, state, *more):
        return self._serving(state["double"]).extend(state, *more)

    def ask_others(self, state, X, rows):
        return self._serving(state["double"]).ask_others(state, X, rows)

    def predict(self, state, query_X):
        learner = self._serving(state["double"])
        with torch.inference_mode():  # spares each of a row's hundreds of small steps some of its time
            return learner.predict(state, query_X)

    def predict_mixture(self, state, query_X):
        learner = self._serving(state["double"])
        with torch.inference_mode():
            return learner.predict_mixture(state, query_X)

    def explain_rows(self, state, query_X):
        return self._serving(state["double"]).explain_rows(state, query_X)


def _are_codes(y):
    """Whether these are codes of classes."""
    return y.dtype.kind in "iu"


def _are_near(values, known):
    """Whether no value lies farther outside the range of what is known of its column than that range is wide."""
    low, high = np.fmin.reduce(known), np.fmax.reduce(known)
    room = high - low
    return ((low - room <= values) & (values <= high + room) | np.isnan(values)).all()


def _present(column):
    return column[~np.isnan(column)]
