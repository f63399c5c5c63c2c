"""Published settings, run again."""
