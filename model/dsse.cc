#include "model/dsse.h"

#include "absl/strings/str_cat.h"

namespace setlog {

std::string DssePae(std::string_view payload) {
  std::string pae = absl::StrCat("DSSEv1 ", kInTotoPayloadType.size(), " ");
  pae += kInTotoPayloadType;
  absl::StrAppend(&pae, " ", payload.size(), " ");
  pae += payload;
  return pae;
}

}  // namespace setlog
