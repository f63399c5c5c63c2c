"""Long trainings, cut into slices: one that was stopped goes on where it was."""

import pickle
import time
from pathlib import Path

from skmeta.datasets import get_data_home


def checkpoint(name):
    """Where the training of this name is kept: in the data home."""
    return get_data_home() / "benchmarks" / f"{name}.pickle"


def train_in_slices(path, untrained, tasks, rate, goal, until):
    """Train until the goal is reached or the time is up, and keep what there is then.

    Parameters
    ----------
    path : pathlib.Path
        See :func:`checkpoint`.
    untrained : callable
        Makes an estimator with ``warm_start=True``, each ``fit`` of which is one slice of
        ``steps_per_epoch * max_epochs`` iterations.
    tasks : callable
        Makes what the estimator, its argument, is fitted to.
    rate : callable
        The outer rate after so many iterations.
    goal : int
        Iterations.
    until : float
        Time by the monotonic clock.

    Returns
    -------
    meta : estimator
    done : int
        Iterations.
    seconds : float
        Process time of the training.
    """
    meta, done, seconds = pickle.loads(path.read_bytes()) if path.exists() else (untrained(), 0, 0.0)
    if done >= goal or time.monotonic() >= until:
        return meta, done, seconds
    train = tasks(meta)
    while done < goal and time.monotonic() < until:
        began = time.process_time()
        meta.set_params(lr=rate(done)).fit(train)
        done += meta.steps_per_epoch * meta.max_epochs
        seconds += time.process_time() - began
        print(
            f"{path.stem}: {done} iterations, {seconds:.0f} s, loss {meta.net_.history[-1]['train_loss']:.3f}",
            flush=True,
        )
        keep(path, (meta, done, seconds))
    return meta, done, seconds


def keep(path, state):
    """Write a checkpoint so that one that is there is whole."""
    path.parent.mkdir(exist_ok=True, parents=True)
    partial = Path(f"{path}.part")
    partial.write_bytes(pickle.dumps(state))
    partial.replace(path)
