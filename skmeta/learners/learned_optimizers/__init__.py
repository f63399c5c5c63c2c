"""Learned optimizers: networks that turn gradients into updates."""
