#include "tools/interrupt.h"

namespace setlog {
namespace {

// All that a signal handler may touch.
volatile sig_atomic_t requested_flag = 0;

void OnSignal(int) { requested_flag = 1; }

}  // namespace

Interrupt::Interrupt() {
  requested_flag = 0;
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

bool Interrupt::requested() const { return requested_flag != 0; }

}  // namespace setlog
