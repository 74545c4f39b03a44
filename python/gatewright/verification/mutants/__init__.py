"""Mutants: small faults made on purpose, to see whether the tests bite."""
