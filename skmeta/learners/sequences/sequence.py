"""Learners that read a task as a sequence: rows one after another, each with the label of the row before it."""

import torch
from torch import nn

from skmeta.learners.base import Learner, blocks_of_rows, hide_absent_classes, one_hot_support
from skmeta.learners.class_means import prototype_logits

_CODE_SIZE = 8
#: of what the cell says, at first, beside class means
FIRST_SAID = 0.03
_QUERY_FLOATS = 2**22


class SequenceLearner(Learner):
    """Learning as remembering: a recurrent cell reads ``x_t`` and, of the row before, ``y_{t-1}`` and ``x y_{t-1}``.

    It says what ``y_t`` will be. The query rows continue the sequence, each on its own: one step from the state that
    the support has left, which no query row changes.

    *Products.* Hochreiter et al. tell the cell ``y_{t-1}`` alone, so that it must hold on to a row until it knows what
    the row was, and tie the two by its gates. Sums of gates times gates are learned late: after thousands of tasks
    such a cell has not begun to learn. So it is told the row before times its label as well, and answers are read from
    its output and from that times a projection of the row asked about: what is first-order in learning is there
    before anything has been learned.

    *Any number of classes.* The cell reads the sequence once for each class, with one set of weights: for class c it
    sees ``(x_t, [y_{t-1} = c])`` and says the logit of c. So answers follow the classes when these are permuted.
    Shared classes also have a learned code each that the cell reads (a class unknown in meta-training has their mean),
    and a linear head on the row's embedding is added to what the cell says, so that a task without any row gets the
    pooled answer; regression has such a head as well.

    *Class means.* Where classes are each task's own, the cell begins by saying next to nothing, beside the logits of
    nearest class means among the embedded rows, ``s (2 m f - |m|^2)``: from few training classes it learns late what
    tells others apart, and what it says has to earn its place.

    *Order.* The support is read in ``n_permutations`` fixed pseudo-random orders, and the answers are averaged; in
    training it is one random order. At most ``max_rows`` rows are read in each order, others in every order.

    *Weights.* For a row of less weight than the task's heaviest, the state moves that much less far.

    A subclass sets the cell, a module with

    - ``n_out`` and ``width``: the size of its output, and of its intermediate results, for one row;
    - ``first_state(n, like)``: a tuple of (n, ...) tensors;
    - ``step(row (n, e), told (n, l), state)`` -> ``(output (n, n_out), state)``, where the last entry of ``told`` says
      whether there was a row before;
    - ``answer(rows (n, b, e), told (n, l), state)`` -> ``(n, b, n_out)``, the outputs of a step without taking it.

    Parameters
    ----------
    body, n_features_in, n_outputs
        See :class:`~skmeta.learners.base.Learner`.
    task_type : {"classification", "regression"}
    n_permutations : int
        Orders in which the support is read after training.
    max_rows : int
        Rows read in each order.
    from_means : bool
        Whether answers begin as those of class means, where classes are each task's own.
    """

    cold_start = True
    loss_in_parts = False
    draws_in_training = True  # the order in which rows are read

    def __init__(
        self, body, n_features_in, n_outputs=None, *, task_type="classification", n_permutations=4, max_rows=256,
        from_means=False,
    ):  # fmt: skip
        super().__init__(body, n_features_in, n_outputs)
        self.task_type, self.n_permutations, self.max_rows = task_type, n_permutations, max_rows
        self.is_classification = task_type == "classification"
        n_targets = 1 if self.is_classification else n_outputs
        self.shares_classes = self.is_classification and n_outputs is not None
        if self.shares_classes:
            self.class_codes = nn.Parameter(torch.randn(n_outputs, _CODE_SIZE) / _CODE_SIZE**0.5)
        if n_outputs is not None:
            self.pooled_head = nn.Linear(self.n_embedding, n_outputs)
        n_code = _CODE_SIZE if self.shares_classes else 0
        n_row = self.n_embedding + n_code
        self.n_told = (n_row + 1) * n_targets + 1
        self.cell = self.make_cell(n_row, self.n_told)
        self.to_compare = nn.Linear(n_row, self.cell.n_out)
        self.readout = nn.Linear(2 * self.cell.n_out, n_targets)
        self.from_means = from_means and self.is_classification and n_outputs is None
        if self.from_means:
            self.log_scale = nn.Parameter(-torch.tensor(float(self.n_embedding)).log())
            with torch.no_grad():
                for parameter in self.readout.parameters():
                    parameter.mul_(FIRST_SAID)

    def make_cell(self, n_row, n_told):
        raise NotImplementedError

    # ------------------------------------------------------------------ the three calls

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Answers and, in training, what was said of each support row before its label was known."""
        if not self.training:
            return super().forward(support_X, support_y, query_X, support_weight, class_mask)
        keys = self.uniform(len(support_X), 1, support_X.shape[1], device=support_X.device)
        state, said, labels = self._read(keys, support_X, support_y, support_weight, class_mask)
        return self.predict(state, query_X).flatten(0, 1), (said, labels)

    def training_loss(self, criterion, answers, said, y):
        """The criterion on the query rows and, half as much, on the support rows at the time they were read."""
        outputs, labels = said
        loss = criterion(answers, y)
        return loss + 0.5 * criterion(outputs, labels) if len(labels) else loss

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        """The cell's state for every order and class (T, P * C, ...), the last label told, class codes, mask, means."""
        keys = fixed_keys(self.n_permutations, support_X.shape[1], support_X.device)
        return self._read(keys.expand(len(support_X), -1, -1), support_X, support_y, support_weight, class_mask)[0]

    def predict(self, state, query_X):
        cell_state, told, codes, class_mask, means = state
        n_tasks, n_cells = told.shape[:2]
        n_classes = codes.shape[1]
        flat = tuple(part.flatten(0, 1) for part in cell_state)
        embedded = self.embed(query_X)
        block = _QUERY_FLOATS // (n_tasks * n_cells * (self.cell.width + 3 * self.cell.n_out))
        outputs = []
        for rows in blocks_of_rows(embedded, block):
            rows = self._with_codes(rows, codes, n_cells // n_classes).flatten(0, 1)
            output = self._said(self.cell.answer(rows, told.flatten(0, 1), flat), rows)
            outputs.append(output.view(n_tasks, n_cells // n_classes, n_classes, *output.shape[1:]).mean(1))
        answers = self._as_answers(torch.cat(outputs, dim=2), embedded, class_mask)
        return answers if means is None else answers + prototype_logits(means, embedded, self.log_scale.exp())

    # ------------------------------------------------------------------ reading the support

    def _read(self, keys, X, y, weight, class_mask):
        """Read each support in the orders of its keys (T, P, n).

        Returns the state; outputs (T * n, C or k) before each label was known, and those labels (for training, where
        there is one order).
        """
        all_alike, n_steps = weight is None, min(X.shape[1], self.max_rows)
        weight = X.new_ones(X.shape[:2]) if weight is None else weight.to(X.dtype)
        n_real = (weight > 0).sum(1)
        if not all_alike:
            n_steps = min(int(n_real.max()), self.max_rows) if weight.numel() else 0
        # padding comes last
        order = keys.masked_fill((weight <= 0)[:, None], torch.inf).argsort(dim=-1, stable=True)[..., :n_steps]

        codes = self._codes(class_mask, X)
        n_tasks, n_orders = keys.shape[:2]
        n_cells = n_orders * codes.shape[1]
        embedded = self.embed(X)
        rows = self._with_codes(_take(embedded, order).flatten(1, 2), codes, n_orders, split=True)
        news = self._news(rows, _take(y, order), codes.shape[1])
        pace = _take(weight / _heaviest(weight), order).repeat_interleave(codes.shape[1], dim=1)
        all_alike = all_alike or bool((pace == 1).all())

        state = self.cell.first_state(n_tasks * n_cells, X)
        told = X.new_zeros(n_tasks * n_cells, self.n_told)
        outputs = []
        for step in range(n_steps):
            row, heard, gate = (part[:, :, step].flatten(0, 1) for part in (rows, news, pace))
            output, new = self.cell.step(row, told, state)
            outputs.append(output)
            if all_alike:
                state, told = new, heard
            else:
                state, told = (
                    tuple(_move(old, to, gate) for old, to in zip(state, new)),
                    _move(told, heard, gate),
                )
        state, told = (
            tuple(part.view(n_tasks, n_cells, *part.shape[1:]) for part in state),
            told.view(n_tasks, n_cells, -1),
        )
        state = state, told, codes, class_mask, self._means(embedded, y, weight, class_mask)
        if not self.training or not outputs:
            return state, None, y[:0]
        said = self._said(torch.stack(outputs, 1), rows.flatten(0, 1)).view(n_tasks, codes.shape[1], n_steps, -1)
        said = self._as_answers(said, _take(embedded, order)[:, 0], class_mask)
        return state, said.flatten(0, 1), self._known_labels(y, weight, order)

    def _means(self, embedded, y, weight, class_mask):
        """Means (T, C, e) of each class's rows, of all rows for a class without any; None where they do not count."""
        if not self.from_means:
            return None
        members = one_hot_support(y, class_mask.shape[1], weight, embedded.dtype)
        embedded = torch.where(weight[..., None] > 0, embedded, 0)
        count, total = members.sum(2, keepdim=True), members @ embedded
        of_all = total.sum(1, keepdim=True) / count.sum(1, keepdim=True).clamp(min=1e-30)
        return torch.where(count > 0, total / count.clamp(min=1e-30), of_all)

    def _codes(self, class_mask, like):
        """What the cell is told of each class: (T, C, code)."""
        n_classes = class_mask.shape[1] if self.is_classification else 1
        if not self.shares_classes:
            return like.new_zeros(len(like), n_classes, 0)
        codes = _extended(self.class_codes.T, n_classes).T
        return codes.to(like.dtype).expand(len(like), -1, -1)

    def _with_codes(self, rows, codes, n_orders, split=False):
        """Rows (T, b, e) for each order and class, with the class's code: (T, P * C, b, e + code).

        With ``split`` the rows are those of all orders, (T, P * n, e), and each order gets its own.
        """
        n_tasks, n_classes = codes.shape[:2]
        rows = rows.view(n_tasks, n_orders, -1, rows.shape[-1]) if split else rows[:, None].expand(-1, n_orders, -1, -1)
        rows = rows[:, :, None].expand(-1, -1, n_classes, -1, -1)
        codes = codes[:, None, :, None].expand(-1, n_orders, -1, rows.shape[3], -1)
        return torch.cat([rows, codes], dim=-1).flatten(1, 2)

    def _news(self, rows, y, n_classes):
        """What is told of rows (T, P * C, n, e) with labels (T, P, n) or (T, P, n, k): (T, P * C, n, l).

        The row times its label, the label, and that there was a row. A label is whether the row is of the cell's
        class, or the targets.
        """
        if self.is_classification:
            classes = torch.arange(n_classes, device=y.device)[:, None]
            y = (y[:, :, None] == classes).to(rows.dtype).flatten(1, 2)[..., None]
        products = (rows[..., None, :] * y[..., None]).flatten(-2)
        return torch.cat([products, y, torch.ones_like(y[..., :1])], dim=-1)

    def _said(self, output, rows):
        """What is read from the cell's output (..., n_out) for rows (..., e)."""
        return self.readout(torch.cat([output, output * self.to_compare(rows)], -1))

    def _known_labels(self, y, weight, order):
        """Flat labels of the rows read, in the one order of training; none where a row is padding."""
        order = order[:, 0]
        is_row = weight.gather(1, order) > 0
        if self.is_classification:
            return y.gather(1, order).masked_fill(~is_row, -1).flatten()
        return _take(y, order[:, None])[:, 0].masked_fill(~is_row[..., None], torch.nan).flatten(0, 1)

    def _as_answers(self, outputs, embedded, class_mask):
        """(T, C, m, 1) or (T, 1, m, k) outputs and the rows' embeddings to logits (T, m, C) or targets (T, m, k)."""
        answers = outputs[..., 0].transpose(1, 2) if self.is_classification else outputs[:, 0]
        if self.n_outputs is not None:
            answers = answers + _extended(self.pooled_head(embedded), answers.shape[-1])
        return hide_absent_classes(answers, class_mask)


def fixed_keys(n_orders, n_rows, device=None):
    """Sort keys (1, P, n) of fixed pseudo-random orders; the key of a row depends on its place alone."""
    row = torch.arange(n_rows, device=device)
    order = torch.arange(1, n_orders + 1, device=device)[:, None]
    mask = 0xFFFFFFFF
    bits = (row * 0x9E3779B1 + order * 0x85EBCA77) & mask
    for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97)):
        bits = ((bits ^ (bits >> shift)) * factor) & mask
    return ((bits ^ (bits >> 15)) >> 8).float()[None] / 2**24


def _take(values, order):
    """Rows of (T, n, ...) values in the orders (T, P, s): (T, P, s, ...)."""
    tasks = torch.arange(len(values), device=values.device)[:, None, None]
    return values[tasks, order]


def _heaviest(weight):
    return weight.amax(1, keepdim=True).clamp(min=1e-30) if weight.shape[1] else 1.0


def _move(old, new, gate):
    return old + gate.view(-1, *[1] * (old.dim() - 1)) * (new - old)


def _extended(values, n_classes):
    """(..., c) values of the classes known in meta-training, and their mean for every further class."""
    new = n_classes - values.shape[-1]
    if new <= 0:
        return values
    return torch.cat([values, values.mean(-1, keepdim=True).expand(*values.shape[:-1], new)], dim=-1)
