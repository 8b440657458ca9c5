// port/huge_pages.h -- large memory that is read here and there.
//
//   std::unique_ptr<Hash[]> nodes = ...;               // not yet touched
//   PreferHugePages(nodes.get(), size * sizeof(Hash));
//
// Each read at random of a gigabyte in small pages costs a walk through page tables
// that are not in the cache either. Advice only: nothing happens where it is not taken.
#ifndef SETLOG_PORT_HUGE_PAGES_H_
#define SETLOG_PORT_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace setlog {

inline void PreferHugePages([[maybe_unused]] const void* memory,
                            [[maybe_unused]] size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr uintptr_t kPage = 4096;
  const uintptr_t begin =
      (reinterpret_cast<uintptr_t>(memory) + kPage - 1) / kPage * kPage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(memory) + bytes) / kPage * kPage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

}  // namespace setlog

#endif  // SETLOG_PORT_HUGE_PAGES_H_
