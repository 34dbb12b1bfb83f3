"""Policies side by side in a shop whose truth is known."""
