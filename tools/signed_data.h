// tools/signed_data.h -- what commands that ask about a model's data begin with.
//
//   SignedDataFlags flags;
//   AddSignedDataFlags(app, flags);   // MODEL --signature --public-key --data --policy
//   const std::variant<ExitCode, SignedData> opened = OpenSignedData(flags, out);
//   if (const ExitCode* code = std::get_if<ExitCode>(&opened)) return *code;
//
// First the signature and every file that it lists: what a model says of its data is
// worth nothing if its weights are not those that were signed with it.
#ifndef SETLOG_TOOLS_SIGNED_DATA_H_
#define SETLOG_TOOLS_SIGNED_DATA_H_

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "client/training_data.h"
#include "tools/cli_types.h"
#include "tools/model_check.h"
#include "tools/model_data.h"
#include "tools/output.h"
#include "tools/trust_flags.h"

namespace setlog {

struct SignedDataFlags {
  ModelCheckFlags check;
  std::vector<std::string> data;  // of the versions that the model names, those only
  TrustFlags trust;
};
// Whom to believe about the model is a key, certificates or Sigstore: its flags say
// which.
void AddSignedDataFlags(CLI::App& app, SignedDataFlags& flags);

struct SignedData {
  std::string model;
  std::string signer;           // "the P-256 key 537e...", or whom a certificate names
  std::vector<DataHead> heads;  // at least one
};

// An exit code if all is said already: a model that is not what was signed, or that
// names no data, is kUnverified.
std::variant<ExitCode, SignedData> OpenSignedData(const SignedDataFlags& flags,
                                                  Output& out);

// One verdict, or several, about each head, and under them whose word is whose; the
// worst exit code.
ExitCode AnswerEach(const SignedData& data, Output& out,
                    const std::function<ExitCode(const DataHead&)>& answer);

// Of a head that nobody is to be believed about, or that does not hold: why, and what
// to do.
std::string WhyNotBelieved(const DataHead& head, const JudgedHead& judged);

}  // namespace setlog

#endif  // SETLOG_TOOLS_SIGNED_DATA_H_
