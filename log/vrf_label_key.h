// log/vrf_label_key.h -- a VRF key in the form that kernels with lanes take.
//
//   const VrfLabelKey prepared(key);
//   lanes::LabelsAvx512Ifma(prepared.get(), records, count, labels);
//
// About 0.5 us. Wiped when it dies. The same time for all keys.
#ifndef SETLOG_LOG_VRF_LABEL_KEY_H_
#define SETLOG_LOG_VRF_LABEL_KEY_H_

#include "log/bytes.h"
#include "log/vrf_kernels.h"

namespace setlog {

class VrfLabelKey {
 public:
  // Both of 32 bytes; the secret is below the order of the group.
  VrfLabelKey(Bytes secret_scalar, Bytes public_key);
  ~VrfLabelKey();
  VrfLabelKey(const VrfLabelKey&) = delete;
  VrfLabelKey& operator=(const VrfLabelKey&) = delete;

  const lanes::LabelKey& get() const { return key_; }

 private:
  lanes::LabelKey key_;
};

}  // namespace setlog

#endif  // SETLOG_LOG_VRF_LABEL_KEY_H_
