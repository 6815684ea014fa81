"""Use cases, one module per noun: plain async functions (command, open_work, now)."""
