"""Training that survives being killed: where it stands is written after every epoch, all of it or nothing."""

from pathlib import Path

from skorch.callbacks import Callback

from skmeta.saving.container import write_atomically
from skmeta.training.standing import from_bytes, identity, put_back, to_bytes


class Resumable(Callback):
    """Training goes on from a file where it was cut off, as if it had never been.

    The file is written after an epoch, beside the old one and then in its place, so that whenever the process is
    killed there is a whole one. A fit that finds it trains the epochs that are left, with the weights, the optimizer's
    memory, the counts of callbacks and the episodes that it would have had: its result is that of a fit that nobody
    killed. One that finds all epochs done trains none.

    Parameters
    ----------
    path : str or path
        The file. A new training wants a new one: another training's file is refused.
    every : int, default=1
        Epochs between two writings; the last is always written.

    Examples
    --------
    >>> import tempfile, os
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.tasks import GaussianClusters
    >>> from skmeta.training import Resumable
    >>> tasks = GaussianClusters(n_ways=2, n_shots=3, n_query=3).sample(8, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     settings = {"callbacks": [Resumable(os.path.join(folder, "run.pt"))], "random_state": 0}
    ...     killed = ProtoNetClassifier(max_epochs=1, **settings).fit(tasks)
    ...     resumed = ProtoNetClassifier(max_epochs=3, **settings).fit(tasks)
    >>> len(resumed.net_.history)
    3
    """

    only_first_process = True

    def __init__(self, path, every=1):
        self.path = path
        self.every = every

    def resume(self, net, tasks):
        """Put a net where the file says, if there is one; :class:`~skmeta.training.MetaNet` asks for it.

        Returns
        -------
        was_stopped : bool
            Whether a callback has ended the training that the file is of.
        """
        path = Path(self.path)
        if not path.exists():
            return False
        written = from_bytes(path.read_bytes(), net.device)
        theirs, ours = written.pop("training"), identity(net, tasks)
        if theirs != ours:
            other = ", ".join(f"{name} {theirs[name]!r}" for name in ours if theirs[name] != ours[name])
            raise ValueError(
                f"{str(path)!r} belongs to another training: it was written with {other}. Give that training's data, "
                "settings and random_state (an integer) to go on with it, or another path to begin a new one."
            )
        was_stopped = written.pop("was_stopped")
        put_back(net, written)
        self.n_written_ = len(net.history)
        return was_stopped

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.n_written_, self.training_ = len(net.history), identity(net, X)

    def on_epoch_begin(self, net, **kwargs):
        # all callbacks have seen the end of the last epoch by now
        if net.standing_ is not None and len(net.standing_["history"]) - self.n_written_ >= self.every:
            self._write(net)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self._write(net)

    def _write(self, net):
        path = Path(self.path)
        self.n_written_ = len(net.standing_["history"])
        written = net.standing_ | {"training": self.training_, "was_stopped": net.stopped_}
        write_atomically(path, [to_bytes(written)])
