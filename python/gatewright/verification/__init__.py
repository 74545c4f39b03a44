"""The verification ladder: every rung from PyTorch to the bitstream gives the same integers."""
