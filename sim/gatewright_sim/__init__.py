"""The cocotb side of the benches: these modules run inside the simulator."""
