"""The in-context estimators on real tables."""
