"""Which of many source tasks to learn from."""

from skmeta.source_selection.selector import SourceSelector

__all__ = ["SourceSelector"]
