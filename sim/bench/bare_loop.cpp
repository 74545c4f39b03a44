// A plain Verilator loop around a bench, without cocotb: what simulation speed is measured against.
//
// Arguments: +cycles=N clock cycles after reset. Writes the seconds they took to standard output.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr int kResetCycles = 4;
uint64_t now = 0;

void Cycle(Vtop& top) {
  for (int edge = 0; edge < 2; ++edge) {
    now += 1000;
    top.clk_i = !top.clk_i;
    top.eval();
  }
}

}  // namespace

double sc_time_stamp() { return static_cast<double>(now); }

int main(int argc, char** argv) {
  Verilated::commandArgs(argc, argv);
  const std::string text = Verilated::commandArgsPlusMatch("cycles=");
  const uint64_t cycles = text.size() > 8 ? std::stoull(text.substr(8)) : 0;
  const std::unique_ptr<Vtop> top(new Vtop(""));
  top->frames_i = ~0U;
  top->rst_ni = 0;
  for (int i = 0; i < kResetCycles; ++i) Cycle(*top);
  top->rst_ni = 1;
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < cycles; ++i) Cycle(*top);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  top->rst_ni = 0;  // closes the sinks' files
  Cycle(*top);
  top->final();
  std::printf("%.6f\n", taken.count());
  return Verilated::threadContextp()->errorCount() > 0 ? 1 : 0;
}
