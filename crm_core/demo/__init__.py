"""The demo: a whole campaign on two real Asterisks, and a report that checks itself."""
