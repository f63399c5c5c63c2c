"""Which device."""

import torch

from skmeta.training.processes import local_rank


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
