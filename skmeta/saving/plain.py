"""Plain values as bytes, and a name for all that an estimator is: both without a file, and without code."""

import hashlib
import json

from skmeta.saving import container
from skmeta.saving.decoded import Decoded
from skmeta.saving.objects import Encoder
from skmeta.saving.values import Values
from skmeta.transaction import copy_of, forget


def write_plain(value):
    """Write numbers, text, containers, arrays and tables in the format of files, as :func:`~skmeta.saving.save` does.

    Examples
    --------
    >>> from skmeta.saving.plain import read_plain, write_plain
    >>> read_plain(write_plain({"rows": [1.5, None]}), "This")
    {'rows': [1.5, None]}
    """
    values = Values()
    content = json.dumps(values.encode(value), separators=(",", ":"))
    return b"".join(container.parts_of(content, values.arrays))


def read_plain(data, called):
    """Read what :func:`write_plain` has written; bytes of anybody else end in a ``ValueError`` that says why.

    Parameters
    ----------
    data : bytes
    called : str
        What errors call them.
    """
    _, content, arrays = container.parsed(data, called)
    try:
        return Decoded(arrays, len(data)).decode(json.loads(content))
    except Exception as error:
        said = error if isinstance(error, ValueError) else repr(error)[:500]
        raise ValueError(f"{called} does not hold plain values: {said}") from error


def fingerprint_of(estimator):
    """A text that is the same for an estimator, its copies and what its file holds, and another after another fit.

    The current task and known tasks are no part of it.
    """
    bare, encoder = copy_of(estimator), Encoder()
    forget(bare, "task_", "known_tasks_")
    digest = hashlib.sha256(json.dumps(encoder.encode(bare), sort_keys=True).encode())
    for _, array in encoder.arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()[:32]
