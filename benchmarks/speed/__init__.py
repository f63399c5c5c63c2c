"""How fast training steps, whole fits and answers are."""
