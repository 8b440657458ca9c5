#include "tools/output.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "log/show_bytes.h"

namespace setlog {
namespace {

constexpr std::string_view kGreen = "\033[32m";
constexpr std::string_view kYellow = "\033[33m";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kPlain = "\033[0m";

std::string_view ColourOf(std::string_view word) {
  for (const std::string_view holds :
       {"PRESENT", "LOGGED", "VALID", "CLEAN", "OPENED", "VERIFIED"}) {
    if (word == holds) return kGreen;
  }
  if (word == "ABSENT" || word == "REMOVED") return kYellow;
  return kRed;
}

void Write(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
}

void WriteLine(std::FILE* file, std::string_view text) {
  Write(file, text);
  std::fputc('\n', file);
}

// The JSON of `line`. Its printer leaves DEL and the controls beyond ASCII as they are,
// which a terminal obeys; they stand in strings only, where JSON may escape them.
std::string JsonLine(const Json& line) {
  std::string escaped;
  // File names need not be UTF-8; JSON has no other way to say so.
  const std::string json = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<uint8_t>(json[i]);
    const auto next = static_cast<uint8_t>(i + 1 < json.size() ? json[i + 1] : 0);
    if (byte == 0x7f) {
      escaped += "\\u007f";
    } else if (byte == 0xc2 && next < 0xa0) {
      escaped += absl::StrFormat("\\u%04x", next);
      ++i;
    } else {
      escaped += json[i];
    }
  }
  return escaped;
}

// A verdict's word stands at the start of a line, where no indented text can put it.
std::string ShowIndented(std::string_view text) {
  std::string shown;
  size_t begin = 0;
  for (size_t at = 0; (at = text.find("\n  ", at)) != text.npos; ++at) {
    shown += ShowLine(text.substr(begin, at - begin)) + "\n";
    begin = at + 1;
  }
  return shown + ShowLine(text.substr(begin));
}

// Results that were printed before an error also appear before it.
void WriteError(std::string_view shown) {
  std::fflush(stdout);
  WriteLine(stderr, "setlog: " + std::string(shown));
}

}  // namespace

Output::Output(OutputOptions options) : options_(options) {
  const char* no_colour = std::getenv("NO_COLOR");
  colour_ = isatty(STDOUT_FILENO) && (no_colour == nullptr || *no_colour == '\0');
}

void Output::Result(const Json& json, std::string_view text) {
  if (!options_.json) return WriteLine(stdout, ShowLine(text));
  Json line = json;
  if (line.is_object()) line.update(always_);
  WriteLine(stdout, JsonLine(line));
}

void Output::Verdict(const Json& json, std::string_view word, std::string_view rest) {
  if (options_.json || !colour_)
    return Result(json, std::string(word) + std::string(rest));
  std::string text(ColourOf(word));
  text += ShowLine(word);
  text += kPlain;
  text += ShowLine(rest);
  WriteLine(stdout, text);
}

void Output::Detail(std::string_view text) {
  if (!options_.json && !options_.quiet) WriteLine(stdout, ShowIndented(text));
}

void Output::Note(std::string_view text) {
  if (!options_.quiet) WriteError(ShowIndented(text));
}

void Output::Error(std::string_view text) { WriteError(ShowLine(text)); }

void Output::Error(std::string_view text, std::string_view more) {
  WriteError(ShowLine(text) + "\n" + ShowIndented(more));
}

ExitCode Output::Fail(const absl::Status& status) {
  Error(std::string(status.message()));
  return ForStatus(status);
}

bool Output::Flush() {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return true;
  if (!write_failed_) Error("could not write to standard output");
  write_failed_ = true;
  return false;
}

void Output::Raw(std::string_view bytes) { Write(stdout, bytes); }

}  // namespace setlog
