"""How much a batch asks of the processor: a small one is no work for several threads."""

from skmeta.tasks.episodes import EpisodeLoader
from skmeta.tasks.store import TaskStore

#: multiplications of a batch on its way through the body, some milliseconds for one thread
SMALL = 10**8


def is_small(iterator, learner):
    """Whether the batches of a loader are little work for a learner; where that is not known they are not.

    Threads that wait for one another at every call cost more than they save on small batches, and thirty times as much
    where other programs keep the cores busy.
    """
    if not isinstance(iterator, EpisodeLoader):
        return False
    if any(value.dim() > 2 for value in learner.parameters()):
        return False  # weights of convolutions are used once for every pixel
    return iterator.batch_size * _rows_of_a_task(iterator) * sum(v.numel() for v in learner.parameters()) < SMALL


def _rows_of_a_task(loader):
    store = loader.dataset
    if isinstance(store, TaskStore) and store.has_query:
        return len(store.X) / max(len(store), 1)
    ways = loader.n_ways[1]
    if isinstance(store, TaskStore):
        ways = min(ways, max(store.max_classes, 1))
    return ways * (loader.n_shots[1] + loader.n_query[1])
