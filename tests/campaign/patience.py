"""How long a call may take before it counts as hanging, and how much memory before it counts as greedy."""

import contextlib
import signal
from pathlib import Path

try:
    import resource
except ImportError:  # on Windows
    resource = None


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


@contextlib.contextmanager
def in_memory_of(n_bytes):
    """Let a block have so many bytes more than the process has; asking for others fails, as if there were none."""
    size = Path("/proc/self/statm")
    if resource is None or not size.exists():
        yield
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = int(size.read_text().split()[0]) * resource.getpagesize() + n_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
