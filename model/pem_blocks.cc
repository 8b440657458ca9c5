#include "model/pem_blocks.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "log/bytes.h"
#include "model/openssl_pointer.h"

namespace setlog {

absl::StatusOr<std::vector<PemBlock>> ReadPemBlocks(std::string_view text) {
  const BioPointer bio = ReadOnlyBio(text);
  if (bio == nullptr)
    return absl::InvalidArgumentError("a PEM text of over 2 GiB is not read");
  std::vector<PemBlock> blocks;
  ERR_clear_error();
  while (true) {
    char* label = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &label, &header, &data, &size) != 1) break;
    blocks.push_back({label, std::string(AsText({data, static_cast<size_t>(size)}))});
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ended) return absl::InvalidArgumentError("a block of PEM is damaged");
  if (blocks.empty()) {
    return absl::InvalidArgumentError("not PEM: there is no \"-----BEGIN\" line");
  }
  return blocks;
}

}  // namespace setlog
