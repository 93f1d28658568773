"""Values and rules of a registry; no I/O, no clock, no randomness."""
