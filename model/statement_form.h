// model/statement_form.h -- the fixed words of a statement, for its writer and its
// reader.
#ifndef SETLOG_MODEL_STATEMENT_FORM_H_
#define SETLOG_MODEL_STATEMENT_FORM_H_

#include <string_view>

namespace setlog::statement_form {

inline constexpr std::string_view kType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kPredicateType =
    "https://model_signing/signature/v1.0";
inline constexpr std::string_view kFiles = "files";
inline constexpr std::string_view kShards = "shards";

}  // namespace setlog::statement_form

#endif  // SETLOG_MODEL_STATEMENT_FORM_H_
