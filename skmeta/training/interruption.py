"""Ctrl-C during training: told from a callback's wish to stop, and heard by whoever started the training."""

import signal
import threading
from contextlib import contextmanager


class TrainingInterrupted(KeyboardInterrupt):
    """Somebody pressed Ctrl-C; the net stands at its last whole epoch."""


@contextmanager
def noticing_ctrl_c():
    """Within the block the list that is yielded holds a signal as soon as one has come.

    skorch's callbacks raise KeyboardInterrupt to stop a training, and Python raises it when a user wants it all to
    stop. They look alike; only the second comes with a signal, and only in the main thread.
    """
    came = []
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield came
        return

    def note(number, frame):
        came.append(number)
        return handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, handler)
