"""Related tables: one long table with a task column."""
