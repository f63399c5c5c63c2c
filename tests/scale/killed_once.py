"""A worker dies in the middle of its work, as machines do."""

import os
import signal


class KilledOnce:
    """Kills the first process that asks for answers, and hands the others theirs.

    Parameters
    ----------
    answer : function of a table
    path : str
        Of a file that is there afterwards.
    """

    def __init__(self, answer, path):
        self.answer, self.path = answer, path

    def __call__(self, table):
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return self.answer(table)
        return os.kill(os.getpid(), signal.SIGKILL)
