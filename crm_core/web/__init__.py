"""What the service shows over HTTP."""
