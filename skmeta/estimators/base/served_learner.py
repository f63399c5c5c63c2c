"""The trained learner as it answers: frozen, in the precision that its answers need. All tensors live here."""

import copy

import numpy as np
import torch
from scipy import sparse

from skmeta.estimators.base.rows import as_counts
from skmeta.learners.base import Learner, innermost
from skmeta.native import RowFunction
from skmeta.progress import progress
from skmeta.tasks.store import SparseRows, rows_at_once, similar_size_chunks

#: The last digits of a matrix product's row depend on the number of rows and on the row's place among them. They do not
#: where that number is a multiple of the tiles that processors work in; 48 is one of all that are in use.
TILE = 48
BLOCK = 32 * TILE
#: Numbers in what a layer puts out for a block. What is much larger than the caches is handed back to the operating
#: system when it is freed, and every page of it is fetched and cleared anew for the next block.
_NUMBERS = 200_000
_ROWS_AT_ONCE = 16384


class ServedLearner:
    """A frozen copy of a learner that adapts to tasks and answers rows.

    It is in double precision, which keeps row i of an answer independent of the rows beside it to the last digit that
    counts. Where that is not felt, many rows are answered in single precision, in blocks of full tiles.

    Settings of adaptation are arguments of every call; nothing is set on the learner, which copies of an estimator
    share between threads.

    Parameters
    ----------
    learner : Learner
        Trained; it is copied.
    device : str or torch device
    """

    _view = {}, None  # settings, and the learner with these in force

    def __init__(self, learner, device):
        self.device = torch.device(device)
        self.dtype = torch.float32 if self.device.type == "mps" else torch.float64
        self.learner = copy.deepcopy(learner).eval().requires_grad_(False).to(self.dtype)
        self.is_quick = bool(getattr(self.learner, "single_precision", False))
        self._block, self._single, self._last = rows_in_a_block(self.learner), None, (None, None)

    @property
    def bare(self):
        """The learner itself, whatever stands around it."""
        return innermost(self.learner)

    @property
    def single(self):
        """The learner in single precision, made when it is first needed."""
        if self._single is None:
            self._single = copy.deepcopy(self.learner).float()
        return self._single

    def as_answered(self, state):
        """The learner and a state of its, in the precision in which many rows are answered.

        None where something else than this torch module takes part.
        """
        return (self.single, _single(state)) if self.is_quick else (self.learner, state)

    # ------------------------------------------------------------------ one task

    def adapt(self, support, y, exists=None, settings=None):
        """The state of one task.

        Parameters
        ----------
        support : Support
            Its rows and their weights.
        y : ndarray
            Codes of its classes, or standardised targets.
        exists : ndarray of bool, default=None
            Which classes the task has; None in regression.
        settings : dict, default=None
            Settings of adaptation now in force.
        """
        with torch.no_grad():
            return self._configured(settings).adapt(
                self.tensor(support.X)[None],
                self.labels(y)[None],
                self._weight(support),
                *(() if exists is None else (self.tensor(exists, torch.bool)[None],)),
            )

    def extended(self, state, old, new, y, settings=None):
        """The state after further rows of the same classes, or None where all rows have to be looked at again.

        Parameters
        ----------
        state : nest of tensors
        old, new : Support
            Rows that the state has seen, and those to add.
        y : ndarray
            Codes or standardised targets of the new rows.
        settings : dict, default=None
        """
        more = self.further(old, new, y)
        with torch.no_grad():
            return None if more is None else self._configured(settings).update(state, *more)

    def further(self, old, new, y):
        """Further rows as tensors (1, n, ...), or None where beside them the old ones count otherwise than before."""
        n, weight = len(old.y), as_counts(np.concatenate([old.weight, new.weight]))
        if not np.array_equal(weight[:n], old.counts):
            return None
        return self.tensor(new.X)[None], self.labels(y)[None], self.tensor(weight[n:])[None]

    def answer(self, state, X, ask="predict", exact=False):
        """Outputs (n_rows, C or k) for rows.

        Parameters
        ----------
        state : nest of tensors
        X : ndarray of shape (n_rows, n_features)
        ask : str, default="predict"
            The learner's method.
        exact : bool, default=False
            Whether double precision is asked for, and logits as they are: in single they may lack a constant.
        """
        with torch.no_grad():
            if self.is_quick and not exact and ask == "predict":
                return answers_in_blocks(self._answerer(state), X, self.device, self._block)
            n = rows_at_once(X, _ROWS_AT_ONCE)
            blocks = [
                getattr(self.learner, ask)(state, self.tensor(X[i : i + n])[None])[0] for i in range(0, X.shape[0], n)
            ]
        return torch.cat(blocks).cpu().numpy()

    def embed(self, X):
        """Rows as points (n_rows, e) of the learned space."""
        with torch.no_grad():
            return self.bare.embed(self.tensor(X)[None])[0].cpu().numpy()

    # ------------------------------------------------------------------ many tasks

    def answer_tasks(self, tasks, codec, weight=None, ask="predict", settings=None, verbose=0):
        """Adapt to every task's support and answer its query rows, tasks of similar size together.

        Returns
        -------
        answers : list of ndarrays of shape (n_query, C or k)
        about : list
            What ``codec`` says of each task.
        """
        dtype = torch.float32 if self.is_quick else self.dtype
        learner = self.configured(self.single if self.is_quick else self.learner, settings)
        store, about = codec.store(tasks, dtype=dtype, weight=weight, device=self.device)
        outputs, n_query = [None] * len(tasks), tasks.n_query.tolist()
        with progress("tasks", len(tasks), verbose, leave=False) as done, torch.no_grad():
            for chunk in similar_size_chunks(tasks.n_support, tasks.n_query, rows_at_once(store.X, _ROWS_AT_ONCE)):
                batch, _ = store.whole_tasks(chunk)
                query_X = batch.pop("query_X")
                if not query_X.shape[1]:  # learners are asked about a row at least
                    query_X = query_X.new_zeros(len(chunk), 1, query_X.shape[2])
                if ask == "predict" and isinstance(learner, Learner):
                    answers = learner.adapt_and_predict(query_X=query_X, **batch)
                else:
                    answers = getattr(learner, ask)(learner.adapt(**batch), query_X)
                for task, answer in zip(chunk.tolist(), answers.cpu().numpy()):
                    outputs[task] = answer[: n_query[task]]
                done(len(chunk))
        return outputs, about

    # ------------------------------------------------------------------ many tasks by sums over their rows

    def numbers_a_class(self, n_features):
        """How many numbers are in the sums of a class's rows, in regression of all; None where rows are needed."""
        if getattr(type(self.learner), "sums", Learner.sums) is Learner.sums:
            return None
        is_classification = self.learner.task_type == "classification"
        y = np.zeros((1, 1), dtype=np.int64) if is_classification else np.zeros((1, 1, self.learner.n_outputs))
        batch = {"support_X": self.tensor(np.zeros((1, 1, n_features))), "support_y": self.labels(y)}
        if is_classification:
            batch["class_mask"] = self.tensor(np.ones((1, 1)), torch.bool)
        sums = self.sums(batch)
        return None if sums is None else sum(part.size for part in sums)

    def sums(self, batch):
        """The learner's sums of tasks' rows as arrays, or None where it needs the rows themselves."""
        with torch.no_grad():
            sums = self.learner.sums(**batch)
        return None if sums is None else [part.cpu().numpy() for part in sums]

    def answer_sums(self, sums, exists, X, settings=None):
        """Outputs (T, m, C or k) for rows (T, m, d) of tasks that are known by their sums."""
        with torch.no_grad():
            learner = self._configured(settings)
            exists = None if exists is None else self.tensor(exists, torch.bool)
            state = learner.adapt_to_sums([self.tensor(part) for part in sums], exists)
            return learner.predict(state, self.tensor(X)).cpu().numpy()

    # ------------------------------------------------------------------ numbers to tensors, and settings

    @staticmethod
    def configured(learner, settings):
        """The learner with settings in force: a view of it that shares its tensors."""
        return learner.configured(**settings) if settings else learner

    def _configured(self, settings):
        """The learner with settings in force, which is remembered until others are."""
        if not settings:
            return self.learner
        last, view = self._view  # read once: another thread may be here too
        if settings != last:
            view = self.configured(self.learner, settings)
            self._view = settings, view
        return view

    def tensor(self, array, dtype=None):
        """An array as a tensor where the learner is, in its precision."""
        array = array if isinstance(array, np.ndarray) else array.toarray()
        if not array.flags.writeable:  # support rows of a memory-mapped joblib file are not
            array = array.copy()
        return torch.from_numpy(array).to(self.device, dtype or self.dtype)

    def labels(self, y):
        """Codes stay integers."""
        return self.tensor(y, torch.int64 if y.dtype.kind in "iu" else None)

    def _weight(self, support):
        """The rows' weights, or None where they are all 1, which spares the learner much."""
        if len(support.weight) and (support.weight == 1).all():
            return None
        return self.tensor(support.counts)[None]

    def _answerer(self, state):
        """The single learner's ``answerer`` of a state, which is remembered until another is asked about."""
        last, answer = self._last
        if last is not state:
            answer = self.single.answerer(_single(state))
            self._last = state, answer
        return answer

    def __getstate__(self):
        # a function of rows may hold addresses of this process
        return vars(self) | {"_last": (None, None), "_view": ({}, None)}


def rows_in_a_block(learner):
    """How many rows are answered at once: fewer where layers are wide."""
    widest = max((len(value) for value in learner.parameters() if value.dim() == 2), default=1)
    return min(BLOCK, TILE * max(1, _NUMBERS // (widest * TILE)))


def _single(state):
    """A nest of tensors in single precision."""
    if isinstance(state, torch.Tensor):
        return state.float() if state.dtype.is_floating_point else state
    if state is None:
        return None
    if isinstance(state, dict):
        return {name: _single(part) for name, part in state.items()}
    return type(state)([_single(part) for part in state])


def answers_in_blocks(answer, X, device, block=BLOCK):
    """Answers (n, C) to rows: ``answer`` maps (m, d) float32 rows to (C, m), row by row.

    Rows are answered in blocks of ``block``, a multiple of ``TILE``, the last padded with zeros, so that row i of the
    answers is the same, bit for bit, whatever rows are beside it. The kernel's functions see to that themselves.
    """
    n_rows, d = X.shape
    if sparse.issparse(X):
        X = SparseRows(X, torch.float32)
    if isinstance(answer, RowFunction) and n_rows:
        if isinstance(X, np.ndarray):
            return answer(torch.from_numpy(X).float()).numpy().T
        n = rows_at_once(X, n_rows)
        return np.concatenate([answer(X[i : i + n]).numpy().T for i in range(0, n_rows, n)])
    blocks = []
    for first in range(0, n_rows, block):
        rows = torch.as_tensor(X[first : first + block], dtype=torch.float32, device=device)
        n = len(rows)
        if n % TILE:
            rows = torch.cat([rows, rows.new_zeros(TILE - n % TILE, d)])
        blocks.append(answer(rows)[:, :n])
    return torch.cat(blocks, 1).cpu().numpy().T if blocks else None
