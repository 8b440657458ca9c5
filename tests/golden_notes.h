// tests/golden_notes.h -- one log, one witness and what they signed, as other programs
// write it: made with golang.org/x/mod/sumdb v0.42.0, torchwood v0.9.0 and
// transparency-dev/formats v0.1.1. The log's entries are "entry-0", "entry-1", ...
#ifndef SETLOG_TESTS_GOLDEN_NOTES_H_
#define SETLOG_TESTS_GOLDEN_NOTES_H_

#include <string>

#include "log/skey.h"
#include "log/vkey.h"

namespace setlog {

inline const std::string kLogName = "example.com/dataset-log";
inline const std::string kLogVkey =
    "example.com/dataset-log+a87f1415+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
// The same key, as one that cosigns.
inline const std::string kLogCosignerVkey =
    "example.com/dataset-log+87e514a8+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
inline const std::string kLogSkey =
    "PRIVATE+KEY+example.com/dataset-log+a87f1415+"
    "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
inline const std::string kWitnessVkey =
    "witness.test/w1+00b85718+BMhTrQ8M0rYZrqks7sT9VqJNZJnVhM55JX5Fz9gTm2Cn";

inline const std::string kRoot7 =
    "9139601cc1ca8ab2a7a0c2c134c04845f2b1ba549a83d6c845cfcda439cc585d";
inline const std::string kText7 =
    "example.com/dataset-log\n7\nkTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=\n";
inline const std::string kLogLine7 =
    "— example.com/dataset-log qH8UFVROJucHPflSB0q+kKD2Y7R7SqGYnDEbNhrzmll7CoQQDGzQSawv"
    "Gpt16pgWB880ICEecQDxp3CPadoSJp/0Nwo=\n";
inline const std::string kNote7 = kText7 + "\n" + kLogLine7;
inline constexpr uint64_t kCosignedAt = 1700000000;
inline const std::string kWitnessLine7 =
    "— witness.test/w1 ALhXGAAAAABlU/EAO7MV6B6cBpZbCxgWj1dS1NRtHLqqNl5XGAFmmkUnb7GTGCIX"
    "7bPpj9GdQheLKxjzkIFN1wUZ7JqD8lTFNsB3AA==\n";

inline const std::string kRoot1000 =
    "d03d63b772af99019817ee3e018286d36a26161bdb5bfe8228e92c02abe9115d";
inline const std::string kSignature1000 =
    "qH8UFa4MXWecvdmrAzZIaMnuO8jG3moEsaEKuWpQtEdlxCCLoatheROh0oo7UdiCcf5LmIGG7GXo4H3F9l"
    "ag"
    "Kk9cwg0=";

inline const std::string kTlogProof2Of7 =
    "c2sp.org/tlog-proof@v1\nextra ZGVtbw==\nindex 2\n"
    "J0ebarMh0u5HdFL2i6UndI6GPK/o+9HfK/idFXDRtpc=\n"
    "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=\n"
    "5CnFtcyqlSPDcpfxhGdm+QMTfoIZXFGZ5r5XEw0QBsg=\n\n" +
    kNote7 + kWitnessLine7;

inline VerifierKey Vkey(const std::string& vkey) { return ParseVkey(vkey).value(); }

// The key whose seed is 32 times one byte.
inline SigningKey KeyOfByte(const std::string& name, uint8_t byte) {
  const std::string seed(32, static_cast<char>(byte));
  return MakeSigningKey(name, Ed25519PrivateKey::FromSeed(AsBytes(seed)).value())
      .value();
}
inline SigningKey LogKey() { return ParseSkey(kLogSkey).value(); }
inline SigningKey WitnessKey() { return KeyOfByte("witness.test/w1", 0x77); }

}  // namespace setlog

#endif  // SETLOG_TESTS_GOLDEN_NOTES_H_
