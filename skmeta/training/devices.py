"""Which device, and random numbers that leave no trace."""

from contextlib import contextmanager

import torch


def resolve_device(device):
    """A torch device for ``device``; "auto" takes a GPU if there is one."""
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"device={device!r} is no torch device. Use 'cpu', 'cuda', 'cuda:1' or 'auto'.") from error
    if resolved.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device={device!r} is not there: torch {torch.__version__} sees no Metal GPU. Use 'cpu'.")
    if resolved.type == "cuda":
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (resolved.index or 0) >= n_gpus:
            raise ValueError(
                f"device={device!r} is not there: torch {torch.__version__} sees {n_gpus} CUDA devices. "
                "Use device='cpu', or device='auto' to take a GPU only where there is one."
            )
    return resolved


def reseed(seed, device):
    """``torch.manual_seed`` for work on ``device``; on the CPU it does not look for GPUs, which takes it longer."""
    if torch.device(device).type == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


@contextmanager
def seeded(seed, device):
    """Torch's random numbers from ``seed`` within the block; the global generators are left as found."""
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        reseed(seed, device)
        yield
