"""The vocabulary: pure values, state tables and decisions. No I/O, no clock."""
