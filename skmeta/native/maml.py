"""The kernel's inner loop on torch tensors: adapt tasks, answer their queries, and the derivative of the answers."""

import ctypes

import torch

from skmeta.native.calling import Memory, Misfit, call, each, in_parts, scratch
from skmeta.native.stack import MOST_SIZES, Layers

LOSSES = {"cross_entropy": 0, "mse": 1}
KEEP_NOTHING, KEEP_LAST, KEEP_ALL = range(3)
MISFIT = "Rows, targets, weights and classes of the tasks do not fit one another or the network."


class _Problem(ctypes.Structure):
    _fields_ = [
        ("net", Layers),
        ("n_support", ctypes.c_int64),
        ("n_query", ctypes.c_int64),
        ("steps", ctypes.c_int64),
        ("loss", ctypes.c_int64),
        ("keep", ctypes.c_int64),
        ("first_order", ctypes.c_int64),
        ("n_rates", ctypes.c_int64),
        ("rates", ctypes.POINTER(ctypes.c_double)),
    ]


class Job:
    """One call of the kernel: a stack that ends in "Linear", its start, and some tasks.

    support_X (T, n, d) or (T, n, H, W, C); targets (T, C, n), or labels (T, n) for cross-entropy; share (T, 1, n) or
    None, hidden (T, C, 1) bool or None, query_X (T, m, ...) or None; all on the CPU and of one dtype, float32 or
    float64, but for labels, which are int64. The rates are one float for each step; or for each step, or once for all,
    a list of tensors, with each parameter's shape (``own_rates``).
    ``derivative`` tells whether that will be asked for: "first-order", "true", or None.
    """

    def __init__(
        self, stack, loss, params, support_X, targets, share, hidden, query_X, steps, rates=None, own_rates=(),
        derivative=None,
    ):  # fmt: skip
        self.dtype, self.n_tasks, self.n_classes = support_X.dtype, support_X.shape[0], params[-1].shape[0]
        tensors = support_X, targets, share, hidden, query_X
        self.tensors = [None if value is None else value.contiguous() for value in tensors]
        if not _fit(loss, self.n_classes, *self.tensors):
            raise Misfit(MISFIT)
        self.network = stack.network(params, support_X.shape[2:])
        n_query = 0 if query_X is None else query_X.shape[1]
        rates = None if own_rates else tuple(rates)
        key = support_X.shape[1], n_query, steps, loss, derivative, len(own_rates), rates
        laid_out = self.network.laid_out.get(key)
        if laid_out is None:
            laid_out = self._lay_out(*key)
            if len(self.network.laid_out) > MOST_SIZES:
                self.network.laid_out.clear()
            self.network.laid_out[key] = laid_out
        self.problem, (self.n_kept, self.n_work, self.n_scratch) = laid_out
        self.start, self.own_rates = self.network.packed(params), None
        if own_rates:
            thetas = [self.network.packed(values)[: self.network.n_theta] for values in own_rates]
            self.own_rates = torch.stack(thetas)
        self.kept = self._parts = None

    def _lay_out(self, n_support, n_query, steps, loss, derivative, n_own_rates, rates):
        """The kernel's words for the problem, and the sizes that it asks for."""
        first_order = derivative == "first-order"
        keep = KEEP_NOTHING if derivative is None else KEEP_LAST if first_order and not n_own_rates else KEEP_ALL
        rates = None if rates is None else (ctypes.c_double * steps)(*rates)
        how = LOSSES[loss], keep, first_order, n_own_rates, rates
        problem, sizes = _Problem(self.network.layers, n_support, n_query, steps, *how), (ctypes.c_int64 * 3)()
        call("maml_sizes", self.dtype, problem, sizes)
        return problem, tuple(sizes)

    def adapt(self, answers=True, adapted=False, errors=False):
        """Answers (T, C, m), or None; adapted parameters (T, *shape) in torch's order, or None; and errors, or None.

        Those (T, 2) are the squared errors on the support before the first step and after the last; there are some
        where no derivative was announced.
        """
        rows = 3 * self.problem.n_support * self.problem.steps + self.problem.n_query
        self._parts = in_parts(self.n_tasks, self.n_tasks * rows * self.network.work)
        behind = self.n_tasks * self.n_kept
        self.kept = Memory(behind + len(self._parts) * self.n_work, self.dtype)
        out = torch.empty(self.n_tasks, self.n_classes, self.problem.n_query, dtype=self.dtype) if answers else None
        values = pointers = None
        if adapted:
            values = [torch.empty(self.n_tasks, *shape, dtype=self.dtype) for shape in self.network.shapes]
            pointers = self.network.pointers(values)
        compared = torch.empty(self.n_tasks, 2, dtype=self.dtype) if errors else None

        def run(i, tasks):
            work = self.kept.at(behind + i * self.n_work)
            arrays = self.start, self.own_rates, *self.tensors, self.kept.all, work, out, pointers, compared
            call("adapt", self.dtype, self.problem, *arrays, tasks.start, tasks.stop)

        each(run, self._parts)
        return out, values, compared

    def learn(self, query_targets, query_share):
        """All at once: answers (T, C, m), their loss, and its gradient by the start and by each of ``own_rates``.

        query_targets (T, C, m), or labels (T, m); query_share (T, m) tells what each row counts for. The loss is the
        inner one, and ``derivative`` must have been announced.
        """
        rows = 6 * (self.problem.n_support * self.problem.steps + self.problem.n_query)
        parts = in_parts(self.n_tasks, self.n_tasks * rows * self.network.work)
        shape = self.n_tasks, self.n_classes, self.problem.n_query
        if query_targets.is_floating_point():
            query_targets = query_targets.to(self.dtype)
        query_targets, query_share = query_targets.contiguous(), query_share.to(self.dtype).contiguous()
        if query_share.shape != shape[::2] or not _are_targets(query_targets, self.problem.loss, shape, self.dtype):
            raise Misfit(MISFIT)
        answers, losses = torch.empty(shape, dtype=self.dtype), torch.empty(self.n_tasks, dtype=self.dtype)
        total = [torch.zeros(self.network.n_theta * (1 + self.problem.n_rates), dtype=self.dtype) for _ in parts]
        places = [0, self.n_kept, self.n_kept + max(self.n_work, self.n_scratch)]
        memory = Memory(len(parts) * (places[-1] + shape[1] * shape[2]), self.dtype)

        def run(i, tasks):
            first = i * (places[-1] + shape[1] * shape[2])
            kept, work, d_answers = (memory.at(first + place) for place in places)
            arrays = self.start, self.own_rates, *self.tensors, query_targets, query_share
            out = kept, work, d_answers, answers, losses, total[i]
            call("learn", self.dtype, self.problem, *arrays, *out, tasks.start, tasks.stop)

        each(run, parts)
        return answers, losses.sum(), *self._gradients(total)

    def derivative(self, d_answers):
        """The gradient by the start, in torch's order, and by each of ``own_rates``, given that by the answers."""
        n_theta = self.network.n_theta
        total = [torch.zeros(n_theta * (1 + self.problem.n_rates), dtype=self.dtype) for _ in self._parts]
        work = scratch(self._parts, self.n_scratch, self.dtype)
        d_answers, (X, _, share, _, Q) = d_answers.to(self.dtype).contiguous(), self.tensors
        if d_answers.shape != (self.n_tasks, self.n_classes, self.problem.n_query):
            raise Misfit(f"The derivative by the answers has shape {tuple(d_answers.shape)}, unlike the answers.")

        def run(i, tasks):
            arrays = self.start, self.own_rates, X, share, Q, d_answers, self.kept.all, work[i], total[i]
            call("derivative", self.dtype, self.problem, *arrays, tasks.start, tasks.stop)

        each(run, self._parts)
        return self._gradients(total)

    def _gradients(self, total):
        """Those of all threads together, in torch's order: by the start, and a list by ``own_rates``."""
        total = sum(total[1:], total[0])
        if not self.problem.n_rates:
            return self.network.unpacked(total), []
        gradients, *of_rates = [self.network.unpacked(theta) for theta in total.split(self.network.n_theta)]
        return gradients, of_rates


def _are_targets(values, loss, shape, dtype):
    """Whether these are what rows of tasks (T, C, n) are held to: labels (T, n), or numbers of a precision."""
    is_labels = loss == LOSSES["cross_entropy"]
    wanted = (shape[::2], torch.int64) if is_labels else (shape, dtype)
    return (values.shape, values.dtype) == wanted and values.is_cpu


def _fit(loss, n_classes, support_X, targets, share, hidden, query_X):
    """Whether shapes are exactly those that the kernel reads: it neither broadcasts nor looks."""
    n_tasks, n, *image = support_X.shape
    n_query = 0 if query_X is None else query_X.shape[1]
    floats = [(share, (n_tasks, 1, n)), (query_X, (n_tasks, n_query, *image))]
    if not _are_targets(targets, LOSSES[loss], (n_tasks, n_classes, n), support_X.dtype):
        return False
    return (hidden is None or hidden.shape == (n_tasks, n_classes, 1) and hidden.dtype == torch.bool) and all(
        value is None or value.shape == shape and value.dtype == support_X.dtype for value, shape in floats
    )
