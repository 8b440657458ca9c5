// tests/sanitized.h -- whether this is a sanitizer's build. It keeps what was freed,
// and its heap is not counted: how much memory is in use says nothing there.
#ifndef SETLOG_TESTS_SANITIZED_H_
#define SETLOG_TESTS_SANITIZED_H_

namespace setlog {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace setlog

#endif  // SETLOG_TESTS_SANITIZED_H_
