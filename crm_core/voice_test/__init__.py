"""Conversations of a script by voice: callers who speak, through the real switch, and what was written down."""
