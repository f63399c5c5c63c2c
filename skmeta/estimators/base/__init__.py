"""The base of the estimators: the face and its collaborators."""
