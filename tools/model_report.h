// tools/model_report.h -- what was found of a model, for people and as JSON.
//
//   Json json = ReportOf(flags, checked);          // add to it what else was asked
//   ExitCode code = PrintReport(json, flags, checked, out);
//
//   {"verdict":"REFUSED","model":"m","signature":"m.sig","method":"key","signer":{...},
//    "subject":"m","digest":"sha256","files":4,"bytes":4294967296,
//    "problems":[{"kind":"changed","name":"weights.bin"}],"warnings":[]}
//
// Kinds: changed, added, missing, renamed (has "other"), odd; unread, which alone is no
// reason to refuse, but none to verify either (UNVERIFIED); and signature, which is
// about the signature file itself: then no file of the model was looked at.
#ifndef SETLOG_TOOLS_MODEL_REPORT_H_
#define SETLOG_TOOLS_MODEL_REPORT_H_

#include <string>
#include <string_view>

#include "model/compare.h"
#include "tools/exit_code.h"
#include "tools/model_check.h"
#include "tools/output.h"

namespace setlog {

// "2026-01-31T12:00:00Z"
std::string ShowTime(int64_t time_us);
// "30 bytes", "4.29 GB"
std::string ShowSize(uint64_t bytes);
std::string_view WordOf(DifferenceKind kind);
Json JsonOf(const ModelDifference& difference);
// "changed  weights.bin (bytes 1000:1100)", "renamed  a.bin is now b.bin".
std::string LineOf(const ModelDifference& difference);

Json ReportOf(const ModelCheckFlags& flags, const CheckedModel& checked);
// The verdict first, which is that of `report`, and the "error" that it may have been
// given. kHolds, kDoesNotHold or kUnverified.
ExitCode PrintReport(const Json& report, const ModelCheckFlags& flags,
                     const CheckedModel& checked, Output& out);

// Why CheckModel could not decide: UNVERIFIED, or UNSUPPORTED, if the model or its
// signature is the cause; a plain error if it is what was asked.
ExitCode PrintUndecided(const absl::Status& why, const ModelCheckFlags& flags,
                        Output& out);

}  // namespace setlog

#endif  // SETLOG_TOOLS_MODEL_REPORT_H_
