"""Learners side by side: one leads, the others shadow it, and evidence decides who leads."""
