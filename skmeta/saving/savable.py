"""The method of all that can be saved."""

from os import PathLike


class Savable:
    """Gives estimators the method ``save``."""

    def save(self, path: "str | PathLike[str]") -> None:
        """Write the estimator to one file from which :func:`skmeta.load` makes it again without executing any code.

        The file holds numbers (safetensors) and JSON: parameters and what was learned. What only further training needs
        and cannot be written down is left out, with a warning on loading; a module class of one's own has to be handed
        to ``load``.

        Parameters
        ----------
        path : str or path
        """
        from skmeta.saving.saved import save

        save(self, path)
