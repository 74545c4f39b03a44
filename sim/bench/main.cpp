// The main function of the benches that drive themselves: Verilator, the clock and cocotb.
//
// The clock (port clk_i, 2 ns) is toggled here, between the moments at which cocotb has asked to be
// woken: a clock driven through the VPI costs more than evaluating a small design. Everything else
// a cocotb test may do works as with cocotb's own main.
//
// Arguments: --trace --trace-file FILE write an FST, if the model was built for it; --trace-window
// FIRST LAST only of these cycles, counted from the start of the simulation. A model built with
// coverage writes its counts to +verilator+coverage+file+FILE at the end.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "Vtop.h"
#include "verilated.h"
#include "verilated_vpi.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif
#if VM_TRACE
#include "verilated_fst_c.h"
#endif

extern "C" void vlog_startup_routines_bootstrap(void);

namespace {

constexpr uint64_t kHalfPeriod = 1000;  // of the clock, in the model's time unit: 1 ps
constexpr uint64_t kNever = ~0ULL;
uint64_t now = 0;
uint64_t trace_first = 0;  // in the model's time unit
uint64_t trace_last = kNever;

class Bench {
 public:
  explicit Bench(const char* trace_file) : top_(new Vtop("")) {
    top_->clk_i = 0;  // not the random value that signals start with
#if VM_TRACE
    if (trace_file != nullptr) {
      Verilated::traceEverOn(true);
      trace_.reset(new VerilatedFstC);
      top_->trace(trace_.get(), 99);
      trace_->open(trace_file);
    }
#else
    (void)trace_file;
#endif
  }

  void Run() {
    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    TellChanges();
    while (!Verilated::gotFinish()) {
      Settle();
      const uint64_t wake = VerilatedVpi::cbNextDeadline();
      if (wake == kNever && !VerilatedVpi::hasCbs(cbValueChange)) break;  // cocotb is not there
      if (RunClockUntil(wake)) continue;
      now = wake;
      if (next_edge_ == now) ToggleClock();
      VerilatedVpi::callCbs(cbNextSimTime);
      TellChanges();
      VerilatedVpi::callTimedCbs();
      TellChanges();
    }
    top_->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
#if VM_TRACE
    if (trace_) trace_->close();
#endif
  }

 private:
  // Cocotb asleep until wake: nothing but the clock. Returns true, early, if somebody who waits for
  // a signal was called: on a clock edge before the registers change, as with cocotb's own clock.
  bool RunClockUntil(uint64_t wake) {
    while (next_edge_ < wake && !Verilated::gotFinish()) {
      now = next_edge_;
      ToggleClock();
      bool told = TellChanges();
      top_->eval();
      told |= TellChanges();
      if (told) return true;  // Run() settles and dumps
      Dump();
    }
    return Verilated::gotFinish();
  }

  void ToggleClock() {
    top_->clk_i = !top_->clk_i;
    next_edge_ += kHalfPeriod;
  }

  // Call those who wait for a signal to change, until nothing changes; true if there were any.
  bool TellChanges() {
    bool any = false;
    while (VerilatedVpi::callValueCbs()) any = true;
    return any;
  }

  // Evaluate, and let cocotb write, until nothing happens any more at this moment.
  void Settle() {
    do {
      do {
        top_->eval();
        VerilatedVpi::clearEvalNeeded();
        VerilatedVpi::doInertialPuts();
        TellChanges();
      } while (VerilatedVpi::evalNeeded());
      VerilatedVpi::callCbs(cbReadWriteSynch);
      VerilatedVpi::doInertialPuts();
      TellChanges();
    } while (VerilatedVpi::evalNeeded());
    VerilatedVpi::callCbs(cbReadOnlySynch);
    Dump();
  }

  void Dump() {
#if VM_TRACE
    if (trace_ && now >= trace_first && now <= trace_last) trace_->dump(now);
#endif
  }

  std::unique_ptr<Vtop> top_;
  uint64_t next_edge_ = kHalfPeriod;
#if VM_TRACE
  std::unique_ptr<VerilatedFstC> trace_;
#endif
};

}  // namespace

double sc_time_stamp() { return static_cast<double>(now); }

int main(int argc, char** argv) {
  const char* trace_file = nullptr;
  bool trace = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--trace") == 0) trace = true;
    if (std::strcmp(argv[i], "--trace-file") == 0 && i + 1 < argc) trace_file = argv[i + 1];
    if (std::strcmp(argv[i], "--trace-window") == 0 && i + 2 < argc) {
      trace_first = std::strtoull(argv[i + 1], nullptr, 10) * 2 * kHalfPeriod;
      trace_last = std::strtoull(argv[i + 2], nullptr, 10) * 2 * kHalfPeriod;
    }
  }
  Verilated::commandArgs(argc, argv);
  Verilated::fatalOnVpiError(false);
  Bench bench(trace ? (trace_file != nullptr ? trace_file : "dump.fst") : nullptr);
  bench.Run();
#if VM_COVERAGE
  Verilated::threadContextp()->coveragep()->write();
#endif
  return Verilated::threadContextp()->errorCount() > 0 ? 1 : 0;
}
