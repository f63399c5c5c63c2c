"""How far what has been learned is to be trusted, told by rows, classes and tasks that are held out."""

import copy
import math
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from skorch.callbacks import GradientNormClipping, LRScheduler, ParamMapper
from torch.optim.lr_scheduler import ReduceLROnPlateau

from skmeta.tasks.store import TaskStore, is_answered, part_of
from skmeta.training.processes import current_processes
from skmeta.training.standing import NothingLearned, train

#: of one table's rows: folds at least, and rows of a fold where there are many
N_FOLDS, ROWS_OF_A_FOLD = 4, 50
#: rows held out are enough, however many there are besides
ENOUGH_ROWS = 100
#: of fewer rows a learner is trained on all: a quarter of them says too little about it to be worth the loss
LEAST_ROWS = 100
#: a learner of more rows hardly knows any of them by heart, and is left as it is
MOST_ROWS = 2000
#: a ridge regression of more cells takes longer than all the rest
MOST_CELLS = 5_000_000
#: of fewer training classes there are none to spare; of more, what is learned holds for others as well
LEAST_CLASSES, MOST_CLASSES = 6, 100
#: the same of tasks, where there are several
LEAST_TASKS, MOST_TASKS = 4, 100
#: of more, a training takes too long to be rehearsed
MOST_REHEARSED_ROWS = 20_000
#: fewer steps lead nowhere far
LEAST_STEPS = 30
#: classes, or tasks, held out in all rehearsals together, of which there are three at most: three may be easy ones
ENOUGH_HELD_OUT = 10
#: how far on the way from the start to where training has led
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_BATCHES = 8
_TEMPERATURES = 2.0 ** torch.arange(-4, 4.5, 0.5)


class KeptApart:
    """The rows of one table in folds, the first of which a learner is not trained on where there are rows enough.

    Parameters
    ----------
    table : TaskStore
        Of one task.
    seed : int
    """

    def __init__(self, table, seed):
        self.table = table
        codes = table.y.cpu().numpy() if table.is_classification else np.zeros(len(table.y), dtype=int)
        self.folds = held_out_folds(codes, seed)
        is_small = len(table.X) <= MOST_ROWS and (table.is_classification or math.prod(table.X.shape) <= MOST_CELLS)
        self.is_of_use = is_small and bool((self.folds >= 0).any())
        self.is_asked = self.is_of_use and len(table.X) >= LEAST_ROWS

    def to_train_on(self):
        """The table without the rows that the learner is to be asked about."""
        if not self.is_asked:
            return self.table
        table, rows = self.table, torch.as_tensor(self.folds != 0, device=self.table.device)
        n_classes = [table.max_classes] if table.is_classification else None
        y, sizes = table.y[rows], ([int(rows.sum())], [-1], n_classes)
        return TaskStore(part_of(table.X, rows), y, *sizes, table.is_classification, device=table.device)

    def calibrate(self, learner):
        """Let a :class:`~skmeta.learners.calibrated.Calibrated` learner be trusted as far as it is right."""
        if not self.is_of_use:
            return
        exact = copy.deepcopy(learner).cpu().double().eval()
        X, y = self.table.X[:].cpu().double(), self.table.y.cpu()
        y = y.double() if y.is_floating_point() else y
        exact.calibrate(X, y, torch.as_tensor(self.folds), self.is_asked)
        learner.trust_as(exact)


def held_out_folds(codes, seed):
    """The fold in which each row is held out, 50 rows or a quarter of all; -1 for a row that never is.

    Each class is spread over all folds, and with many rows two of them are enough. A class's only row is never held
    out.

    Examples
    --------
    >>> import numpy as np
    >>> held_out_folds(np.array([0, 0, 0, 0, 1]), seed=0)
    array([ 2,  1,  3,  0, -1])
    """
    rng = np.random.RandomState(seed)
    n_folds = max(N_FOLDS, len(codes) // ROWS_OF_A_FOLD)
    folds = np.full(len(codes), -1)
    for code in np.unique(codes):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) > 1:  # classes begin anywhere, or the last fold would get few rows of rare ones
            folds[rows] = (np.arange(len(rows)) + rng.randint(n_folds)) % n_folds
    n_used = int(np.clip(np.ceil(ENOUGH_ROWS * n_folds / len(codes)), 1, n_folds))
    folds[folds >= n_used] = -1
    used = np.unique(folds[folds >= 0])
    return np.where(folds >= 0, np.searchsorted(used, folds), -1)


class Rehearsal:
    """Training that goes as far from its start as classes, or tasks, that it does not see ask for.

    Learners of tasks with classes of their own often begin as something that knows nothing and does no harm, such as
    nearest class means. A few dozen training classes are soon known by heart, and others are then told apart worse than
    before. So training is rehearsed on two thirds of the classes of one table, or of the tasks where there are several;
    on the straight way from the start to the weights that were found, the point is sought at which the others' classes
    are most probable; and the training on all of them ends at that share of its own way, which the last epoch of the
    net's history tells. Where there are few, each third is held out in turn. A class of one row is never asked about,
    nor is a task that asks nothing, so they decide nothing. Of the net's callbacks a rehearsal has those that act on
    steps, see :func:`acting_on_steps`.

    Parameters
    ----------
    make_net : callable
        Makes a net for rows, not initialised.
    tasks : TaskStore or object with ``draw(n_tasks) -> TaskStore``
        That are to be trained on.
    seed : int
    """

    def __init__(self, make_net, tasks, seed):
        self.make_net, self.tasks, self.seed = make_net, tasks, seed

    @cached_property
    def rehearsals(self):
        """Parts to train on and parts to ask, by pairs: none where there is no need."""
        return class_parts(self.tasks, self.seed) or task_parts(self.tasks, self.seed)

    def train(self, net, tasks, epochs, watcher=None):
        """Train an initialised net, and take it back as far as a rehearsal of as many epochs says.

        Ctrl-C leaves it where training had led.
        """
        start = copied_weights(net.module_)
        train(net, tasks, epochs, watcher)
        epochs = len(net.history)
        n_steps = sum(epoch.get("train_batch_count", 0) for epoch in net.history)
        if net.interrupted_ or n_steps < LEAST_STEPS or not self.rehearsals:
            return
        if net.verbose:
            print(f"What is held out is asked how far to go: {len(self.rehearsals)} more trainings, on parts.")
        try:
            share = self.share(epochs)
        except KeyboardInterrupt:
            net.interrupted_ = True
            return
        processes = current_processes(net.device)
        if processes is not None:  # machines may differ in the last digit
            (share,) = processes.of_first([share])
        if share < 1:
            stop_at(share, net.module_, start, copied_weights(net.module_))
        net.history.record("share", share)

    def share(self, epochs):
        """The share of the way at which held-out classes are most probable."""
        losses = np.sum([self._losses(epochs, *parts) for parts in self.rehearsals], axis=0)
        says_something = np.isfinite(losses).any() and losses.min() < losses.max()
        return SHARES[int(losses.argmin())] if says_something else 1.0

    def _losses(self, epochs, known, others):
        """The log-loss of held-out classes at each share of the way that others have led; zeros say nothing."""
        net = self.make_net(known.X)
        net.callbacks, net.verbose = acting_on_steps(net.callbacks), 0
        net.initialize(known.X)
        start = copied_weights(net.module_)
        try:
            train(net, known, epochs)
        except NothingLearned:  # fewer rows may diverge, or leave nothing to ask, where all of them do not
            return np.zeros(len(SHARES))
        if net.interrupted_:
            raise KeyboardInterrupt("The rehearsal was interrupted.")
        end, learner = copied_weights(net.module_), net.module_.eval()
        episodes = list(islice(net.get_iterator(others, training=False), _BATCHES))
        losses = []
        for share in SHARES:
            stop_at(share, learner, start, end)
            losses.append(log_loss(learner, episodes))
        return np.nan_to_num(losses, nan=np.inf)


def acting_on_steps(callbacks):
    """Those of a net's callbacks without which a rehearsal would be one of another training.

    They set rates, clip gradients or freeze layers, and look at nothing but the training itself. What scores, stops,
    logs or writes is for the real training to hear.
    """
    if not isinstance(callbacks, (list, tuple)):
        return callbacks
    return [one for one in callbacks if _acts_on_steps(one[1] if isinstance(one, tuple) else one)]


def _acts_on_steps(callback):
    if isinstance(callback, LRScheduler) and callback.policy in (ReduceLROnPlateau, ReduceLROnPlateau.__name__):
        return callback.monitor == "train_loss"  # of others it may be told by a callback that is not there
    kind = callback if isinstance(callback, type) else type(callback)
    return issubclass(kind, (LRScheduler, GradientNormClipping, ParamMapper))


@torch.no_grad()
def log_loss(learner, episodes):
    """Mean log-loss of the query rows of episodes, under the temperature that suits them best."""
    total, n_rows = 0.0, 0
    for batch, y in episodes:
        query_X = batch["query_X"]
        state = learner.adapt(**{name: value for name, value in batch.items() if name != "query_X"})
        answered = is_answered(y)
        logits, y = learner.predict(state, query_X).flatten(0, 1)[answered], y[answered]
        probability = (_TEMPERATURES.to(logits)[:, None, None] * logits).log_softmax(-1)
        total = total - probability[:, torch.arange(len(y)), y].sum(1)
        n_rows += len(y)
    return float(total.min()) / max(n_rows, 1)


def class_parts(tasks, seed):
    """Pairs of stores of a table's rows: classes to rehearse on, and the others; none where there is no need."""
    if not isinstance(tasks, TaskStore) or not tasks.is_classification or tasks.shared_labels:
        return []
    if len(tasks) > 1 or tasks.has_query or len(tasks.X) > MOST_REHEARSED_ROWS:
        return []
    if not LEAST_CLASSES <= tasks.max_classes <= MOST_CLASSES:
        return []
    asks = tasks.y.bincount(minlength=tasks.max_classes).cpu().numpy() > 1
    parts = (torch.as_tensor(third, device=tasks.device) for third in thirds(asks, LEAST_CLASSES, seed))
    return [(of_classes(tasks, ~third), of_classes(tasks, third)) for third in parts]


def task_parts(tasks, seed):
    """Pairs of stores of tasks with classes of their own: some to rehearse on, and the others; none where no need."""
    if not isinstance(tasks, TaskStore) or not tasks.is_classification or tasks.shared_labels:
        return []
    if len(tasks) > MOST_TASKS or len(tasks.X) > MOST_REHEARSED_ROWS:
        return []
    parts = thirds(_which_ask(tasks), LEAST_TASKS, seed)
    return [(tasks.some(~third), tasks.some(third)) for third in parts]


def thirds(asks, least, seed, enough=ENOUGH_HELD_OUT):
    """Draw who is held out in each rehearsal: as many thirds in turn as hold enough of those that ask.

    Parameters
    ----------
    asks : (n,) bool array
        Who says something where it is held out; each third has its share of these, and of the others.
    least : int
        Where fewer ask there are no rehearsals.
    seed : int
    enough : int, default=10

    Returns
    -------
    parts : list of (n,) bool arrays
    """
    if (n_that_ask := int(asks.sum())) < least:
        return []
    drawn = np.lexsort((np.random.RandomState(seed).permutation(len(asks)), ~asks))
    place = np.argsort(drawn)
    return [place % 3 == third for third in range(min(3, -(-3 * enough // n_that_ask)))]


def _which_ask(tasks):
    """Which tasks (n_tasks,) have a row to ask about: a labelled query row or, without these, two rows of a class."""
    task = torch.repeat_interleave(torch.arange(len(tasks), device=tasks.device), tasks.n_rows)
    if tasks.has_query:
        place = torch.arange(len(task), device=tasks.device) - tasks.start[task]
        asked = (place >= tasks.n_support[task]) & is_answered(tasks.y)
        return (task[asked].bincount(minlength=len(tasks)) > 0).cpu().numpy()
    of_class = (task * tasks.max_classes + tasks.y)[is_answered(tasks.y)]
    of_class = of_class.bincount(minlength=len(tasks) * tasks.max_classes)
    return (of_class.view(len(tasks), -1) > 1).any(1).cpu().numpy()


def of_classes(table, chosen):
    """A table's rows of the chosen classes (C,), which are numbered anew."""
    rows, code = chosen[table.y], chosen.cumsum(0) - 1
    sizes = [int(rows.sum())], [-1], [int(chosen.sum())]
    return TaskStore(part_of(table.X, rows), code[table.y[rows]], *sizes, device=table.device)


def copied_weights(learner):
    """Copies of all weights and buffers."""
    return [value.detach().clone() for value in (*learner.parameters(), *learner.buffers())]


@torch.no_grad()
def stop_at(share, learner, start, end):
    """Bring a learner to a share of the way from one state to another; whole numbers are the end's."""
    for value, here, there in zip((*learner.parameters(), *learner.buffers()), start, end):
        value.copy_(here.lerp(there, share) if value.is_floating_point() else there)
