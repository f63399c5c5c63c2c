"""Recurrent networks, and those with an outer memory, as scikit-learn estimators."""

from skmeta.estimators.base.classifier import MetaClassifier
from skmeta.estimators.base.regressor import MetaRegressor
from skmeta.learners.sequences.memory import MemoryAugmented
from skmeta.learners.sequences.recurrent import Recurrent
from skmeta.nets import ResidualMLP


class _Recurrent:
    """An LSTM or GRU that reads a task's rows, each with the label or target of the row before, and then answers.

    Adapting is reading: no gradient step, no search. The rows are read in several fixed pseudo-random orders, whose
    answers are averaged.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows for the recurrent cell; None is a small :class:`~skmeta.nets.MLP` or, where classes are each task's
        own, a :class:`~skmeta.nets.ResidualMLP`.
    cell : {"lstm", "gru"}, default="lstm"
    n_hidden : int, default=64
        Size of the cell's state.
    n_permutations : int, default=4
        Orders in which a task's rows are read after meta-training. Can be set on a fitted estimator.
    max_rows : int, default=256
        Rows read in each of the orders; of a larger task every order reads others, chosen by their place alone.

    Notes
    -----
    A classifier has no output per class: it reads the rows once for every class, with the same weights, and so takes
    any number of classes.

    Other than in the paper, the network is told not only the label or target of the row before but that row times it
    as well, and its answer is read from its state and from that times the row asked about: products that gates alone
    take thousands of tasks to learn. Of classes, these compare the row with those of each before any training;
    where classes are each task's own, the network begins by saying next to nothing, beside a nearest class mean.

    References
    ----------
    S. Hochreiter, A. S. Younger, P. R. Conwell. "Learning to Learn Using Gradient Descent". ICANN 2001.

    Examples
    --------
    {examples}
    """

    cell: str = "lstm"
    n_hidden: int = 64
    n_permutations: int = 4
    max_rows: int = 256

    _learner_class = Recurrent
    _adaptation_parameters = ("n_permutations", "max_rows")


class RecurrentClassifier(_Recurrent, MetaClassifier):
    _module_of_own_classes = ResidualMLP, {}, 1

    def _learner_settings(self):
        return super()._learner_settings() | {"from_means": True}


class RecurrentRegressor(_Recurrent, MetaRegressor):
    pass


class MANNClassifier(MetaClassifier):
    """A memory-augmented neural network: a recurrent controller that stores rows in a memory and finds them again.

    The memory is read by content and written where it was used least, so that a class shown once can be recognised at
    its second showing. Adapting is reading the rows, in several fixed pseudo-random orders whose answers are averaged.

    Parameters
    ----------
    module : torch module class or instance, default=None
        Embeds rows for the controller; None is a :class:`~skmeta.nets.ResidualMLP`, which starts from the rows.
    n_hidden : int, default=64
        Size of the controller's state.
    n_slots, slot_size : int, default=32 and 24
        Slots of the memory, and the size of a slot's key and of the note beside it.
    n_reads : int, default=2
        Read heads.
    decay : float, default=0.95
        Share of a slot's usage that is left after a step.
    n_permutations : int, default=4
        Orders in which a task's rows are read after meta-training. Can be set on a fitted estimator.
    max_rows : int, default=256
        Rows read in each of the orders; of a larger task every order reads others, chosen by their place alone.
    max_epochs : int, default=4
        Epochs of meta-training.

    Notes
    -----
    The network has no output per class: it reads the rows once for every class, with the same weights and a memory
    for each, and so takes any number of classes.

    Other than in the paper, a slot keeps what was told of a row beside the key that it is found by, and keys see the
    row itself besides the controller's state: one vector for all of that took tens of thousands of tasks to learn.

    References
    ----------
    A. Santoro, S. Bartunov, M. Botvinick, D. Wierstra, T. Lillicrap. "Meta-Learning with Memory-Augmented Neural
    Networks". ICML 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmeta import MANNClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> MANNClassifier(random_state=0).fit(X, y).score(X, y) > 0.8
    True
    """

    n_hidden: int = 64
    n_slots: int = 32
    slot_size: int = 24
    n_reads: int = 2
    decay: float = 0.95
    n_permutations: int = 4
    max_rows: int = 256
    max_epochs = 4
    lr = 0.002

    _default_module = ResidualMLP
    _learner_class = MemoryAugmented
    _adaptation_parameters = ("n_permutations", "max_rows")

    def _learner_settings(self):
        return super()._learner_settings() | {"from_means": True}
