// tools/absent_hint.h -- the small differences that make the same record another one.
//
//   for (const Variant& variant : VariantsOf(scheme, record)) {
//     // ask for variant.hash; if it is PRESENT, say variant.change
//   }
//
// A record that was saved again often differs by a final newline, by CRLF for LF, by a
// byte order mark or by its Unicode form (NFC). Under json/1 and row/1 the canonical
// form hides what stands between the strings, so there each string is changed. A hint,
// never a verdict: the other record is another record. Pure; thread-safe.
#ifndef SETLOG_TOOLS_ABSENT_HINT_H_
#define SETLOG_TOOLS_ABSENT_HINT_H_

#include <string>
#include <string_view>
#include <vector>

#include "log/bytes.h"
#include "log/scheme.h"

namespace setlog {

struct Variant {
  std::string change;  // "without its final newline"
  Hash hash;
};

// Of the record with these canonical bytes, all of them; each differs from it and from
// the others. At most five; none for bytes that cannot be read as what they should be.
std::vector<Variant> VariantsOf(SchemeKind scheme, std::string_view canonical);

}  // namespace setlog

#endif  // SETLOG_TOOLS_ABSENT_HINT_H_
