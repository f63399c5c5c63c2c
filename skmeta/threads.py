"""Small work is done by one thread: sharing it out costs more than it saves, thirty times as much on busy cores."""

import threading
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_limited = {}  # thread -> how many blocks it is in
_setting = 1  # the user's number of threads while any block is open


@contextmanager
def one_thread(when=True):
    """Limit torch to one thread inside the block, and put the user's setting back, whatever happens.

    Blocks may lie within each other and run in several threads: the user's setting is read when none is open, so that
    nobody takes another's limit for it.

    Parameters
    ----------
    when : bool, default=True
        Whether the work is small; otherwise nothing is changed.

    Examples
    --------
    >>> import torch
    >>> from skmeta.threads import one_thread
    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    global _setting
    if not when:
        yield
        return
    me = threading.get_ident()
    with _lock:
        if not _limited:
            _setting = torch.get_num_threads()
        _limited[me] = _limited.get(me, 0) + 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _limited[me] -= 1
            if not _limited[me]:
                del _limited[me]
                torch.set_num_threads(_setting)
