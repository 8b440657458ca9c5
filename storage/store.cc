#include "storage/store.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "log/sha256.h"
#include "storage/row_format.h"

namespace setlog {

CommitPoint NextCommitPoint(const CommitPoint& previous,
                            const std::vector<NewHead>& heads) {
  CommitPoint next{.number = previous.number + 1};
  std::string text = "setlog/commit/1\n";
  text.append(AsText(previous.chain));
  AppendU64(&text, next.number);
  for (const NewHead& head : heads) {
    AppendU32(&text, head.log);
    AppendU64(&text, head.head.size);
    text.append(AsText(head.head.root));
  }
  next.chain = Sha256(AsBytes(text));
  return next;
}

StoreId NewStoreId() {
  StoreId id;
  // Fails only on a kernel without getrandom(2), where nothing here could run safely.
  if (getentropy(id.data(), id.size()) != 0) std::abort();
  return id;
}

absl::Status Store::ReadManyUnchecked(
    LogNumber log, Table table, std::span<const std::string> keys,
    const std::function<absl::Status(size_t, std::string_view)>& visit) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    const absl::StatusOr<std::string> row = ReadUnchecked(log, table, keys[i]);
    if (!row.ok()) return row.status();
    if (absl::Status visited = visit(i, *row); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::Status CheckCommit(const CommitPoint& at, const GroupCommit& commit) {
  if (commit.number != at.number + 1) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the store is at commit %u, so commit %u cannot be next: is there a second "
        "writer?",
        at.number, commit.number));
  }
  for (const Write& write : commit.writes) {
    if (write.log == 0) return absl::InvalidArgumentError("no log has number 0");
  }
  std::vector<LogNumber> logs;
  for (const NewHead& head : commit.heads) logs.push_back(head.log);
  std::sort(logs.begin(), logs.end());
  if (!logs.empty() && logs.front() == 0) {
    return absl::InvalidArgumentError("no log has number 0");
  }
  const auto twice = std::adjacent_find(logs.begin(), logs.end());
  if (twice != logs.end()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("two heads for log %u in one commit", *twice));
  }
  return absl::OkStatus();
}

std::string U64Key(uint64_t number) {
  std::string key;
  AppendU64(&key, number);
  return key;
}

}  // namespace setlog
