// Runs a bench through phases of so many cycles each, without cocotb: quick to start, for many short
// runs of one build. What the sinks wrote is judged outside.
//
// Argument: +phases=IDLE:STALL:CYCLES,... ; each phase begins with a reset of 4 cycles, then 1, 2, 3, 4, 1...
// Within a phase IDLE:STALL:CYCLES/IDLE:STALL:CYCLES/... follow on one another without one.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr unsigned kResetCycles = 4;  // most; of the first, before which nothing is known
uint64_t now = 0;

// What has been driven settles first, while the clock is low.
void Cycles(Vtop& top, uint64_t count) {
  top.eval();
  for (uint64_t edge = 0; edge < 2 * count && !Verilated::gotFinish(); ++edge) {
    now += 1000;
    top.clk_i = !top.clk_i;
    top.eval();
  }
}

}  // namespace

double sc_time_stamp() { return static_cast<double>(now); }

int main(int argc, char** argv) {
  Verilated::commandArgs(argc, argv);
  std::istringstream phases(std::string(Verilated::commandArgsPlusMatch("phases=")).substr(8));
  const std::unique_ptr<Vtop> top(new Vtop(""));
  top->clk_i = 0;
  top->frames_i = ~0U;
  unsigned number = 0;
  for (std::string phase; std::getline(phases, phase, ',');) {
    top->rst_ni = 0;
    top->phase_i = number;
    std::istringstream parts(phase);
    for (std::string text; std::getline(parts, text, '/');) {
      unsigned idle = 0, stall = 0;
      unsigned long long cycles = 0;
      if (std::sscanf(text.c_str(), "%u:%u:%llu", &idle, &stall, &cycles) != 3) return 2;
      top->idle_i = idle;
      top->stall_i = stall;
      if (top->rst_ni == 0) Cycles(*top, number == 0 ? kResetCycles : 1 + (number - 1) % kResetCycles);
      top->rst_ni = 1;
      Cycles(*top, cycles);
    }
    ++number;
  }
  top->rst_ni = 0;  // closes the sinks' files
  Cycles(*top, 1);
  top->final();
  return Verilated::threadContextp()->errorCount() > 0 ? 1 : 0;
}
