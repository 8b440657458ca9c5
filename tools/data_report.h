// tools/data_report.h -- what `model verify` says of the data that a model names.
//
//   DataReport data = ReportData(model, statement, trust_flags, out);
//   report["data"] = data.json;
//   if (data.code != ExitCode::kHolds) ...   // and data.error says why
//
//   {"name":"data.example.org/digits@v1", ..., "verdict":"VERIFIED","pinned":true,
//    "cosigned_at":null,"replayed_by":[]}
//
// VERIFIED is a version of that log, as far as its key or the policy say so; that a
// model was trained on it is its signer's claim in any case. CLAIMED is one of a log
// for which the reader trusts nobody, and asked for no trust: it was not checked. Else
// UNVERIFIED, UNSUPPORTED or MISBEHAVIOUR.
#ifndef SETLOG_TOOLS_DATA_REPORT_H_
#define SETLOG_TOOLS_DATA_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "model/statement.h"
#include "tools/exit_code.h"
#include "tools/model_data.h"
#include "tools/output.h"
#include "tools/trust_flags.h"

namespace setlog {

struct DataReport {
  Json json = Json::array();       // one object a version
  std::vector<std::string> lines;  // the same for people
  ExitCode code = ExitCode::kHolds;
  std::string error;  // if it is another
  std::optional<MemoryConviction> conviction;
};

// Of a model whose signature and files are verified. Who names a key or a policy, or
// asks for freshness, wants data that is VERIFIED, and some.
DataReport ReportData(const std::string& model, const ModelStatement& statement,
                      const TrustFlags& flags, Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_DATA_REPORT_H_
