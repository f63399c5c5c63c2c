"""What the estimators reach when nothing is set."""
