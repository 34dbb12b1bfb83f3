"""Judges a run from outside: reads what a Kafka holds and recomputes what must hold.

It shares no code with the worker, so that no mistake can be made twice and go unseen.
"""
