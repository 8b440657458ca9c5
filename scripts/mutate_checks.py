#!/usr/bin/env python3
"""scripts/mutate_checks.py -- would a test notice if a check of the verifier were gone?

  scripts/mutate_checks.py                  every check; survivors are listed
  scripts/mutate_checks.py --list           the checks, without running anything
  scripts/mutate_checks.py --only log/note  the files whose path contains this
  scripts/mutate_checks.py --quick          without the programs that run servers
  scripts/mutate_checks.py --jobs 4         test programs at a time (default 1)

A check is an operand of `||` in the condition of an `if` that refuses:
`if (a || b) return error;` holds two. In a scratch copy (build/mutants) each of them
becomes Check(number, a), which an environment variable switches off. So there is one
build for all of them, and one first run that writes down which test program makes which
check fire: only these can notice that it is gone. Then, check by check, they run with
that check off, the quickest first, until one turns red.

A check that no program misses survives: it has no test, or it is redundant. Those whose
loss cannot be seen stand in tests/mutation_allowed.txt with the reason. An entry there
that is no check any more, or whose check a test does notice, is an error too.

Exit code 0: every check is noticed or allowed. 1: survivors or stale entries. 2: the
scratch copy does not build, or a test fails with all checks on.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRATCH = ROOT / "build" / "mutants"  # a tree of sources like this one
ALLOWED = ROOT / "tests" / "mutation_allowed.txt"

# What decides whether bytes are believed.
SOURCES = """
log/base64.cc log/bytes.cc log/checkpoint.cc log/comparable.cc log/cosignature.cc
log/decimal.h log/ed25519.cc log/entry.cc log/evidence.cc log/extension.cc log/json.cc
log/json_object.cc log/manifest.cc log/note.cc log/note_text.cc log/origin.cc
log/pad_opening.cc log/policy.cc log/policy_parse.cc log/proof.cc log/replay.cc
log/sealed_vrf_skey.cc log/set_proof.cc log/skey.cc log/tile.cc log/tlog_proof.cc
log/utf8.cc log/verify.cc log/vkey.cc log/vrf.cc log/vrf_skey.cc log/witness_request.cc
proto/message_file.cc
client/data_counts.cc client/head_follower.cc client/log_client.cc
client/logged_value.cc client/pads_file.cc
client/proof_file.cc client/state.cc client/training_data.cc client/tree_client.cc
client/set_overlap.cc client/vrf_source.cc
storage/anchor.cc storage/row_format.cc
model/bundle.cc model/bundle_signature.cc model/certificate.cc
model/certificate_chain.cc model/compare.cc model/digest.cc model/ecdsa_key.cc
model/fulcio.cc model/model_tree.cc model/open_below.cc model/pem_blocks.cc
model/piece_reader.cc model/rekor.cc model/rekor_body.cc model/resource.cc
model/rfc3161.cc model/sct.cc model/sign_model.cc model/signed_file.cc
model/sigstore.cc model/statement.cc model/statement_parse.cc model/statement_rules.cc
model/tlog_entry.cc model/trusted_root.cc model/verify_model.cc
""".split()

# Programs that hold any of them; --quick leaves out those that run whole servers.
PROGRAMS = """
base64_test bytes_test checkpoint_test ed25519_test wycheproof_test note_test
origin_test policy_test tlog_proof_test vkey_test vrf_skey_test vrf_test
witness_request_test
cosigned_head_test jcs_test json_test manifest_test
entry_test private_verify_test verify_test proof_test set_proof_test tile_test tile_tree_test replay_test
scheme_test column_test evidence_test extension_test anchor_test row_format_test
rocks_store_test store_conformance_test proof_file_test state_test tree_client_test
log_client_test private_client_test vrf_source_test judge_test append_check_test audit_state_test evidence_file_test
failing_calls_test head_follower_test log_audit_test log_client_refusals_test
seen_versions_test set_difference_test
comparable_test data_counts_test set_overlap_test
json_object_test certificate_chain_test ecdsa_key_test model_bundle_test
fulcio_test rekor_body_test rekor_test rfc3161_test sct_test sigstore_public_test sigstore_test trusted_root_test
model_resource_test model_statement_test training_data_test signed_file_test
bundle_signature_test hash_model_test model_compare_test model_tree_test
sign_model_test verify_model_test sealed_vrf_skey_test pad_opening_test
""".split()
SLOW_PROGRAMS = """
cli_verify_test cli_check_test client_server_test cli_server_test cli_in_test
cli_liar_test cli_audit_test cli_private_in_test
cli_model_tampering_test cli_model_certificate_test
""".split()

# What a refusal returns. In the functions of REASONS_ARE_ERRORS a string is the reason
# for refusing and nullopt is consent; everywhere else nullopt refuses.
REFUSAL = re.compile(
    r"^(absl::(InvalidArgument|NotFound|OutOfRange|FailedPrecondition|DataLoss|"
    r"Unimplemented|Internal|Unavailable|ResourceExhausted)Error\(|"
    r"(Refused?|Invalid|Malformed|Damaged|Wrong|Bad|Fail|Error|Misplaced|Short)\w*\(|"
    r"\w+(->|\.)status\(\)|(status|s|error|valid|ok);|std::nullopt;|"
    r"(Line|LineError|Torn|Other)\w*\(|false;|nullptr;|i;|offset;|position;)"
)
REASONS_ARE_ERRORS = {"log/replay.cc", "model/resource.cc"}
REASON = re.compile(r"^(absl::StrFormat\(|std::string\(status|fault_;|\")")
# A refusal that is kept, and returned at the end.
RECORDED = re.compile(r"^(\w+\.)?Refuse\w*\(")

# Not a refusal, whatever is returned.
CONSENT = re.compile(r"^(\w+\.ok\(\)|absl::IsNotFound\()")

# With the assertions of libstdc++, so that reading an empty optional, or past a span, is
# noticed although nobody looks at what was read.
SUPPORT = """
#undef _GLIBCXX_ASSERTIONS
#define _GLIBCXX_ASSERTIONS 1
#ifndef SETLOG_MUTATION_
#define SETLOG_MUTATION_
namespace setlog_mutation { bool Check(int number, bool fires); }
#endif
"""
CALL = "::setlog_mutation::Check"
SUPPORT_SOURCE = r"""
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <string>
namespace setlog_mutation {
bool Check(int number, bool fires) {
  static const int off = [] {
    const char* text = getenv("SETLOG_CHECK_OFF");
    return text == nullptr ? -1 : atoi(text);
  }();
  static const int trace = [] {
    const char* name = getenv("SETLOG_CHECK_TRACE");
    if (name == nullptr) return -1;
    return open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  }();
  static std::atomic<bool> seen[1 << 14];
  if (fires && trace >= 0 && !seen[number].exchange(true)) {
    const std::string line = std::to_string(number) + "\n";
    (void)!write(trace, line.data(), line.size());
  }
  return fires && number != off;
}
}
"""


class Check:
    def __init__(self, number, source, line, function, text):
        self.number, self.source, self.line = number, source, line
        self.function, self.text = function, text
        self.key = f"{source}: {function}: {text}"

    def __str__(self):
        return f"{self.source}:{self.line}: {self.function}: {self.text}"


def code_only(text):
    """`text` with comments and literals blanked out, of the same length."""
    out = list(text)
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
        re.S,
    )
    for match in pattern.finditer(text):
        for i in range(match.start(), match.end()):
            if out[i] != "\n":
                out[i] = " " if match.group().startswith("/") else "_"
    return "".join(out)


def closing(code, start):
    """The index of the bracket that closes the one at `start`."""
    depth = 0
    for i in range(start, len(code)):
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0:
            return i
    raise ValueError("unbalanced")


def split_top(code, begin, end, separator):
    """Ranges of code[begin:end] between `separator`s outside of brackets."""
    parts, depth, at = [], 0, begin
    i = begin
    while i < end:
        depth += (code[i] in "([{") - (code[i] in ")]}")
        if depth == 0 and code.startswith(separator, i):
            parts.append((at, i))
            i += len(separator)
            at = i
            continue
        i += 1
    parts.append((at, end))
    return parts


def refuses(source, text, code, after):
    """Whether what is done under the condition ends in `return <error>`."""
    rest = code[after:].lstrip()
    at = len(code) - len(rest)
    if rest.startswith("{"):
        at += 1
        end = closing(code, at - 1)
        returns = list(re.finditer(r"\breturn\b", code[at:end]))
        # Only what refuses and does nothing else; checks inside are found by themselves.
        if len(returns) != 1 or re.search(r"\b(if|for|while)\b", code[at:end]):
            return False
        at += returns[0].start()
    elif not rest.startswith("return"):
        return bool(RECORDED.match(rest))
    value = text[at + len("return") :].lstrip()
    if source in REASONS_ARE_ERRORS:
        return bool(REASON.match(value))
    return bool(REFUSAL.match(value))


def function_at(code, position):
    """The name of the function that holds `position`, by the layout of the style."""
    name = "?"
    definition = re.compile(
        r"^(?: {2})?(?=\S)"
        r"(?!(?:if|for|while|switch|return|else|case|namespace|class|struct)\b)"
        r"[\w:<>,*& ]*?(?:^|[\s*&])((?:\w+::)*~?\w+)\("
    )
    for line in code[:position].split("\n"):
        match = definition.match(line)
        if match and not line.rstrip().endswith(";") and "=" not in line.split("(")[0]:
            name = match.group(1)
    return name


def instrument(source, text, first_number):
    """The checks of a file, and the file with each of them switchable."""
    code = code_only(text)
    checks, edits = [], []
    for match in re.finditer(r"\bif (constexpr )?\(", code):
        if match.group(1):
            continue
        begin = match.end()
        end = closing(code, begin - 1)
        if not refuses(source, text, code, end + 1):
            continue
        statements = split_top(code, begin, end, ";")
        begin = statements[-1][0]
        if CONSENT.match(code[begin:end].strip()):
            continue
        function = function_at(code, match.start())
        declared = re.match(r"\s*(?:const )?[\w:<>,*& ]+?[\s*&](\w+) = ", code[begin:end])
        line = text.count("\n", 0, match.start()) + 1

        def add(label, at):
            label = " ".join(label.split())
            number = first_number + len(checks)
            same = sum(c.text.split(" #")[0] == label and c.function == function
                       for c in checks)
            if same:
                label += f" #{same + 1}"
            checks.append(Check(number, source, at, function, label))
            return number

        if declared:
            number = add(text[begin:end], line)
            fires = f"static_cast<bool>({declared.group(1)})"
            edits.append((end, f"; {CALL}({number}, {fires})"))
            continue
        for part_begin, part_end in split_top(code, begin, end, "||"):
            at = text.count("\n", 0, part_begin) + 1
            number = add(text[part_begin:part_end], at)
            edits.append((part_begin, f" {CALL}({number}, static_cast<bool>("))
            edits.append((part_end, ")) "))
    for at, new in sorted(edits, key=lambda e: e[0], reverse=True):
        text = text[:at] + new + text[at:]
    return checks, text


def find_checks(only):
    checks, texts = [], {}
    for source in SOURCES:
        path = ROOT / source
        if not path.exists():
            sys.exit(f"mutate_checks.py: no such file: {source}")
        if only and not any(o in source for o in only):
            continue
        found, text = instrument(source, path.read_text(), len(checks))
        checks += found
        texts[source] = text
    return checks, texts


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def build(texts, jobs, candidates):
    """The scratch copy, built. Returns the test programs."""
    source = SCRATCH
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted - set(texts):
        target = source / name
        data = (ROOT / name).read_bytes()
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            shutil.copymode(ROOT / name, target)
    for name, text in texts.items():
        write_if_changed(source / name, SUPPORT.strip() + "\n#line 1\n" + text)
    write_if_changed(source / "port" / "setlog_mutation.cc", SUPPORT_SOURCE)
    # One object of every program, since every library links it.
    lists = (ROOT / "CMakeLists.txt").read_text()
    lists = lists.replace("include(cmake/Layers.cmake)", """include(cmake/Layers.cmake)
add_library(setlog_mutation STATIC port/setlog_mutation.cc)
link_libraries(setlog_mutation)""")
    write_if_changed(source / "CMakeLists.txt", lists)
    # Where preset release builds, so that ccache has what is not instrumented.
    tree = SCRATCH / "build" / "release"
    tree.mkdir(parents=True, exist_ok=True)
    configure = ["cmake", "-G", "Ninja", "-S", source, "-B", tree, "-DSETLOG_TESTS=ON",
                 "-DCMAKE_BUILD_TYPE=Release"]
    log = tree / "mutate.log"
    tests = (ROOT / "tests" / "CMakeLists.txt").read_text()
    programs = [p for p in candidates if re.search(rf"\b{p}\b", tests) or
                (p.startswith("cli_") and "cli_${name}_test" in tests)]
    fuzz = (ROOT / "tests" / "fuzz" / "CMakeLists.txt").read_text()
    mutations = dict(re.findall(
        r"^setlog_fuzz\((\w+) (\d+) setlog_(?:log|client|model)\)", fuzz, re.M))
    programs += [f"{name}_fuzz" for name in mutations]
    with open(log, "w") as out:
        for command in (configure, ["ninja", "-C", tree, "-j", str(jobs), *programs]):
            if subprocess.run(command, stdout=out, stderr=out).returncode != 0:
                sys.stderr.write("".join(open(log).readlines()[-40:]))
                sys.exit(2)
    corpus = SCRATCH / "tests" / "fuzz" / "corpus"
    commands = []
    for program in programs:
        name = program.removesuffix("_fuzz")
        arguments = (corpus / name, mutations[name]) if name != program else ()
        commands.append((tree / "bin" / program, *arguments))
    return commands


def run(command, timeout, **extra):
    environment = {**os.environ, "GTEST_FAIL_FAST": "1", "GTEST_BRIEF": "1", **extra}
    with tempfile.TemporaryDirectory() as home:
        environment["TMPDIR"] = home
        environment["TEST_TMPDIR"] = home + "/"
        try:
            done = subprocess.run(command, timeout=timeout, env=environment, cwd=home,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
            return done.returncode == 0
        except subprocess.TimeoutExpired:
            return False


def first_run(programs, checks):
    """For each check the programs in which it fires, quickest first."""
    fired = {check.number: [] for check in checks}
    times = {}
    for program in programs:
        trace = SCRATCH / "build" / "trace"
        trace.unlink(missing_ok=True)
        started = time.monotonic()
        if not run(program, 600, SETLOG_CHECK_TRACE=str(trace)):
            sys.stderr.write(f"{program[0].name} fails although every check is on\n")
            sys.exit(2)
        times[program] = time.monotonic() - started
        lines = trace.read_text().split() if trace.exists() else ()
        for number in {int(line) for line in lines}:
            if number in fired:
                fired[number].append(program)
    for where in fired.values():
        where.sort(key=times.get)
    return fired, times


def read_allowed():
    """check key -> reason."""
    allowed, key = {}, None
    for line in ALLOWED.read_text().splitlines() if ALLOWED.exists() else ():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("    "):
            allowed[key] = (allowed[key] + " " + line.strip()).strip()
        else:
            key = line.strip()
            allowed[key] = ""
    return allowed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()

    checks, texts = find_checks(options.only)
    if not checks:
        parser.error("no source matches --only")
    if options.list:
        for check in checks:
            print(check)
        print(f"{len(checks)} checks in {len(texts)} files")
        return 0
    allowed = read_allowed()
    known = {check.key for check in checks}
    looked_at = [key for key in allowed
                 if not options.only or any(o in key.split(":")[0] for o in options.only)]
    stale = [key for key in looked_at if key not in known]
    unreasoned = [key for key, reason in allowed.items() if not reason]

    started = time.monotonic()
    candidates = PROGRAMS if options.quick else PROGRAMS + SLOW_PROGRAMS
    programs = build(texts, options.jobs, candidates)
    print(f"mutate: {len(checks)} checks, built after {time.monotonic() - started:.0f} s",
          flush=True)
    fired, times = first_run(programs, checks)
    print(f"mutate: {len(programs)} programs run once, {sum(times.values()):.0f} s",
          flush=True)

    def noticed_by(check):
        for program in fired[check.number]:
            limit = 20 + 10 * times[program]
            if not run(program, limit, SETLOG_CHECK_OFF=str(check.number)):
                return program[0].name
        return None

    survivors, noticed = [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for check, program in zip(checks, pool.map(noticed_by, checks)):
            if program:
                noticed += 1
                if check.key in allowed:
                    stale.append(check.key)
            elif check.key not in allowed:
                why = "misses it" if fired[check.number] else "makes it fire"
                survivors.append(check)
                print(f"SURVIVES {check}\n         no test {why}", flush=True)
    for key in stale:
        print(f"STALE    {key}")
    for key in unreasoned:
        print(f"NO REASON {key}")
    print(f"mutate: {len(checks)} checks: {noticed} noticed, {len(survivors)} survive, "
          f"{len(checks) - noticed - len(survivors)} allowed; {len(stale)} stale entries; "
          f"{time.monotonic() - started:.0f} s")
    return 1 if survivors or stale or unreasoned else 0


if __name__ == "__main__":
    sys.exit(main())
