"""Pages and islands as people meet them: in a real Chromium."""
