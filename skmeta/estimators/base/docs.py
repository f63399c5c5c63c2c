"""The documentation that estimators share, written once: a docstring says only what is its estimator's own."""

import inspect
import re

from skmeta.documentation import gathered

#: what an estimator's default module is called in its documentation
MODULES = {
    "MLP": "a small :class:`~skmeta.nets.MLP`",
    "ResidualMLP": "a :class:`~skmeta.nets.ResidualMLP`, which starts from the\n    standardised rows themselves",
}

MODULE = """
Parameters
----------
module : torch module class or instance, default=None
    Embeds rows; None is {}.
"""

META_PARAMETERS = """
Parameters
----------
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
    ``callbacks__*`` reach skorch. All can be searched over.
"""

LABELS = """
Parameters
----------
labels : {"auto", "task", "shared"}, default="auto"
    Whether classes are each task's own or mean the same in all tasks. "auto" looks at the data and says what it
    found in ``labels_``: classes that most tasks lack are their own, and names that all have are shared, unless it is
    plain that they mean something else in each; a mere numbering is shared if class means of one task are found again
    in others.
"""

TARGET_SCALING = """
Parameters
----------
target_scaling : {"pooled", "task", None}, default="pooled"
    Standardise targets inside: over the rows of all tasks, by each support, or not at all. Predictions come back
    in the user's units.
"""

META_ATTRIBUTES = """
Attributes
----------
net_ : skorch.NeuralNet
    The trained net; ``net_.history`` is the record of its training and ``net_.module_`` the learner.
n_features_in_ : int
    Number of features seen in meta-training.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, where the rows came with string column names.
adapted_tasks_ : ndarray
    Ids of the tasks known after a fit in the long format.
"""

CLASSIFIER_ATTRIBUTES = """
Attributes
----------
classes_ : ndarray of shape (n_classes,)
    Classes of the current task; only there when adapted.
labels_ : {"task", "shared"}
    Whether classes are each task's own or shared.
meta_classes_ : ndarray
    The shared classes; only there when ``labels_ == "shared"``.
"""

REGRESSOR_ATTRIBUTES = """
Attributes
----------
target_mean_, target_scale_ : ndarray of shape (n_targets,)
    What targets are standardised with.
"""


CLASSIFIER_EXAMPLES = """\
In the place of ``KNeighborsClassifier``:

>>> from sklearn.datasets import load_iris
>>> from skmeta import {0}
>>> X, y = load_iris(return_X_y=True)
>>> {0}(random_state=0).fit(X, y).predict(X[::50])
array([0, 1, 2])

Over many tasks, then adapted to a new one:

>>> from skmeta.tasks import GaussianClusters
>>> tasks = GaussianClusters(n_ways=3).sample(20, random_state=0)
>>> meta = {0}(max_epochs=2, random_state=0).fit(tasks[:19])
>>> meta.adapt(tasks[19].X, tasks[19].y).predict(tasks[19].X_query).shape
(45,)"""

REGRESSOR_EXAMPLES = """\
>>> from skmeta import {0}
>>> from skmeta.tasks import Sinusoids
>>> sinusoids = Sinusoids(n_shots=10)
>>> meta = {0}(max_epochs=1, random_state=0).fit(sinusoids)
>>> task = sinusoids.sample(1, random_state=1)[0]
>>> meta.adapt(task.X, task.y).predict(task.X_query).shape == task.y_query.shape
True"""


def complete(cls, is_classifier):
    """The docstring of an estimator, with what its bases and all estimators say of their parameters and attributes.

    The word ``{examples}`` stands for those of a plain classifier or regressor, and an empty ``default={}`` is filled
    in from the signature.
    """
    parameters = inspect.signature(cls.__init__).parameters
    module = cls._default_module
    module = MODULE.format(MODULES.get(module.__name__, f":class:`{module.__module__}.{module.__name__}`"))
    kind = (LABELS, CLASSIFIER_ATTRIBUTES) if is_classifier else (TARGET_SCALING, REGRESSOR_ATTRIBUTES)
    doc = gathered(cls, (module, kind[0], META_PARAMETERS, META_ATTRIBUTES, kind[1]), parameters)
    if doc is None:
        return None
    examples = CLASSIFIER_EXAMPLES if is_classifier else REGRESSOR_EXAMPLES
    return re.sub(
        r"^(\w+) : (.*)default=\{\}",
        lambda entry: f"{entry[1]} : {entry[2]}default={parameters[entry[1]].default!r}",
        doc.replace("{examples}", examples.format(cls.__name__)),
        flags=re.MULTILINE,
    )
