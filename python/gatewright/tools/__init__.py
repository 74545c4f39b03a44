"""Other programs: Verilator, Yosys, nextpnr. The only place that starts subprocesses."""
