"""The documentation of parameters that all estimators share, written once."""

import inspect
import re

META_PARAMETERS = """\
    n_ways : int, (low, high) or None, default=None
        Classes in a training episode of tasks that have classes of their own; a range is drawn anew for every batch.
        None is between 5 and 20 of them, or all there are.
    n_shots : int or (low, high), default={}
        Support rows of a training episode, per class. A range is drawn anew for every episode.
    n_query : int or (low, high), default={}
        Query rows of a training episode, per class.
    steps_per_epoch : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps (10 over a single table).
    batch_size : int, default={}
        Tasks in a batch.
    max_epochs : int, default={}
        Epochs of meta-training; 0 leaves the initial weights.
    lr : float, default={}
        Learning rate of the outer loop.
    optimizer : torch optimizer class, default=torch.optim.Adam
        Optimizer of the outer loop; ``optimizer__*`` are its parameters.
    criterion : torch loss class, default=None
        Loss of the outer loop; None is cross-entropy or squared error.
    validation_fraction : float or None, default=None
        Share of the tasks (of the rows, when there is one table) held out to record ``valid_loss``.
    augment : callable or None, default=None
        Changes half of the training tasks in every epoch: an augmentation of :mod:`skmeta.tasks.augmentation`, or any
        ``augment(tasks, random_state)`` that returns as many tasks. Tasks only: a single table stays as it is.
    callbacks : list of skorch callbacks or None, default=None
        Early stopping, learning-rate schedules, checkpoints, ...; ``callbacks__*`` are their parameters.
    iterator_train : class, default=EpisodeLoader
        Draws the training batches; ``iterator_train__*`` are its parameters.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights of the last one.
    task : str or list of str, default=None
        The column of the table that names each row's task (columns: nested groups, the widest first). All methods look
        for it in the table they are given, and it is no feature. Named in ``fit`` instead, it is remembered.
    verbose : int, default=0
        1 prints a line per epoch, and draws a bar while many tasks are answered.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:1", ..., or "auto" for a GPU where there is one.
    random_state : int, RandomState instance or None, default=None
        Decides initial weights, episodes and dropout. The global random generators are left as found.
    **module__kwargs
        ``module__*`` are the module's own parameters; ``optimizer__*``, ``criterion__*``, ``iterator_train__*`` and
        ``callbacks__*`` reach skorch. All can be searched over."""

LABELS = """\
    labels : {"auto", "task", "shared"}, default="auto"
        Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
        found in ``labels_``."""

TARGET_SCALING = """\
    target_scaling : {"pooled", "task", None}, default="pooled"
        Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
        in the user's units."""

META_ATTRIBUTES = """\
    net_ : skorch.NeuralNet
        The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
    n_features_in_ : int
        Number of features seen in meta-training.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the rows came with string column names.
    adapted_tasks_ : ndarray
        Ids of the tasks known after a fit in the long format."""

CLASSIFIER_ATTRIBUTES = """\
    classes_ : ndarray of shape (n_classes,)
        Classes of the current task; only there when adapted.
    labels_ : {"task", "shared"}
        Whether classes are each task's own or shared.
    meta_classes_ : ndarray
        The shared classes; only there when ``labels_ == "shared"``."""

REGRESSOR_ATTRIBUTES = """\
    target_mean_, target_scale_ : ndarray of shape (n_targets,)
        What targets are standardised with."""


def complete(cls, is_classifier):
    """The docstring of an estimator, with what it shares with others in place of the words in braces.

    ``{meta_parameters}`` and ``{meta_attributes}`` stand for the entries of its family (the private classes among its
    bases, whose docstrings have such sections) and of all estimators, less those it describes itself;
    ``{references}`` for those of its family. An empty ``default={}`` is filled in from the signature.
    """
    families = [base.__doc__ for base in cls.__mro__[1:] if base.__name__.startswith("_") and base.__doc__]
    common = {
        "Parameters": (LABELS if is_classifier else TARGET_SCALING) + "\n" + META_PARAMETERS,
        "Attributes": META_ATTRIBUTES + "\n" + (CLASSIFIER_ATTRIBUTES if is_classifier else REGRESSOR_ATTRIBUTES),
    }
    doc = cls.__doc__
    for title, entries in common.items():
        known = {}
        for text in (_section(cls.__doc__, title), *(_section(family, title) for family in families), entries):
            for entry in re.split(r"\n(?=    \S)", text.rstrip()):
                known.setdefault(_name(entry), entry)
        known.pop("{meta_" + title.lower() + "}", None)
        own = _section(doc, title)
        order = list(inspect.signature(cls.__init__).parameters) if title == "Parameters" else []
        place = {name: i for i, name in enumerate(order)}
        ordered = sorted(filter(None, known), key=lambda name: place.get(name.lstrip("*"), len(place)))
        doc = doc.replace(own, "\n".join(known[name] for name in ordered) + "\n")
    doc = doc.replace("    {references}\n", next(filter(None, (_section(f, "References") for f in families)), ""))
    return _with_defaults(doc, cls)


def _section(doc, title):
    """The lines of a numpydoc section, up to the next one."""
    found = re.search(rf"    {title}\n    -+\n(.*?)(?=\n    \w[\w ]*\n    ---|\Z)", doc, flags=re.DOTALL)
    return found.group(1).rstrip() + "\n" if found else ""


def _name(entry):
    """What an entry describes; of "a, b : int" the first."""
    return re.split(r"[,: ]", entry.strip(), maxsplit=1)[0]


def _with_defaults(doc, cls):
    """Fill in the defaults that an entry leaves open, because they differ within its family."""
    parameters = inspect.signature(cls.__init__).parameters
    return re.sub(
        r"^    (\w+) : (.*)default=\{\}",
        lambda entry: f"    {entry[1]} : {entry[2]}default={parameters[entry[1]].default!r}",
        doc,
        flags=re.MULTILINE,
    )
