// The program `setlog`: dispatch only. Each command is tools/cmd_<name>.cc.

#include "tools/commands.h"

namespace {

constexpr setlog::Command kCommands[] = {
    {"init", "creates a log", setlog::DeclareInit},
    {"add", "appends records", setlog::DeclareAdd},
    {"remove", "removes records from the set", setlog::DeclareRemove},
    {"tag", "names the current version of the set", setlog::DeclareTag},
    {"in", "is it in the set? present or absent, proven", setlog::DeclareIn},
    {"check-data", "are the records here a version of a set? before training",
     setlog::DeclareCheckData},
    {"coverage", "is every record in one of the sets it was taken from?",
     setlog::DeclareCoverage},
    {"disjoint", "is no record in a set that is to be left out?",
     setlog::DeclareDisjoint},
    {"watch", "tells when records enter or leave the set", setlog::DeclareWatch},
    {"verify", "checks a proof file, offline", setlog::DeclareVerify},
    {"audit", "replays a log, checks every promise", setlog::DeclareAudit},
    {"diff", "members added and removed between two versions", setlog::DeclareDiff},
    {"witness", "cosigns the heads of logs that it replays", setlog::DeclareWitness},
    {"prover", "answers queries of private logs with their VRF keys",
     setlog::DeclareProver},
    {"trust", "whose keys and which witnesses are believed", setlog::DeclareTrust},
    {"head", "shows the newest signed head", setlog::DeclareHead},
    {"logs", "lists the logs of a server", setlog::DeclareLogs},
    {"tags", "lists the named versions of a log", setlog::DeclareTags},
    {"inclusion", "proves that an entry stands in the log", setlog::DeclareInclusion},
    {"consistency", "proves that the log only grew", setlog::DeclareConsistency},
    {"entries", "prints the raw log", setlog::DeclareEntries},
    {"handover", "a log goes on as another one, under another key",
     setlog::DeclareHandover},
    {"export", "writes a log as static files, for any web server",
     setlog::DeclareExport},
    {"model", "signs and verifies models, and the data they name",
     setlog::DeclareModel},
    {"hash", "prints the record hashes of files; no server", setlog::DeclareHash},
    {"check", "judges raw proofs, one JSON object a line; no server",
     setlog::DeclareCheck},
    {"key", "makes key files, shows them, changes passphrases", setlog::DeclareKey},
    {"pads", "shows how many records a private log has at most", setlog::DeclarePads},
    {"bench", "measures a server: appends, proofs, both at once", setlog::DeclareBench},
    {"token", "makes, lists and revokes a server's tokens", setlog::DeclareToken},
};

}  // namespace

int main(int argc, char** argv) { return setlog::RunCommand(kCommands, argc, argv); }
