"""Runs written down, read back, and decided again."""
