// model/openssl_pointer.h -- objects of OpenSSL that free themselves.
//
//   OpensslPointer<BIO, BIO_free_all> bio(BIO_new(BIO_s_mem()));
//   Parse(ReadOnlyBio(pem).get());
#ifndef SETLOG_MODEL_OPENSSL_POINTER_H_
#define SETLOG_MODEL_OPENSSL_POINTER_H_

#include <openssl/bio.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace setlog {

template <auto kFree>
struct OpensslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OpensslPointer = std::unique_ptr<T, OpensslFree<kFree>>;

using BioPointer = OpensslPointer<BIO, BIO_free_all>;

// Reads `text`, which must outlive it, without a copy. nullptr above 2 GiB.
inline BioPointer ReadOnlyBio(std::string_view text) {
  if (text.size() > 0x7FFFFFFF) return nullptr;
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// All that was written to a BIO of memory.
inline std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : "";
}

// What an i2d function writes of `object`; "" if it fails.
template <typename T>
std::string DerOf(int (*encode)(T*, unsigned char**), std::type_identity_t<T>* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  std::string bytes;
  if (size > 0) bytes.assign(reinterpret_cast<const char*>(der), size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace setlog

#endif  // SETLOG_MODEL_OPENSSL_POINTER_H_
