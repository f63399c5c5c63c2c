"""One file per estimator that is safe to load from strangers: numbers in safetensors, everything else in JSON.

Nothing in such a file is executed, and nothing outside it is opened. It can only name classes of this library, of
``torch.nn`` and ``torch.optim``, and the transformers and estimators of scikit-learn that are nothing but numbers; a
module class of the user's own has to be handed to :func:`load`.
"""

from skmeta.saving.saved import load, save

__all__ = ["load", "save"]
