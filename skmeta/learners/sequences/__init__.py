"""Learners that read a task's rows one after another."""
