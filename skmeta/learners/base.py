"""What every algorithm of the library is: a torch module that adapts to a batch of tasks."""

import functools

import torch
from torch import nn

from skmeta.nets.tracing import is_traced


class Learner(nn.Module):
    """A meta-learning algorithm around a ``body`` (rows in, embeddings or outputs out).

    Everything has a leading task axis ``T``. A learner knows tensors only: labels are integers, targets are
    scaled, ragged tasks are padded, and a padded row carries weight 0.

    Shapes
    ------
    support_X : (T, n, d) float
    support_y : (T, n) int64 in ``[0, C)`` for classification, (T, n, k) float for regression
    support_weight : (T, n) float or None
        How many rows each row counts as; None is all ones. A row of weight 0 must not change any result.
    class_mask : (T, C) bool or None
        The classes that exist in each task; the logits of the others are ``-inf``. None for regression.
    query_X : (T, m, d) float

    Parameters
    ----------
    body : torch module
        (..., d) rows to (..., e) embeddings, row by row.
    n_features_in : int
        d, the columns of a row.
    n_outputs : int or None
        Targets of a regression; classes of a label space that all tasks share; None where each task has its own.

    The three calls
    ---------------
    ``forward``
        What skorch trains: adapt to the supports, answer the queries, flat over tasks and rows so that any torch
        criterion, and skorch's own scoring, take the result as it is.
    ``adapt``
        Support rows to a *state*: any nest of tuples, lists and dicts of tensors with a leading task axis.
    ``predict``
        State and query rows to (T, m, C) logits or (T, m, k) targets. Row i of the answer depends on row i of the
        query and on the state alone.
    """

    task_type: str
    #: whether ``adapt`` to no rows at all gives an answer (a pooled head does, prototypes do not)
    cold_start = False
    #: whether a trained copy in single precision answers as well as one in double
    single_precision = False
    #: whether the loss in training is a mean over tasks, and not over their labelled query rows
    loss_by_tasks = False
    #: whether that of a batch is made up of those of its parts; of pairs, or of rows of the support, it is not
    loss_in_parts = True
    #: the loss of the learner's ``learn``: "cross_entropy", "mse", or None where there is no such short way to train
    loss_learned = None
    #: whether its forward draws from torch's global generators in training
    draws_in_training = False
    #: whether a single task can make the gradient in training longer by orders of magnitude
    gradient_may_explode = False
    #: the first task and the number of all, where the tasks at hand are some of a batch that processes share
    place_in_batch = None

    def __init__(self, body, n_features_in, n_outputs=None):
        super().__init__()
        self.body = body
        self.parameters_of_body = ParametersOf(body)
        self.n_embedding = embedding_size(body, n_features_in)
        self.n_outputs = n_outputs

    def forward(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        return flat_answers(self.adapt_and_predict(support_X, support_y, query_X, support_weight, class_mask))

    def learn(self, batch, y, share):
        """Flat answers and the loss of a batch, its gradient added to the parameters' own; None where that is not so.

        The same as ``forward``, the loss of the answers to ``y`` (T m, ...), each row counted by ``share`` (T m), and
        ``backward``, in one call of the kernel.
        """
        return

    def embed(self, X):
        """Embeddings (T, n, e) of rows (T, n, d). The body sees one table, as batch norm and convolutions expect."""
        return self.body(X.flatten(0, 1)).unflatten(0, X.shape[:2])

    def uniform(self, n_tasks, *shape, device=None):
        """Random numbers (n_tasks, ...) of tasks: the same whether a batch is whole or shared by processes."""
        first, n_all = self.place_in_batch or (0, n_tasks)
        return torch.rand(n_all, *shape, device=device)[first : first + n_tasks]

    def adapt(self, support_X, support_y, support_weight=None, class_mask=None):
        return self.adapt_to_sums(self.sums(support_X, support_y, support_weight, class_mask), class_mask)

    def predict(self, state, query_X):
        raise NotImplementedError

    def adapt_and_predict(self, support_X, support_y, query_X, support_weight=None, class_mask=None):
        """Answers to the queries alone: an adapted state that nobody asks again need not be written down."""
        return self.predict(self.adapt(support_X, support_y, support_weight, class_mask), query_X)

    def update(self, state, support_X, support_y, support_weight=None):
        """The state after further rows of classes that the task has, or None where all rows have to be seen again."""
        return

    def sums(self, support_X, support_y, support_weight=None, class_mask=None):
        """Sums over rows that ``adapt`` needs to know of them, or None where it needs the rows themselves.

        A learner that has them says in ``adapt_to_sums`` what a state is, and needs no ``adapt`` of its own.

        Tensors (T, C, ...) of each class's rows, for regression (T, ...); those of more rows are added to them.
        """
        return

    def adapt_to_sums(self, sums, class_mask=None):
        """The state that ``adapt`` makes of rows, of their :meth:`sums`."""
        raise NotImplementedError

    def configured(self, **settings):
        """The same learner with other settings of adaptation: a view that shares all tensors with it.

        Settings so belong to a call, and copies of an estimator can ask one learner from several threads.
        """
        view = object.__new__(type(self))
        vars(view).update(vars(self) | settings)
        return view

    def answerer(self, state):
        """A function from rows (m, d) of a state's one task to its answers (C, m), for many rows one after another.

        Logits may lack what is the same for all classes of a row.
        """
        return lambda X: self.predict(state, X[None])[0].t()


def innermost(learner):
    """The learner itself, whatever stands around it: what scales its targets, what says how far it is to be trusted."""
    return nested(learner)[-1]


def nested(learner):
    """A learner and those that it stands around, the innermost last."""
    inner = getattr(learner, "learner", None)
    return [learner, *nested(inner)] if isinstance(inner, nn.Module) else [learner]


class ParametersOf:
    """The places of a module's parameters are found once: ``parameters()`` looks for them as long as a step takes.

    Parameters
    ----------
    module : torch module
    """

    def __init__(self, module):
        self.module, self.names = module, tuple(name for name, _ in module.named_parameters())
        self._paths = [name.split(".") for name in self.names]

    def now(self):
        """The parameters that are there now, as a list: of layers that were exchanged, the new ones."""
        return [functools.reduce(getattr, path, self.module) for path in self._paths]


def without_graph(function):
    """Decorate a function that has nothing recorded; torch's own way of saying so takes longer than small functions."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        if not torch.is_grad_enabled():
            return function(*args, **kwargs)
        with torch.no_grad():
            return function(*args, **kwargs)

    return call


@torch.no_grad()
def embedding_size(body, n_features_in):
    """Columns of what ``body`` returns, found by a trial row; a body that is no row-wise map is refused."""
    n_trial = 2
    device = next((tensor.device for tensor in [*body.parameters(), *body.buffers()]), "cpu")
    was_training = body.training
    body.eval()  # batch statistics of a made-up row must not be kept
    try:
        out = body(torch.zeros(n_trial, n_features_in, device=device))
    except Exception as error:
        raise ValueError(
            f"The module {type(body).__name__} cannot take rows of {n_features_in} features: {error}"
        ) from error
    finally:
        body.train(was_training)
    if not isinstance(out, torch.Tensor) or out.ndim != 2 or len(out) != n_trial:
        shape = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
        raise ValueError(
            f"The module {type(body).__name__} must map (n_rows, {n_features_in}) to (n_rows, n_out), "
            f"but {n_trial} rows became {shape}."
        )
    return out.shape[1]


def flat_answers(answers):
    """(T, m, C) answers to (T m, C), where the classes, a handful, come first in memory.

    A softmax is then several times as fast; :class:`~skmeta.training.MetaNet` sees to it that criteria notice.
    """
    return answers.permute(2, 0, 1).flatten(1).t()


def add_gradients(params, gradients):
    """Add gradients to what parameters have already, as ``backward`` does; those that rest have none."""
    for value, gradient in zip(params, gradients):
        if value.requires_grad:
            value.grad = gradient if value.grad is None else value.grad + gradient


def one_hot_support(support_y, n_classes, support_weight=None, dtype=torch.float32):
    """(T, n) labels 0 ... C - 1 to (T, C, n) membership weights, class axis first: the narrow one is never the last."""
    members = torch.zeros(*support_y.shape[:-1], n_classes, support_y.shape[-1], dtype=dtype, device=support_y.device)
    weight = 1.0 if support_weight is None else support_weight.to(dtype).unsqueeze(-2)
    return members.scatter_(-2, support_y.unsqueeze(-2), weight)


def sums_of_classes(rows, support_y, n_classes, support_weight=None):
    """Weights (T, C) and weighted sums (T, C, e) of each class's rows (T, n, e)."""
    members = one_hot_support(support_y, n_classes, support_weight, rows.dtype)
    return members.sum(-1), members @ rows


def blocks_of_rows(X, size):
    """Rows (T, m, d) a few at a time, to spare memory; all at once in a program that is traced for any number."""
    return [X] if is_traced() else X.split(max(size, 1), 1)


def are_all_there(class_mask):
    """Whether no class is absent, where that costs nothing to know; a program that is traced asks no tensor."""
    if class_mask is None:
        return True
    return class_mask.is_cpu and not is_traced() and bool(class_mask.all())


def hide_absent_classes(logits, class_mask):
    """(T, m, C) logits with ``-inf`` for the classes a task does not have."""
    if are_all_there(class_mask):
        return logits
    return logits.masked_fill(~class_mask[..., None, :], -torch.inf)


def with_bias_column(features, height=1.0):
    """(T, n, e) features with a column of ones, or of another height, after them: a bias is then one more weight."""
    return torch.cat([features, torch.full_like(features[..., :1], height)], -1)


def shares(support_weight, like):
    """Divide the weight of each task by rows: their shares in its mean loss (T, n), and its total weight (T, 1)."""
    weight = torch.ones_like(like[..., 0]) if support_weight is None else support_weight
    total = weight.sum(1, keepdim=True)
    return weight / torch.where(total > 0, total, 1.0), total
