// model/statement_rules.h -- what a statement's list must be, beyond its JSON.
//
// Every check says InvalidArgument, naming the resource and the rule. O(n log n).
#ifndef SETLOG_MODEL_STATEMENT_RULES_H_
#define SETLOG_MODEL_STATEMENT_RULES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/statement.h"

namespace setlog {

// Checks names, their order, shards and ignored paths of `statement`, whose fields are
// otherwise read. What is as Python writes it is added to `warnings`.
absl::Status CheckStatementRules(const ModelStatement& statement,
                                 std::vector<std::string>* warnings);

}  // namespace setlog

#endif  // SETLOG_MODEL_STATEMENT_RULES_H_
