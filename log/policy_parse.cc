#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "log/decimal.h"
#include "log/policy.h"

namespace setlog {
namespace {

using Tokens = std::vector<std::string_view>;
using Member = Policy::Member;

constexpr std::string_view kNone = "none";

absl::Status Invalid(std::string_view why) {
  return absl::InvalidArgumentError(std::string(why));
}

// The parts of a line between spaces and tabs; none for a blank line or a comment.
Tokens Split(std::string_view line) {
  constexpr std::string_view kBlanks = " \t";
  Tokens tokens;
  for (size_t begin = line.find_first_not_of(kBlanks); begin != line.npos;) {
    const size_t end = std::min(line.find_first_of(kBlanks, begin), line.size());
    tokens.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kBlanks, end);
  }
  if (!tokens.empty() && tokens[0].starts_with('#')) tokens.clear();
  return tokens;
}

class Parser {
 public:
  absl::Status AddLine(std::string_view line) {
    for (unsigned char c : line) {
      if ((c < 0x20 && c != '\t') || c == 0x7F) return Invalid("control character");
    }
    const Tokens tokens = Split(line);
    if (tokens.empty()) return absl::OkStatus();
    if (tokens[0] == "log") return AddLog(tokens);
    if (tokens[0] == "witness") return AddWitness(tokens);
    if (tokens[0] == "group") return AddGroup(tokens);
    if (tokens[0] == "quorum") return SetQuorum(tokens);
    return Invalid("a line starts with log, witness, group, quorum or #");
  }

  absl::StatusOr<Policy> Finish() && {
    if (!has_quorum_) return Invalid("policy: there is no quorum line");
    return std::move(policy_);
  }
  std::vector<Policy::Log> TakeLogs() && { return std::move(policy_.logs); }

 private:
  absl::Status AddLog(const Tokens& tokens) {
    if (tokens.size() < 2 || tokens.size() > 3) return Invalid("use: log VKEY [URL]");
    absl::StatusOr<VerifierKey> key =
        NewKey(tokens[1], SignatureType::kEd25519, log_keys_);
    if (!key.ok()) return key.status();
    policy_.logs.push_back({*std::move(key), Optional(tokens, 2)});
    return absl::OkStatus();
  }

  absl::Status AddWitness(const Tokens& tokens) {
    if (tokens.size() < 3 || tokens.size() > 4) {
      return Invalid("use: witness NAME VKEY [URL]");
    }
    absl::StatusOr<VerifierKey> key =
        NewKey(tokens[2], SignatureType::kCosignature, witness_keys_);
    if (!key.ok()) return key.status();
    const Member self{Member::Kind::kWitness, policy_.witnesses.size()};
    if (absl::Status status = Define(tokens[1], self); !status.ok()) return status;
    policy_.witnesses.push_back(
        {std::string(tokens[1]), *std::move(key), Optional(tokens, 3)});
    return absl::OkStatus();
  }

  absl::Status AddGroup(const Tokens& tokens) {
    if (tokens.size() < 4) return Invalid("use: group NAME all|any|NUMBER MEMBER...");
    Policy::Group group{std::string(tokens[1]), 0, {}};
    for (size_t i = 3; i < tokens.size(); ++i) {
      const auto member = names_.find(tokens[i]);
      if (member == names_.end()) return Unknown(tokens[i]);
      // So that a cosignature counts once on its way to the quorum.
      if (!grouped_.insert(std::string(tokens[i])).second) {
        return Invalid(absl::StrFormat("%s is a member of a group already", tokens[i]));
      }
      group.members.push_back(member->second);
    }
    if (tokens[2] == "all") {
      group.threshold = group.members.size();
    } else if (tokens[2] == "any") {
      group.threshold = 1;
    } else {
      const std::optional<uint64_t> threshold = ParseDecimal(tokens[2]);
      if (!threshold || *threshold < 1 || *threshold > group.members.size()) {
        return Invalid(
            "a group needs all, any, or a number from 1 to the number of its members");
      }
      group.threshold = static_cast<size_t>(*threshold);
    }
    const Member self{Member::Kind::kGroup, policy_.groups.size()};
    if (absl::Status status = Define(tokens[1], self); !status.ok()) return status;
    policy_.groups.push_back(std::move(group));
    return absl::OkStatus();
  }

  absl::Status SetQuorum(const Tokens& tokens) {
    if (tokens.size() != 2) return Invalid("use: quorum NAME, or: quorum none");
    if (has_quorum_) return Invalid("there is a quorum line already");
    has_quorum_ = true;
    if (tokens[1] == kNone) return absl::OkStatus();
    const auto member = names_.find(tokens[1]);
    if (member == names_.end()) return Unknown(tokens[1]);
    policy_.quorum = member->second;
    return absl::OkStatus();
  }

  // A key of this type that no line of its kind has had. The same key under two names
  // would let one witness count as two.
  absl::StatusOr<VerifierKey> NewKey(std::string_view vkey, SignatureType type,
                                     std::set<std::array<uint8_t, 32>>& seen) {
    absl::StatusOr<VerifierKey> key = ParseVkey(vkey);
    if (!key.ok()) return key.status();
    if (key->type != type) {
      return Invalid(absl::StrFormat("the key needs signature type 0x%02x, not 0x%02x",
                                     static_cast<uint8_t>(type),
                                     static_cast<uint8_t>(key->type)));
    }
    if (!seen.insert(key->key.bytes()).second) {
      return Invalid("an earlier line has the same public key");
    }
    // Signature lines are found by name and ID, so no two keys may share both.
    if (!key_ids_.insert({key->name, key->id}).second) {
      return Invalid("an earlier line has a key of the same name and ID");
    }
    return key;
  }

  absl::Status Define(std::string_view name, Member member) {
    if (name == kNone) return Invalid("\"none\" is not a name");
    if (!names_.emplace(std::string(name), member).second) {
      return Invalid(absl::StrFormat("the name %s is used already", name));
    }
    return absl::OkStatus();
  }

  static absl::Status Unknown(std::string_view name) {
    return Invalid(absl::StrFormat("no witness or group above is called %s", name));
  }

  static std::string Optional(const Tokens& tokens, size_t i) {
    return i < tokens.size() ? std::string(tokens[i]) : std::string();
  }

  Policy policy_;
  bool has_quorum_ = false;
  std::map<std::string, Member, std::less<>> names_;
  std::set<std::string> grouped_;
  std::set<std::array<uint8_t, 32>> log_keys_;
  std::set<std::array<uint8_t, 32>> witness_keys_;
  std::set<std::pair<std::string, uint32_t>> key_ids_;
};

}  // namespace

namespace {

absl::StatusOr<Parser> ParseLines(std::string_view text) {
  if (text.size() > kMaxPolicyBytes) {
    return Invalid(absl::StrFormat("a policy has at most %d bytes", kMaxPolicyBytes));
  }
  Parser parser;
  for (uint64_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = text.find('\n');
    // A file that was cut off in a name or a number may still be a policy: another one.
    if (end == text.npos) {
      return Invalid("policy: the last line has no line feed (is the file cut off?)");
    }
    if (absl::Status status = parser.AddLine(text.substr(0, end)); !status.ok()) {
      return Invalid(absl::StrFormat("policy line %d: %s", line_number,
                                     std::string(status.message())));
    }
    text.remove_prefix(end + 1);
  }
  return parser;
}

}  // namespace

absl::StatusOr<Policy> ParsePolicy(std::string_view text) {
  absl::StatusOr<Parser> parser = ParseLines(text);
  if (!parser.ok()) return parser.status();
  return (*std::move(parser)).Finish();
}

absl::StatusOr<std::vector<Policy::Log>> ParsePolicyLogs(std::string_view text) {
  absl::StatusOr<Parser> parser = ParseLines(text);
  if (!parser.ok()) return parser.status();
  return (*std::move(parser)).TakeLogs();
}

}  // namespace setlog
