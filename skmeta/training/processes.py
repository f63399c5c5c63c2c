"""What a net is trained by: a device, and processes of torch.distributed, each with its share of every batch."""

import contextvars
import datetime
import multiprocessing
import os
from contextlib import contextmanager

import torch
from torch import distributed

from skmeta.tasks.episodes import Parts, Place
from skmeta.training.standing import from_bytes, to_bytes

_HANDED = contextvars.ContextVar("skmeta_processes", default="default")
_TIMEOUT = datetime.timedelta(minutes=10)  # of an epoch's slowest step; a process that is gone is noticed at once


@contextmanager
def training_processes(group):
    """Within the block meta-training uses these processes.

    Without it the default group is used, where there is one: that of ``torch.distributed.init_process_group``, or of
    ``torchrun``, for which it is made at the first fit.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup or None
        None trains in this process alone, whatever the others do.

    Examples
    --------
    >>> from skmeta import ProtoNetClassifier
    >>> from skmeta.scale import training_processes
    >>> from skmeta.tasks import GaussianClusters
    >>> tasks = GaussianClusters(n_ways=2, n_shots=3, n_query=3).sample(8, random_state=0)
    >>> with training_processes(None):
    ...     meta = ProtoNetClassifier(max_epochs=1).fit(tasks)
    """
    token = _HANDED.set(group)
    try:
        yield
    finally:
        _HANDED.reset(token)


def current_processes(device="cpu"):
    """The :class:`Processes` that a training is to use; None where it is alone."""
    handed = _HANDED.get()
    if handed is None or not distributed.is_available():
        return None
    if handed == "default":
        if not distributed.is_initialized():
            if not _started_by_torchrun():
                return None
            backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=_TIMEOUT)
        handed = distributed.group.WORLD
    return Processes(handed) if distributed.get_world_size(handed) > 1 else None


def local_rank():
    """Which of this machine's processes of ``torchrun`` this one is; None where it is none."""
    return int(os.environ["LOCAL_RANK"]) if _started_by_torchrun() else None


def _started_by_torchrun():
    # the workers of a search inherit the variables, but torchrun does not know them
    is_worker = multiprocessing.current_process().name != "MainProcess"
    return distributed.is_torchelastic_launched() and "LOCAL_RANK" in os.environ and not is_worker


class Processes:
    """A group of processes with the same net, the same tasks and the same random numbers.

    Every process draws its share of the batch that one would draw, and works on that. What the shares' gradients add up
    to is the gradient of the whole batch, so that the weights are those of one process, and the same in all.
    """

    def __init__(self, group):
        self.group = group
        self.rank, self.size = distributed.get_rank(group), distributed.get_world_size(group)
        self._first = distributed.get_global_rank(group, 0)

    @property
    def place(self):
        """This process's number, and how many there are."""
        return self.rank, self.size

    @property
    def is_first(self):
        return self.rank == 0

    # ------------------------------------------------------------------ the share of a batch

    def share(self, batch, y):
        """This process's tasks of a batch.

        Returns
        -------
        batch : dict of tensors, or Parts
        y : tensor
            Their query labels.
        place : Place
        """
        if not isinstance(batch, Parts):
            return self._share_of_part(batch, y)
        per_part = y.split([part["query_X"].shape[:2].numel() for part in batch.batches])
        taken = [self._share_of_part(*pair) for pair in zip(batch.batches, per_part)]
        own = [one for one in taken if one[-1].has_tasks]
        batches, labels, _ = zip(*(own or taken[:1]))
        return Parts(batches), torch.cat(labels), Place(None, len(batch), None, bool(own))

    def _share_of_part(self, part, y):
        place = Place.of(len(part["query_X"]), self.place)
        own = {name: values[place.own] for name, values in part.items()}
        return own, y.unflatten(0, (place.n_all, -1))[place.own].flatten(0, 1), place

    # ------------------------------------------------------------------ what processes tell each other

    @torch.no_grad()
    def add_up(self, parameters, count, loss, *numbers):
        """Replace gradients, in one message, by their sums over the processes, divided by that of the counts.

        The loss so divided is returned, and the sums of further numbers.
        """
        parameters = [value for value in parameters if value.requires_grad]
        like = parameters[0]
        used = [value.grad is not None for value in parameters]
        gradients = [value.grad if there else torch.zeros_like(value) for value, there in zip(parameters, used)]
        numbers = like.new_tensor([*used, loss, count, *numbers])
        message = torch.cat([*(gradient.flatten().to(like) for gradient in gradients), numbers])
        distributed.all_reduce(message, group=self.group)
        *sums, numbers = message.split([*(gradient.numel() for gradient in gradients), numbers.numel()])
        numbers = numbers.tolist()
        n_uses, (loss, count, *others) = numbers[: len(used)], numbers[len(used) :]
        share = 1 / max(count, 1)
        message *= share
        for value, total, n in zip(parameters, sums, n_uses):
            value.grad = total.view_as(value).to(value.dtype) if n else None
        return loss * share, *others

    def joined(self, values, has_tasks):
        """A tensor whose rows are those of all processes, one after another, and which of them are this process's."""
        parts = [None] * self.size
        mine = values.detach() if has_tasks else values.detach()[:0]
        distributed.all_gather_object(parts, mine.cpu(), group=self.group)
        first = sum(len(part) for part in parts[: self.rank])
        return torch.cat(parts).to(values.device), slice(first, first + len(mine))

    def of_first(self, standing, device="cpu"):
        """What the first process says, where a training stands, or any nest of numbers and strings."""
        message = [to_bytes(standing)] if self.is_first else [None]
        distributed.broadcast_object_list(message, src=self._first, group=self.group)
        return standing if self.is_first else from_bytes(message[0], device)

    def largest(self, *numbers, device="cpu"):
        """The largest of what the processes have, of each of some integers."""
        message = torch.tensor(numbers, device=device)
        distributed.all_reduce(message, distributed.ReduceOp.MAX, group=self.group)
        return message.tolist()

    def any(self, wish, device="cpu"):
        """Whether any of the processes wishes so."""
        return bool(self.largest(int(wish), device=device)[0])

    def agree(self, number, device="cpu"):
        """Whether all processes have the same integer."""
        largest, of_least = self.largest(number, ~number, device=device)
        return largest == ~of_least

    def check_same(self, identity):
        """Refuse to train together what is not the same in all processes."""
        all_of_them = [None] * self.size
        distributed.all_gather_object(all_of_them, identity, group=self.group)
        for rank, other in enumerate(all_of_them):
            for name, value in all_of_them[0].items():
                if other[name] != value:
                    raise ValueError(
                        f"Processes that train together need the same tasks, settings and random_state, but {name} is "
                        f"{value!r} in process 0 and {other[name]!r} in process {rank}. Give random_state an integer "
                        "and every process all tasks; with skmeta.scale.training_processes(None) each trains alone."
                    )


def resolve_device(device):
    """Find the torch device that ``device`` names; "auto" takes a GPU if there is one.

    Parameters
    ----------
    device : str or torch device
        A name of torch's, or "auto".

    Returns
    -------
    device : torch device

    Examples
    --------
    >>> from skmeta.training import resolve_device
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    is_auto = isinstance(device, str) and device == "auto"
    if is_auto and torch.cuda.is_available():
        device = "cuda"
    elif is_auto:
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device={device!r} is no torch device. Use 'cpu', 'cuda', 'cuda:1' or 'auto'.") from error
    if resolved.type == "meta":
        raise ValueError("device='meta' computes nothing. Use 'cpu', 'cuda', 'cuda:1' or 'auto'.")
    if resolved.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device={device!r} is not there: torch {torch.__version__} sees no Metal GPU. Use 'cpu'.")
    if resolved.type == "cuda" and resolved.index is None and local_rank() is not None:
        resolved = torch.device("cuda", local_rank())  # each of a machine's processes has a GPU of its own
    if resolved.type == "cuda":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (resolved.index or 0) >= n_gpus:
            raise ValueError(
                f"device={device!r} is not there: torch {torch.__version__} sees {n_gpus} CUDA devices. "
                "Use device='cpu', or device='auto' to take a GPU only where there is one."
            )
    return resolved
