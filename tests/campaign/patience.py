"""How long a call may take before it counts as hanging."""

import contextlib
import signal


class TookTooLong(BaseException):
    """Raised in the middle of a call; no handler of the library takes it for an error."""


@contextlib.contextmanager
def at_most(seconds):
    """Stop a block that takes more than so many seconds of the processor, or thirty times as many by the clock."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*args):
        raise TookTooLong

    timers = {signal.SIGPROF: (signal.ITIMER_PROF, seconds), signal.SIGALRM: (signal.ITIMER_REAL, 30 * seconds)}
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, limit in timers.values():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for number, (timer, _) in timers.items():
            signal.setitimer(timer, 0)
            signal.signal(number, before[number])
