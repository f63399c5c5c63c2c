"""The in-context learner: a network that reads a table's rows and answers others."""
