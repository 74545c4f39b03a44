// A board's top behind a pseudo-terminal: what is written to it goes bit by bit into rx_i, what
// comes out of tx_o bit by bit is read from it.
//
// Arguments: +bit=HZ/BAUD clock cycles per bit, a number with a fraction; +linger=N cycles without
// any activity after which the model stands still until bytes come; +faults=P of a million bytes
// (each way) lost, doubled, changed or preceded by a stray one, drawn by +seed=N. Writes the name
// of the terminal to standard output, then runs until standard input is closed, and then writes the
// number of cycles and of faults. The clock is one: the PLL's model hands it on.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>

#include "Vtop.h"
#include "verilated.h"

namespace {

constexpr int kChunk = 4096;        // cycles between looks at the terminal
constexpr int kDataBits = 8;
uint64_t now = 0;

double Number(const char* name, double otherwise) {
  const std::string text = Verilated::commandArgsPlusMatch(name);
  const std::size_t at = text.find('=');
  return at == std::string::npos ? otherwise : std::strtod(text.c_str() + at + 1, nullptr);
}

// What a bad cable does to bytes.
class Faults {
 public:
  Faults(double per_million, uint64_t seed) : chance_(per_million / 1e6), random_(seed) {}

  void Pass(uint8_t byte, std::deque<uint8_t>& out) {
    if (std::uniform_real_distribution<double>(0, 1)(random_) >= chance_) {
      out.push_back(byte);
      return;
    }
    ++count_;
    switch (random_() % 4) {
      case 0: break;  // lost
      case 1: out.push_back(byte); out.push_back(byte); break;
      case 2: out.push_back(byte ^ (1 + random_() % 255)); break;
      default: out.push_back(random_() % 256); out.push_back(byte); break;
    }
  }
  uint64_t count() const { return count_; }

 private:
  double chance_;
  std::mt19937_64 random_;
  uint64_t count_ = 0;
};

// Drives a line with the bits of bytes, as a serial bridge does.
class Sender {
 public:
  explicit Sender(double bit) : bit_(bit) {}

  bool Level(std::deque<uint8_t>& bytes) {
    if (!busy_) {
      if (bytes.empty()) return true;
      frame_ = (1 << (kDataBits + 1)) | (bytes.front() << 1);  // start bit 0, stop bit 1
      bytes.pop_front();
      busy_ = true;
      at_ = 0;
    }
    const int index = static_cast<int>(at_ / bit_);
    at_ += 1;
    if (at_ >= bit_ * (kDataBits + 2)) busy_ = false;
    return (frame_ >> (index > kDataBits + 1 ? kDataBits + 1 : index)) & 1;
  }
  bool busy() const { return busy_; }

 private:
  double bit_, at_ = 0;
  int frame_ = 0;
  bool busy_ = false;
};

// Takes bytes from a line, each bit in its middle.
class Receiver {
 public:
  explicit Receiver(double bit) : bit_(bit) {}

  // Returns a byte, or -1.
  int Take(bool level) {
    if (!busy_) {
      if (level) return -1;
      busy_ = true;
      at_ = 0;
      index_ = 0;
      byte_ = 0;
    }
    at_ += 1;
    if (at_ < bit_ * (index_ + 0.5)) return -1;
    const int index = index_++;
    if (index == 0) {
      if (level) busy_ = false;  // no start bit
    } else if (index <= kDataBits) {
      byte_ |= level << (index - 1);
    } else {
      busy_ = false;
      if (level) return byte_;
      ++broken_;
    }
    return -1;
  }
  bool busy() const { return busy_; }
  uint64_t broken() const { return broken_; }

 private:
  double bit_, at_ = 0;
  int index_ = 0, byte_ = 0;
  bool busy_ = false;
  uint64_t broken_ = 0;
};

int OpenTerminal(std::string& name, int& held) {
  int master = -1;
  char path[256];
  if (openpty(&master, &held, path, nullptr, nullptr) != 0) return -1;
  termios raw;
  tcgetattr(held, &raw);  // `held` stays open: the terminal outlives its readers
  cfmakeraw(&raw);
  tcsetattr(held, TCSANOW, &raw);
  fcntl(master, F_SETFL, O_NONBLOCK);
  name = path;
  return master;
}

void WriteAll(int terminal, std::deque<uint8_t>& bytes) {
  while (!bytes.empty()) {
    const uint8_t byte = bytes.front();
    if (write(terminal, &byte, 1) != 1) return;  // full: later
    bytes.pop_front();
  }
}

}  // namespace

double sc_time_stamp() { return static_cast<double>(now); }

int main(int argc, char** argv) {
  Verilated::commandArgs(argc, argv);
  const double bit = Number("bit=", 16);
  const uint64_t linger = static_cast<uint64_t>(Number("linger=", 2e6));
  const uint64_t seed = static_cast<uint64_t>(Number("seed=", 1));
  Faults in_faults(Number("faults=", 0), seed), out_faults(Number("faults=", 0), seed + 1);
  std::string name;
  int held = -1;
  const int terminal = OpenTerminal(name, held);
  if (terminal < 0) {
    std::perror("openpty");
    return 1;
  }
  const std::unique_ptr<Vtop> top(new Vtop(""));
  std::printf("%s\n", name.c_str());
  std::fflush(stdout);
  Sender sender(bit);
  Receiver receiver(bit);
  std::deque<uint8_t> to_board, to_host;
  uint64_t cycles = 0, active = 0;
  top->rx_i = 1;
  top->clk_i = 0;
  while (!Verilated::gotFinish() && Verilated::threadContextp()->errorCount() == 0) {
    const bool still = cycles - active > linger && to_board.empty() && to_host.empty();
    pollfd watched[2] = {{terminal, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    poll(watched, 2, still ? 50 : 0);
    if (watched[1].revents != 0) {
      char ignored;
      if (read(STDIN_FILENO, &ignored, 1) == 0) break;
    }
    uint8_t buffer[kChunk];
    // No more than the line is about to take: what is behind stays with the sender, as in a bridge.
    const ssize_t got = to_board.size() < 64 ? read(terminal, buffer, 64) : 0;
    for (ssize_t i = 0; i < got; ++i) in_faults.Pass(buffer[i], to_board);
    WriteAll(terminal, to_host);
    if (got > 0) active = cycles;
    if (still && got <= 0) continue;
    for (int i = 0; i < kChunk; ++i, ++cycles) {
      top->rx_i = sender.Level(to_board);
      top->clk_i = 1;
      now += 500;
      top->eval();
      top->clk_i = 0;
      now += 500;
      top->eval();
      const int byte = receiver.Take(top->tx_o);
      if (byte >= 0) out_faults.Pass(static_cast<uint8_t>(byte), to_host);
      if (sender.busy() || receiver.busy()) active = cycles;
    }
  }
  top->final();
  std::printf("cycles %llu faults %llu broken %llu\n", static_cast<unsigned long long>(cycles),
              static_cast<unsigned long long>(in_faults.count() + out_faults.count()),
              static_cast<unsigned long long>(receiver.broken()));
  return Verilated::threadContextp()->errorCount() > 0 ? 1 : 0;
}
