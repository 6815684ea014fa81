"""The bridge to Asterisk: AMI, FastAGI, calls out of channel events, recordings, reconcile."""
