"""Random networks through every rung; ``python -m fuzz --help`` with ``tests`` on the path."""
