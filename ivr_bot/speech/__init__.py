"""Hearing and speaking: the end of a turn, recognisers, voices, and prompts kept ready."""
