"""The corpus: each kind yields cases without end, from a random generator and the addresses."""
