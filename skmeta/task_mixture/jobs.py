"""Calls that do not depend on each other: several at a time, and told of as they are done."""

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController

from skmeta.progress import progress


class Jobs:
    """Runs lists of calls in threads, one list after another; results do not depend on how many run at a time.

    Parameters
    ----------
    n_jobs : int or None
        Calls at a time, as joblib counts them.
    verbose : int
        Whether each list of calls has a progress bar (by tqdm where that is installed, else a line when it is done).
    """

    def __init__(self, n_jobs=None, verbose=0):
        self.n_jobs, self.verbose = effective_n_jobs(n_jobs), verbose

    def __call__(self, what, function, arguments):
        """Results of ``function(*one)`` for each of the arguments, in their order."""
        arguments = list(arguments)
        with progress(what, len(arguments), self.verbose) as done:

            def call(one):
                result = function(*one)
                done()
                return result

            if self.n_jobs == 1 or len(arguments) < 2:
                return [call(one) for one in arguments]
            libraries = ThreadpoolController()

            def call_alone(one):
                with libraries.limit(limits=1, user_api="openmp"):  # is counted thread by thread
                    return call(one)

            with libraries.limit(limits=1, user_api="blas"):
                return Parallel(self.n_jobs, require="sharedmem")(delayed(call_alone)(one) for one in arguments)
