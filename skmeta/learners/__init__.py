"""The algorithms: torch modules over a leading task axis, functional inside."""
