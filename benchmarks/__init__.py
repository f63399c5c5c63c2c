"""Measurements: slow, seeded, written to CSV. Not part of the installed package."""
