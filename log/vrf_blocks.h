// log/vrf_blocks.h -- the messages of the VRF's suite in the form that kernels with
// lanes take: whole blocks of SHA-512, with what differs between records left out.
//
//   PutBlocks(key.output_block, vrf::kOutput, Bytes(), Hash::kSize, 1);
//
#ifndef SETLOG_LOG_VRF_BLOCKS_H_
#define SETLOG_LOG_VRF_BLOCKS_H_

#include <span>

#include "log/bytes.h"
#include "log/vrf_kernels.h"

namespace setlog {

// Fills `blocks` with suite | what | after | `missing` bytes to be filled in | `tail`
// zeros, and the padding of FIPS 180-4 section 5.1.2, which has to fit.
void PutBlocks(std::span<uint8_t> blocks, uint8_t what, Bytes after, size_t missing,
               size_t tail);

// Wipe the secret of it.
lanes::ProveKey VrfProveKey(Bytes secret_scalar, const Hash& public_key);

// Its tables are the kernel's own to make.
lanes::VerifyKey VrfVerifyKey(const Hash& public_key);

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_BLOCKS_H_
