"""A design beside what other generators of RTL make of the same network, measured in one run."""
