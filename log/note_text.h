// log/note_text.h -- which characters signed notes and key names may have.
//
//   EXPECT_OK(CheckNoteText("any UTF-8\n"));
//   CheckNoteText("a\tb\n");         // InvalidArgument: a control character
//   CheckKeyName("example.com/a b");  // InvalidArgument: a space
//
// Source: C2SP signed-note, section "Format". Thread-safe: pure functions.
#ifndef SETLOG_LOG_NOTE_TEXT_H_
#define SETLOG_LOG_NOTE_TEXT_H_

#include <string_view>

#include "absl/status/status.h"

namespace setlog {

// OK iff `text` is valid UTF-8 without any byte below 0x20 but LF. InvalidArgument
// otherwise. O(size).
absl::Status CheckNoteText(std::string_view text);

// OK iff `name` may name a key: note text without LF, not empty, no '+' (it separates
// the parts of a vkey) and no Unicode space (it separates the parts of a signature
// line). InvalidArgument otherwise.
absl::Status CheckKeyName(std::string_view name);

}  // namespace setlog

#endif  // SETLOG_LOG_NOTE_TEXT_H_
