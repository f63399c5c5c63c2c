"""Weights that ship with the library, and their loader; ``tools/pretraining`` of the repository made them."""

import json
from pathlib import Path

from safetensors import safe_open

HERE = Path(__file__).parent
SHIPPED = {
    "classification": HERE / "in_context_classification.safetensors",
    "regression": HERE / "in_context_regression.safetensors",
}


def weights_file(task_type, pretrained=True):
    """The file an in-context learner starts from, and the architecture it holds.

    Parameters
    ----------
    task_type : {"classification", "regression"}
    pretrained : bool or path
        True: the weights of this package; a path: those of a run of your own; False: none.

    Returns
    -------
    path : str or None
    architecture : dict
        What the learner must be built with.

    Examples
    --------
    >>> from skmeta.pretrained import weights_file
    >>> weights_file("classification", pretrained=False)
    (None, {})
    """
    if pretrained is False:
        return None, {}
    if pretrained is not True and not isinstance(pretrained, (str, Path)):
        raise ValueError(
            f"pretrained must be True (the weights of this package), False (none) or a path, got {pretrained!r}."
        )
    path = SHIPPED[task_type] if pretrained is True else Path(pretrained)
    if not path.exists():
        raise FileNotFoundError(f"There are no meta-trained weights at {path}.")
    with safe_open(path, "pt") as file:
        about = file.metadata() or {}
    if about.get("task_type", task_type) != task_type:
        raise ValueError(f"The weights at {path} are for {about['task_type']}, not for {task_type}.")
    return str(path), json.loads(about.get("architecture", "{}"))
