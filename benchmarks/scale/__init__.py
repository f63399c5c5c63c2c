"""Memory, and what more processes bring."""
