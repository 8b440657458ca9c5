// tools/output.h -- what a command prints: one JSON object a line, or text for people.
//
//   Output out({.json = true});
//   out.Result({{"origin", origin}, {"size", size}}, "created " + origin);
//   out.Verdict(json, "ABSENT", " from the set that ...");  // the word is coloured
//   out.Detail("the proof is for size 12");                // for people only
//
// Order for people: verdict first, then evidence, then what to do. Standard output
// carries results only; errors and notes go to standard error. --quiet leaves results
// and errors. What a result, a verdict or an error says is one line, and control
// characters and ill-formed UTF-8 are escaped in all text (log/show_bytes.h): whatever
// a server says, it cannot write a verdict of its own. Colour only on a terminal, and
// never with NO_COLOR. Not thread-safe.
#ifndef SETLOG_TOOLS_OUTPUT_H_
#define SETLOG_TOOLS_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "tools/exit_code.h"

namespace setlog {

using Json = nlohmann::ordered_json;

struct OutputOptions {
  bool json = false;
  bool quiet = false;
};

class Output {
 public:
  explicit Output(OutputOptions options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }

  // `json` as one line with --json, else `text` as a line.
  void Result(const Json& json, std::string_view text);
  // The same for a verdict: its word is coloured by what it means.
  void Verdict(const Json& json, std::string_view word, std::string_view rest);
  // A field that every JSON object from now on has.
  void AddToResults(const std::string& key, Json value) {
    always_[key] = std::move(value);
  }
  // A line for people, under a result. Nothing with --json or --quiet. A line break
  // in it stays one before two spaces; any other is escaped.
  void Detail(std::string_view text);
  // The same on standard error, with --json too; nothing with --quiet.
  void Note(std::string_view text);
  // A line on standard error, always; `more` are indented lines, as in Detail.
  void Error(std::string_view text);
  void Error(std::string_view text, std::string_view more);
  // Error(message) and the exit code of the status: `return out.Fail(status);`.
  ExitCode Fail(const absl::Status& status);
  // Pushes results out; false, after an Error, if they could not all be written.
  bool Flush();
  // Bytes as they are, and nothing else.
  void Raw(std::string_view bytes);

 private:
  OutputOptions options_;
  bool colour_;
  bool write_failed_ = false;
  Json always_ = Json::object();
};

}  // namespace setlog

#endif  // SETLOG_TOOLS_OUTPUT_H_
