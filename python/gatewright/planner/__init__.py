"""The planner: which core, how many PEs and lanes each layer gets, within a budget.

Cycles come from the laws by which the hardware is emitted, resources from ``estimate``.
"""
