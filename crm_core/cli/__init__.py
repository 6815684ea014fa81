"""The command line: one module per noun, each adds its sub-commands and calls handlers."""
