// tools/interrupt.h -- lets a long command end in order when it is asked to.
//
//   Interrupt interrupt;                       // SIGINT and SIGTERM no longer kill
//   while (!interrupt.requested()) Work();
//   KeepProgress();
//
// A second signal kills as usual. One at a time in a process; its end restores what was
// there before.
#ifndef SETLOG_TOOLS_INTERRUPT_H_
#define SETLOG_TOOLS_INTERRUPT_H_

#include <signal.h>

namespace setlog {

class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  ~Interrupt();

  bool requested() const;

 private:
  struct sigaction old_int_;
  struct sigaction old_term_;
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_INTERRUPT_H_
