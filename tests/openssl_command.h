// tests/openssl_command.h -- what the openssl program says, from its standard input.
//
//   const std::string key = Openssl({"genpkey", "-algorithm", "EC", ...});
//   const std::string public_key = Openssl({"pkey", "-pubout"}, key);
//
// Keys are made when the test runs: nothing in the repository can expire.
#ifndef SETLOG_TESTS_OPENSSL_COMMAND_H_
#define SETLOG_TESTS_OPENSSL_COMMAND_H_

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "process.h"

namespace setlog {

// A failure ends the test program.
inline std::string Openssl(std::vector<std::string> arguments,
                           const std::string& input = "") {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  const ProcessResult result = RunProcess(std::move(arguments), {.input = input});
  if (result.exit_code != 0) throw std::runtime_error(result.err);
  return result.out;
}

// A private key on `curve`, in PKCS#8.
inline std::string NewEcKey(const std::string& curve) {
  return Openssl(
      {"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:" + curve});
}
inline std::string PublicHalf(const std::string& private_key) {
  return Openssl({"pkey", "-pubout"}, private_key);
}

}  // namespace setlog

#endif  // SETLOG_TESTS_OPENSSL_COMMAND_H_
