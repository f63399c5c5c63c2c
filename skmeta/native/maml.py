"""The kernel's functions on torch tensors: adapt tasks, answer their queries, and the derivative of the answers."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import torch

from skmeta.native.compilation import library

MAX_LAYERS = 16
ACTIVATIONS = {name: code for code, name in enumerate(["Identity", "ReLU", "LeakyReLU", "Tanh", "Sigmoid", "ELU"])}
#: memory of at most so many bytes is kept for the next call, for each of the two precisions
MOST_SPARE_BYTES = 2**27
_spare = {}
#: about a millisecond's multiplications
WORK_OF_A_THREAD = 5 * 10**7
KEEP = {None: 0, "last": 1, "all": 2}
LOSSES = {"cross_entropy": 0, "mse": 1}


class _Problem(ctypes.Structure):
    _fields_ = [
        ("n_layers", ctypes.c_int64),
        ("n_support", ctypes.c_int64),
        ("n_query", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("loss", ctypes.c_int64),
        ("keep", ctypes.c_int64),
        ("sizes", ctypes.c_int64 * (MAX_LAYERS + 1)),
        ("activations", ctypes.c_int64 * MAX_LAYERS),
        ("biases", ctypes.c_int64 * MAX_LAYERS),
        ("arguments", ctypes.c_double * MAX_LAYERS),
        ("rates", ctypes.POINTER(ctypes.c_double)),
    ]


class Misfit(ValueError):
    """Tensors of other shapes than the kernel reads."""


class Stack:
    """Linear layers, each with an activation after it, and the inner loss: what the kernel is told of a network.

    Parameters
    ----------
    activations : list of (name, argument)
        One for each layer; the last is ``("Identity", 0.0)``.
    has_bias : list of bool
    loss : {"cross_entropy", "mse"}
    """

    def __init__(self, activations, has_bias, loss):
        self.has_bias, self.loss = has_bias, LOSSES[loss]
        self.activations = [ACTIVATIONS[name] for name, _ in activations]
        self.arguments = [argument for _, argument in activations]

    def weights(self, params):
        """The weights among parameters in torch's order, and the biases, None where a layer has none."""
        params, weights, biases = iter(params), [], []
        for has_bias in self.has_bias:
            weights.append(next(params))
            biases.append(next(params) if has_bias else None)
        return weights, biases

    def sizes(self, params):
        """Columns of the rows, then of each layer's output."""
        weights, _ = self.weights(params)
        return [weights[0].shape[1], *[len(weight) for weight in weights]]


class Job:
    """One call of the kernel: a stack, its start, and some tasks.

    support_X (T, n, d), targets (T, C, n), share (T, 1, n) or None, hidden (T, C, 1) bool or None, query_X (T, m, d)
    or None; rates one float for each step. All of one dtype, float32 or float64, on the CPU. ``keep`` says what
    derivative will be asked for: none, "last" for that of the first order, or "all" for the true one.
    """

    def __init__(self, stack, params, support_X, targets, share, hidden, query_X, rates, keep=None):
        self.stack, self.params, self.dtype = stack, [value.detach().contiguous() for value in params], support_X.dtype
        self.suffix = "_float32" if self.dtype == torch.float32 else "_float64"
        self.sizes = stack.sizes(params)
        self.n_tasks, self.n_classes = len(support_X), self.sizes[-1]
        self.tensors = [
            None if value is None else value.detach().contiguous()
            for value in (support_X, targets, share, hidden, query_X)
        ]
        if not _fit(self.sizes, *self.tensors):
            raise Misfit("Rows, targets, weights and classes of the tasks do not fit one another or the network.")
        self.problem = _Problem(
            len(self.sizes) - 1,
            support_X.shape[1],
            0 if query_X is None else query_X.shape[1],
            len(rates),
            stack.loss,
            KEEP[keep],
            (ctypes.c_int64 * (MAX_LAYERS + 1))(*self.sizes),
            (ctypes.c_int64 * MAX_LAYERS)(*stack.activations),
            (ctypes.c_int64 * MAX_LAYERS)(*stack.has_bias),
            (ctypes.c_double * MAX_LAYERS)(*stack.arguments),
            (ctypes.c_double * max(len(rates), 1))(*rates),
        )
        sizes = (ctypes.c_int64 * 4)()
        self._call("sizes", sizes)
        n_start, self.n_kept, self.n_work, self.n_scratch = sizes
        self.start = torch.empty(n_start, dtype=self.dtype)
        self._call("pack", self._pointers(self.params), _address(self.start))
        self.kept = self._parts = None

    def adapt(self, answers=True, adapted=False):
        """Answers (T, C, m), or None; and adapted parameters (T, *shape) in torch's order, or None."""
        rows = 3 * self.problem.n_support * self.problem.steps + self.problem.n_query
        self._parts = _parts(self.n_tasks, self.n_tasks * rows * len(self.start))
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
        d_answers, share = d_answers.to(self.dtype).contiguous(), self.tensors[2]
        if d_answers.shape != (self.n_tasks, self.n_classes, self.problem.n_query):
            raise Misfit(f"The derivative by the answers has shape {tuple(d_answers.shape)}, unlike the answers.")

        def run(i, tasks):
            places = [_address(v) for v in (self.start, share, d_answers, self.kept, scratch[i], total[i])]
            self._call("derivative", *places, ctypes.c_int64(tasks.start), ctypes.c_int64(tasks.stop))

        _each(run, self._parts)
        total, gradients = total.sum(0), [torch.empty_like(value) for value in self.params]
        self._call("unpack_one", _address(total), self._pointers(gradients))
        return gradients

    def __del__(self):
        _give_back(getattr(self, "kept", None))

    def _pointers(self, params):
        pairs = [pointer for pair in zip(*self.stack.weights(params)) for pointer in pair]
        return (ctypes.c_void_p * len(pairs))(*[None if value is None else value.data_ptr() for value in pairs])

    def _call(self, name, *arguments):
        getattr(library(), name + self.suffix)(ctypes.byref(self.problem), *arguments)


def _fit(sizes, support_X, targets, share, hidden, query_X):
    """Whether shapes are exactly those that the kernel reads: it neither broadcasts nor looks."""
    n_tasks, n, n_query = len(support_X), support_X.shape[1], 0 if query_X is None else query_X.shape[1]
    pairs = [
        (support_X, (n_tasks, n, sizes[0])),
        (targets, (n_tasks, sizes[-1], n)),
        (share, (n_tasks, 1, n)),
        (hidden, (n_tasks, sizes[-1], 1)),
        (query_X, (n_tasks, n_query, sizes[0])),
    ]
    return all(value is None or value.shape == shape for value, shape in pairs)


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
