"""How far a long call has come: one bar, of which all that take long make use."""

import time
from contextlib import contextmanager


@contextmanager
def progress(what, total, verbose=1, leave=True):
    """A bar on standard error while a block runs; a function that is told how many are done.

    Parameters
    ----------
    what : str
    total : int
    verbose : int, default=1
        0 tells nobody anything.
    leave : bool, default=True
        Whether the bar stays when all is done.

    Examples
    --------
    >>> with progress("tasks", total=3, verbose=0) as done:
    ...     for _ in range(3):
    ...         done()
    """
    if not verbose or not total:
        yield lambda n=1: None
        return
    begin = time.perf_counter()
    try:
        from tqdm.auto import tqdm
    except ImportError:
        yield lambda n=1: None
        print(f"{what}: {total} done in {time.perf_counter() - begin:.1f} s")
        return
    with tqdm(total=total, desc=what, leave=leave) as bar:
        yield bar.update
