"""Episodes: the vectorised sampler that turns stored tasks into training batches, on the device."""

import sys
from dataclasses import dataclass

import torch

from skmeta.tasks.segments import Dice, Segments, integers
from skmeta.tasks.store import TaskStore, hide, similar_size_chunks

_WAYS = (5, 20)
_INDICES = 8  # numbers that a row costs besides its features
_NUMBERS_AT_ONCE = 2**19  # drawn together: many small batches cost calls, and large ones would leave the caches


class EpisodeLoader:
    """Batches of episodes, drawn without a loop over tasks; skorch's ``iterator_train``.

    Three kinds of episode, chosen by the data:

    * tasks that bring labelled query rows are taken whole, as they are; where padding a batch to its largest task would
      add more than a quarter to its rows, the batch comes as :class:`Parts`;
    * tasks with classes of their own: ``n_ways`` of them, ``n_shots`` support and ``n_query`` query rows of each,
      relabelled at random (a class with few rows gives at most half of them to the support);
    * regression tasks and tasks with shared labels: rows at random, ``n_shots`` and ``n_query`` of them - per class
      of the shared label space where there is one.

    Rows are shuffled within their task (and class) once an epoch, and an episode is a window at a random place of
    that order: drawing without replacement at the price of index arithmetic, whatever the size of the table. Small
    batches are drawn several at a time. Every episode has random numbers of its own, one after another, so that on the
    CPU a seed's episodes do not depend on how many are drawn together.

    Parameters
    ----------
    dataset : TaskStore or object with ``draw(n_tasks) -> TaskStore``
        Stored tasks, or a source that makes new ones each epoch.
    batch_size : int, default=16
        Tasks in a batch.
    n_ways : int, (low, high) or None, default=None
        Classes in an episode; a range is drawn anew for each batch. None is between 5 and 20 of them, or all there are.
    n_shots, n_query : int or (low, high), default=5 and 15
        Rows per class. A range is drawn anew for each episode (``n_shots``) or batch (``n_query``).
    steps : int or None, default=None
        Batches in an epoch; None goes over the tasks once, and at least 30 steps.
    hide_unseen : bool, default=False
        Whether to leave out query rows of a shared class that the episode's support happens not to show.
    relabel : bool, default=True
        Whether classes get random places in each episode. False keeps each task's own class codes.
    seed : int or None, default=None
        A fixed seed gives the same episodes in every epoch (validation); None draws
        from the attribute ``generator`` or, where that is None, torch's global one.
    in_parts : bool, default=True
        Whether batches that would be padded much may come as :class:`Parts`.

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.datasets import make_few_shot_classification
    >>> tasks = make_few_shot_classification(20, random_state=0)
    >>> meta = ProtoNetClassifier(max_epochs=1, iterator_train__hide_unseen=True, random_state=0).fit(tasks)
    """

    generator = None  # torch's, on the device of the tasks; whoever trains sets it
    share = None  # (rank, size): of every batch the tasks of one of several processes alone; whoever trains sets it
    place = None  # of the last such batch, a :class:`Place`
    hides = True  # whether query rows of the last batch may have no label: who knows need not ask the device

    def __init__(
        self,
        dataset,
        batch_size=16,
        n_ways=None,
        n_shots=5,
        n_query=15,
        steps=None,
        hide_unseen=False,
        relabel=True,
        seed=None,
        in_parts=True,
    ):
        self.dataset, self.batch_size, self.steps = dataset, batch_size, steps
        self.n_ways = _as_range(_WAYS if n_ways is None else n_ways)
        self.n_shots, self.n_query = _as_range(n_shots), _as_range(n_query)
        self.hide_unseen, self.relabel, self.seed, self.in_parts = hide_unseen, relabel, seed, in_parts
        self._segments = Segments(dataset) if isinstance(dataset, TaskStore) and not dataset.has_query else None

    def __len__(self):
        if self.steps is not None:
            return self.steps
        return max(30, -(-len(self.dataset) // self.batch_size))

    def __iter__(self):
        store = self.dataset
        if not isinstance(store, TaskStore):
            store = store.draw(len(self) * self.batch_size)
        dice = Dice(store.device, self.seed, self.generator)
        segments = self._segments
        if segments is None and not store.has_query:
            segments = Segments(store)
        order = self._task_order(store, dice)
        if segments is None:
            yield from (self._given(store, tasks, dice) for tasks in order)
            return
        segments.shuffle(dice)
        draw = self._n_way if segments.per_class else self._rows
        self.hides = self._may_hide(store, segments)
        at_once = self._batches_at_once(store, segments)
        # which places of classes are cut off depends on all episodes of a batch
        share = None if segments.per_class and self._cuts_ways(store) else self.share
        for first in range(0, len(order), at_once):
            tasks = torch.cat(order[first : first + at_once])
            places, own = [Place.of(len(some), share) for some in order[first : first + at_once]], slice(None)
            if share is not None:
                by_batch = torch.arange(len(tasks), device=store.device).split(self.batch_size)
                own = torch.cat([some[place.own] for some, place in zip(by_batch, places)])
            batch, y = draw(store, segments, tasks, dice, own)
            sizes = [place.n_own for place in places]
            parts = [values.split(sizes) for values in batch.values()]
            for *values, labels, place in zip(*parts, y.split(sizes), places):
                some, self.place = dict(zip(batch, values)), None if share is None else place
                if segments.per_class:
                    some, labels = self._without_absent_ways(some, labels)
                yield some, labels.flatten(0, 1)

    def _cuts_ways(self, store):
        """Whether episodes of a batch may have places of classes that none of them uses."""
        return self.n_ways[0] < min(self.n_ways[1], store.max_classes)

    def _may_hide(self, store, segments):
        """Whether some drawn episode may have fewer query rows than others."""
        per = 1 if segments.per_class else max(store.max_classes, 1)
        varies = self.n_query[0] != self.n_query[1] or not segments.all_full
        if segments.per_class:
            varies |= self._cuts_ways(store)
        elif store.is_classification:
            varies |= self.hide_unseen
        most_shots = (segments.fewest + (not segments.per_class)) // 2
        shots = min(self.n_shots[1] * per, max(most_shots, 1))
        return varies or segments.fewest - shots < self.n_query[1] * per

    def _batches_at_once(self, store, segments):
        classes = max(store.max_classes, 1)
        ways = min(self.n_ways[1], classes) if segments.per_class else classes
        numbers_of_rows = ways * (self.n_shots[1] + self.n_query[1]) * (store.X[:1].numel() + _INDICES)
        return max(1, _NUMBERS_AT_ONCE // (self.batch_size * (numbers_of_rows + classes)))

    def _task_order(self, store, dice):
        """Shuffled tasks, batch after batch; where sizes differ, a batch holds tasks of similar size."""
        needed = len(self) * self.batch_size
        order = torch.cat([dice.permutation(len(store)) for _ in range(-(-needed // len(store)))])[:needed]
        if store.has_query:
            order = order.cpu()  # once an epoch; how long the longest of a batch is would be asked for every batch
            # sorting by size within stretches of eight batches keeps most of the randomness and little padding;
            # a stretch beyond the last task would put one task several times into a batch
            batches_sorted = min(8, max(1, len(store) // self.batch_size))
            stretch = torch.arange(needed) // (batches_sorted * self.batch_size)
            size = torch.as_tensor(sum(store.sizes))[order]
            order = order[torch.argsort(stretch * (int(size.max()) + 1) + size)]
            batches = [tasks.numpy() for tasks in order.split(self.batch_size)]
            return [batches[i] for i in dice.permutation(len(batches)).tolist()]
        return order.split(self.batch_size)

    def _given(self, store, tasks, dice):
        n_query = store.sizes[1][tasks]
        self.hides = not store.all_are_answered or bool((n_query != n_query[0]).any())
        chunks = [slice(None)]
        if self.in_parts:
            chunks = list(similar_size_chunks(*(sizes[tasks] for sizes in store.sizes), max_rows=sys.maxsize))
        parts = [self._given_alike(store, tasks[chunk], dice) for chunk in chunks]
        batches, y, places = zip(*([one for one in parts if one[-1].has_tasks] or parts[:1]))
        place = places[0] if len(chunks) == 1 else Place(None, len(tasks), None, places[0].has_tasks)
        self.place = None if self.share is None else place
        return (batches[0], y[0]) if len(chunks) == 1 else (Parts(batches), torch.cat(y))

    def _given_alike(self, store, tasks, dice):
        """Tasks as a batch, their query labels, and their place."""
        place = Place.of(len(tasks), self.share)
        batch, y = store.whole_tasks(tasks[place.own])
        if store.is_classification and self.relabel and not store.shared_labels:
            mask = batch["class_mask"]
            numbers = dice.uniform((len(tasks), mask.shape[1]))[place.own]
            new_code = numbers.masked_fill(~mask, 2.0).argsort(1).argsort(1)
            batch["support_y"] = new_code.gather(1, batch["support_y"])
            y = y.view(len(mask), -1)
            y = hide(new_code.gather(1, y.clamp(min=0)), y >= 0).flatten()
        return batch, y, place

    def _n_way(self, store, segments, tasks, dice, own):
        ways = min(self.n_ways[1], store.max_classes)
        numbers = dice.uniform((len(tasks), store.max_classes + ways + 3))
        for column in (-3, -1):  # how many ways, and query rows
            numbers[:, column] = self._of_first_in_batch(numbers[:, column])
        numbers, tasks = numbers[own], tasks[own]
        exists = segments.count[tasks] > 0
        of_classes, of_places, of_ways, of_shots, of_query = numbers.split([store.max_classes, ways, 1, 1, 1], 1)
        classes = of_classes.masked_fill(~exists, 2.0).argsort(1)[:, :ways]
        asked_ways = integers(of_ways, min(self.n_ways[0], ways), ways)
        if not self.relabel:  # those to be asked about first, in order
            later = torch.arange(ways, device=store.device) >= asked_ways
            classes = classes.gather(1, (classes + store.max_classes * later).argsort(1))
        count = segments.count[tasks].gather(1, classes) * (torch.arange(ways, device=store.device) < asked_ways)
        start = segments.start[tasks].gather(1, classes)
        shots = integers(of_shots, *self.n_shots).expand_as(count)
        query = integers(of_query, *self.n_query).expand_as(count)
        shots = torch.minimum(shots, (count // 2).clamp(min=1)).minimum(count)
        query = torch.minimum(query, count - shots)
        (support, is_support), (asked, is_asked) = segments.windows(
            start, count, shots, query, self.n_shots[1], self.n_query[1], of_places
        )
        if self.relabel:
            codes, mask = torch.arange(ways, device=store.device).expand_as(classes), count > 0
        else:
            codes, mask = classes, store.class_mask(tasks)
        batch = {
            "support_X": store.rows(support.flatten(1)),
            "support_y": codes[..., None].expand_as(support).flatten(1),
            "query_X": store.rows(asked.flatten(1)),
            "class_mask": mask,
        }
        if segments.can_fall_short(self.n_shots, self.n_query) or self.n_ways[0] < ways:
            batch["support_weight"] = is_support.flatten(1).to(store.X.dtype)
        return batch, hide(codes[..., None].expand_as(asked), is_asked).flatten(1)

    def _without_absent_ways(self, batch, y):
        """A batch without the places, behind the others, of classes that none of its episodes has."""
        per_way = len(batch["support_y"][0]), len(y[0])
        ways = per_way[0] // self.n_shots[1] if self.n_shots[1] else 0
        if not ways or self.n_ways[0] >= ways:
            return batch, y
        n_shots, n_query = (n // ways for n in per_way)
        is_there = torch.zeros(ways, dtype=torch.bool, device=y.device)
        for values in (batch["support_weight"] > 0, y >= 0):
            is_there |= values.unflatten(1, (ways, -1)).flatten(2).any(2).any(0)
        left = int(is_there.nonzero().max()) + 1 if bool(is_there.any()) else 1
        cut = {name: batch[name][:, : left * n_shots] for name in ("support_X", "support_y", "support_weight")}
        batch = batch | cut | {"query_X": batch["query_X"][:, : left * n_query]}
        if self.relabel:
            batch["class_mask"] = batch["class_mask"][:, :left]
        return batch, y[:, : left * n_query]

    def _rows(self, store, segments, tasks, dice, own):
        per = max(store.max_classes, 1)
        most_shots, most_query = self.n_shots[1] * per, self.n_query[1] * per
        numbers = dice.uniform((len(tasks), 3))
        numbers[:, -1] = self._of_first_in_batch(numbers[:, -1])
        numbers, tasks = numbers[own], tasks[own]
        count, start = segments.count[tasks], segments.start[tasks]
        of_places, of_shots, of_query = numbers.split(1, 1)
        shots = integers(of_shots, self.n_shots[0] * per, most_shots)
        query = integers(of_query, self.n_query[0] * per, most_query)
        shots = torch.minimum(shots, (count + 1) // 2)
        query = torch.minimum(query, count - shots)
        (support, is_support), (asked, is_asked) = segments.windows(
            start, count, shots, query, most_shots, most_query, of_places
        )
        support, is_support, asked, is_asked = (a.flatten(1) for a in (support, is_support, asked, is_asked))
        batch = {
            "support_X": store.rows(support),
            "support_y": store.y[support],
            "support_weight": is_support.to(store.X.dtype),
            "query_X": store.rows(asked),
        }
        if store.is_classification:
            batch["class_mask"] = store.class_mask(tasks)
            if self.hide_unseen:
                is_asked = is_asked & _shown(batch, store.y[asked])
        return batch, hide(store.y[asked], is_asked)

    def _of_first_in_batch(self, numbers):
        """The random numbers (T,) of batches' first episodes in place of those of all."""
        return numbers[:: self.batch_size].repeat_interleave(self.batch_size)[: len(numbers)]


@dataclass(frozen=True)
class Place:
    """Which tasks of a batch, or of a part of it, are those of one of several processes.

    Parameters
    ----------
    first : int or None
        The first of them; None of a batch in parts.
    n_all : int
        Tasks of all processes.
    n_own : int or None
    has_tasks : bool
        Where there are fewer tasks than processes, one without any is given the first, which does not count.
    """

    first: int | None
    n_all: int
    n_own: int | None
    has_tasks: bool

    @classmethod
    def of(cls, n_tasks, share=None):
        """The place of the share ``(rank, size)`` among so many tasks; without one they are all one's own."""
        rank, size = share or (0, 1)
        first, last = n_tasks * rank // size, n_tasks * (rank + 1) // size
        return cls(first, n_tasks, last - first, True) if last > first else cls(0, n_tasks, 1, False)

    @property
    def own(self):
        return slice(self.first, self.first + self.n_own)


class Parts:
    """A batch of tasks as several, each of tasks of similar size: together they are learned from in one step.

    Parameters
    ----------
    batches : sequence of dict
        The keyword arguments of a learner's ``forward``, for each part. The labels of all parts lie one after another.
    """

    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return sum(len(batch["query_X"]) for batch in self.batches)


def _shown(batch, query_y):
    """(T, m) bool: query rows whose class the support has a row of."""
    rows = torch.zeros(batch["class_mask"].shape, device=query_y.device)
    rows.scatter_add_(1, batch["support_y"], batch["support_weight"])
    return rows.gather(1, query_y.clamp(min=0)) > 0


def _as_range(size):
    low, high = size if isinstance(size, (tuple, list)) else (size, size)
    if low < 0 or high < low:
        raise ValueError(f"Sizes must be non-negative and (low, high) ranges ordered, got {size!r}.")
    return int(low), int(high)
