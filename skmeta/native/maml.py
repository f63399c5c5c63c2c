"""The kernel's functions on torch tensors: adapt tasks, answer their queries, and the derivative of the answers."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import torch

from skmeta.native.compilation import library
from skmeta.native.stack import Problem

#: memory of at most so many bytes is kept for the next call, for each of the two precisions; convolutions need much
MOST_SPARE_BYTES = 2**28
_spare = {}
#: about a millisecond's multiplications
WORK_OF_A_THREAD = 5 * 10**7
KEEP = {None: 0, "last": 1, "all": 2}
MISFIT = "Rows, targets, weights and classes of the tasks do not fit one another or the network."
SUFFIXES = {torch.float32: "_float32", torch.float64: "_float64"}


class Misfit(ValueError):
    """Tensors of other shapes than the kernel reads."""


class Job:
    """One call of the kernel: a stack, its start, and some tasks.

    support_X (T, n, d) or (T, n, H, W, C), targets (T, C, n), share (T, 1, n) or None, hidden (T, C, 1) bool or None,
    query_X (T, m, ...) or None; rates one float for each step. All of one dtype, float32 or float64, on the CPU.
    ``keep`` says what derivative will be asked for: none, "last" for the first order's, or "all" for the true one.
    """

    def __init__(self, stack, params, support_X, targets, share, hidden, query_X, rates, keep=None):
        self.stack, self.params, self.dtype = stack, [value.detach().contiguous() for value in params], support_X.dtype
        self.n_tasks, self.n_classes = len(support_X), len(self.params[-1])
        self.tensors = [
            None if value is None else value.detach().contiguous()
            for value in (support_X, targets, share, hidden, query_X)
        ]
        layers, image = stack.described(self.params), support_X.shape[2:]
        if layers is None or len(image) not in (1, 3) or not _fit(self.n_classes, *self.tensors):
            raise Misfit(MISFIT)
        self.problem = Problem(
            len(stack.layers),
            support_X.shape[1],
            0 if query_X is None else query_X.shape[1],
            len(rates),
            stack.loss,
            KEEP[keep],
            (ctypes.c_int64 * 3)(*([1] * (3 - len(image)) + list(image))),
            layers,
            (ctypes.c_double * max(len(rates), 1))(*rates),
        )
        sizes = (ctypes.c_int64 * 5)()
        if not self._call("sizes", sizes):
            raise Misfit(MISFIT)
        n_start, self.n_kept, self.n_work, self.n_scratch, self.row_work = sizes
        self.start = torch.empty(n_start, dtype=self.dtype)
        self._call("pack_start", self._pointers(self.params), _address(self.start))
        self.kept = self._parts = None

    def adapt(self, answers=True, adapted=False):
        """Answers (T, C, m), or None; and adapted parameters (T, *shape) in torch's order, or None."""
        rows = 3 * self.problem.n_support * self.problem.steps + self.problem.n_query
        self._parts = _parts(self.n_tasks, self.n_tasks * rows * self.row_work)
        self.kept = _take(self.n_tasks * self.n_kept, self.dtype)
        work = torch.empty(len(self._parts), self.n_work, dtype=self.dtype)
        X, targets, share, hidden, Q = self.tensors
        out = torch.empty(self.n_tasks, self.n_classes, self.problem.n_query, dtype=self.dtype) if answers else None
        values = [torch.empty(self.n_tasks, *v.shape, dtype=self.dtype) for v in self.params] if adapted else None
        pointers = self._pointers(values) if adapted else None

        def run(i, tasks):
            places = [_address(v) for v in (self.start, X, targets, share, hidden, Q, self.kept, work[i], out)]
            self._call("adapt", *places, pointers, ctypes.c_int64(tasks.start), ctypes.c_int64(tasks.stop))

        _each(run, self._parts)
        return out, values

    def derivative(self, d_answers):
        """The gradient at the start, in torch's order, given that by the answers (T, C, m)."""
        total = torch.zeros(len(self._parts), len(self.start), dtype=self.dtype)
        scratch = torch.empty(len(self._parts), self.n_scratch, dtype=self.dtype)
        d_answers, (X, _, share, _, Q) = d_answers.to(self.dtype).contiguous(), self.tensors
        if d_answers.shape != (self.n_tasks, self.n_classes, self.problem.n_query):
            raise Misfit(f"The derivative by the answers has shape {tuple(d_answers.shape)}, unlike the answers.")

        def run(i, tasks):
            places = [_address(v) for v in (self.start, X, share, Q, d_answers, self.kept, scratch[i], total[i])]
            self._call("derivative", *places, ctypes.c_int64(tasks.start), ctypes.c_int64(tasks.stop))

        _each(run, self._parts)
        total, gradients = total.sum(0), [torch.empty_like(value) for value in self.params]
        self._call("unpack_one", _address(total), self._pointers(gradients))
        return gradients

    def __del__(self):
        _give_back(getattr(self, "kept", None))

    def _pointers(self, params):
        values = self.stack.arranged(params)
        return (ctypes.c_void_p * len(values))(*[None if value is None else value.data_ptr() for value in values])

    def _call(self, name, *arguments):
        return getattr(library(), name + SUFFIXES[self.dtype])(ctypes.byref(self.problem), *arguments)


def _fit(n_classes, support_X, targets, share, hidden, query_X):
    """Whether shapes are exactly those that the kernel reads: it neither broadcasts nor looks."""
    n_tasks, n, *image = support_X.shape
    n_query = 0 if query_X is None else query_X.shape[1]
    pairs = [
        (targets, (n_tasks, n_classes, n)),
        (share, (n_tasks, 1, n)),
        (hidden, (n_tasks, n_classes, 1)),
        (query_X, (n_tasks, n_query, *image)),
    ]
    return all(value is None or value.shape == shape and value.dtype == support_X.dtype for value, shape in pairs)


def _take(size, dtype):
    """Uninitialised memory; that of the last call if it suffices, as the system is slow to hand out new pages."""
    spare = _spare.pop(dtype, None)  # at once, whatever other threads do
    return spare if spare is not None and len(spare) >= size else torch.empty(size, dtype=dtype)


def _give_back(memory):
    if memory is not None and memory.nbytes <= MOST_SPARE_BYTES:
        _spare[memory.dtype] = memory


def _address(tensor):
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _parts(n_tasks, work):
    """Runs of tasks of nearly one length, one for each thread that has work enough to be worth its start."""
    n_parts = max(1, min(torch.get_num_threads(), n_tasks, work // WORK_OF_A_THREAD))
    bounds = [n_tasks * i // n_parts for i in range(n_parts + 1)]
    return [range(a, b) for a, b in zip(bounds[:-1], bounds[1:])]


def _each(run, parts):
    """Call ``run(i, part)`` for each part, together: the kernel lets go of Python's lock."""
    if len(parts) == 1:
        run(0, parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(run, range(len(parts)), parts))
