"""Audio to and from the switch: what a call sends and hears."""
