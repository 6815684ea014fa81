"""The infobot's dialogs: scripts read from YAML and the pure engine that walks them."""
