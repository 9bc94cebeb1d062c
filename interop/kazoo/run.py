"""Runs kazoo's own test suite against one server and compares it with the recorded Java run.

    run.sh [java|ox] [--record] [--tests PATTERN] [--workers N] [--verbose]

java       the Java server; prints what differs from the recorded baseline
ox         Oxkeeper (default): every test of java-baseline.txt must pass
--record   writes java-baseline.txt anew; only with java
--tests    runs only tests whose id contains PATTERN
--workers  how many tests run at a time, each worker with its own server (default 2)
--verbose  shows pytest's own output

Exit code: 0 when every expected test passed, 1 when one did not, 2 when the run was not possible.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import peers  # noqa: E402

BASELINE = HERE / "java-baseline.txt"
EXCLUDED = HERE / "excluded.txt"

# The slowest test takes half a minute on a busy machine.
TEST_LIMIT_S = 120
RUN_LIMIT_S = 1200


def main():
    args = parse_args()
    excluded = set(read_list(EXCLUDED))
    baseline = set() if args.record else set(read_list(BASELINE))
    try:
        peers.ox_binary() if args.kind == "ox" else peers.java_class_path()
        started = time.monotonic()
        outcomes = run(args, [])
        flaky = rerun_failed(args, outcomes, excluded)
    except (peers.PeerMissing, RuntimeError) as why:
        print(f"kazoo: {why}", file=sys.stderr)
        return 2
    print_counts(args.kind, outcomes, excluded, flaky, time.monotonic() - started)
    if args.record:
        record(outcomes, excluded)
        return 0
    return compare(outcomes, baseline - excluded, args.tests)


def parse_args():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("kind", nargs="?", choices=peers.KINDS, default="ox")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--tests", default="")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    if args.record and (args.kind != "java" or args.tests):
        parser.error("a baseline is recorded from a whole run on java")
    return args


def read_list(path):
    """Test ids of a list; a blank or a TAB ends the id, # starts a comment line."""
    lines = path.read_text().splitlines()
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def run(args, only):
    """Outcome by test id. `only` names tests that run one after the other, else all run."""
    kazoo = peers.peer_dir("kazoo")
    with tempfile.TemporaryDirectory(prefix="kazoo-run-") as folder:
        outcomes_path = pathlib.Path(folder) / "outcomes"
        pids_path = pathlib.Path(folder) / "pids"
        # Whole test classes stay on one worker: the harness starts a server per class.
        command = [kazoo / "venv/bin/python", "-m", "pytest", "-p", "oxkeeper_plugin", "-q",
                   "-o", "addopts=", "-o", "log_cli=false", "-p", "no:cacheprovider",
                   "--color=no", "-W", "ignore",
                   # A test that hangs ends its worker and shows where each thread stands; the
                   # other way, an exception in the main thread, can hang again in tear-down.
                   f"--timeout={TEST_LIMIT_S}", "--timeout-method=thread"]
        if only:
            command += [f"kazoo/tests/{name}" for name in only]
        else:
            command += ["-n", str(args.workers), "--dist", "loadscope", "kazoo/tests"]
            command += [f"--deselect=kazoo/tests/{name}" for name in read_list(EXCLUDED)]
            if args.tests:
                command += ["-k", args.tests]
        env = {
            **os.environ,
            "PYTHONPATH": f"{HERE}:{HERE.parent}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "KAZOO_SERVER": args.kind,
            "KAZOO_OUTCOMES": str(outcomes_path),
            "KAZOO_PIDS": str(pids_path),
            "TMPDIR": folder,
        }
        try:
            output, code = run_pytest(command, kazoo / "sdist", env, args.verbose)
        finally:
            stop_left_servers(pids_path, folder)
        # 1 means that tests failed; a worker that ended early is among them.
        if code not in (0, 1):
            raise RuntimeError(f"pytest ended with code {code}\n{output}")
        if code == 1:
            print(output)
        return read_outcomes(outcomes_path)


def run_pytest(command, folder, env, verbose):
    """What pytest printed and its exit code; it and its workers are gone afterwards."""
    # A process group of its own, so that stopping it stops its workers too.
    with subprocess.Popen(command, cwd=folder, env=env, text=True, start_new_session=True,
                          stdout=None if verbose else subprocess.PIPE,
                          stderr=subprocess.STDOUT) as pytest:
        try:
            output, _ = pytest.communicate(timeout=RUN_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"the tests did not end within {RUN_LIMIT_S} s") from None
        finally:
            if pytest.poll() is None:
                os.killpg(pytest.pid, signal.SIGKILL)
    return output or "", pytest.returncode


def stop_left_servers(pids_path, folder):
    """Servers outlive a worker that was ended by force."""
    pids = pids_path.read_text().split() if pids_path.exists() else []
    for pid in pids:
        try:
            command_line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        except OSError:
            continue
        # The pid may be somebody else's by now.
        if folder in command_line:
            os.kill(int(pid), signal.SIGKILL)


def read_outcomes(path):
    outcomes = {}
    for line in path.read_text().splitlines():
        outcome, name = line.split("\t")
        # A failure in tear-down comes after the outcome of the call and counts.
        if outcomes.get(name) != "failed":
            outcomes[name] = outcome
    return outcomes


def rerun_failed(args, outcomes, excluded):
    """Some of kazoo's tests depend on timing: those that failed get one more try, alone.

    Returns those that passed then."""
    failed = sorted(name for name in of(outcomes, "failed") if name not in excluded)
    if not failed:
        return []
    print(f"kazoo: once more, alone: {len(failed)} failed tests", flush=True)
    again = run(args, failed)
    outcomes.update(again)
    return [name for name in failed if again.get(name) == "passed"]


def of(outcomes, outcome):
    return [name for name, was in outcomes.items() if was == outcome]


def print_counts(kind, outcomes, excluded, flaky, took_s):
    counts = {outcome: len(of(outcomes, outcome)) for outcome in ("passed", "failed", "skipped")}
    print(f"kazoo on {kind}: {counts['passed']} passed, {counts['failed']} failed, "
          f"{counts['skipped']} skipped by kazoo, {len(excluded)} excluded; {took_s:.0f} s")
    for name in flaky:
        print(f"  passed only when run alone: {name}")
    for name in sorted(of(outcomes, "failed")):
        print(f"  failed: {name}")


def compare(outcomes, baseline, pattern):
    """Holds the outcomes against the tests that pass on the Java server."""
    wanted = {name for name in baseline if pattern.lower() in name.lower()}
    # -k also matches names of files and classes in its own way: judge what ran.
    if pattern:
        wanted = wanted & set(outcomes)
    missing = sorted(name for name in wanted if outcomes.get(name) != "passed")
    if missing and peers.is_listening(2181):
        print("  note: something listens on 127.0.0.1:2181; test_utils.py wants that port silent")
    for name in missing:
        print(f"  passes on java, here {outcomes.get(name, 'not run')}: {name}")
    print(f"kazoo: {len(wanted) - len(missing)} of {len(wanted)} tests of the Java baseline passed")
    return 1 if missing else 0


def record(outcomes, excluded):
    passed = sorted(set(of(outcomes, "passed")) - excluded)
    header = ("# Tests of kazoo 2.11.0 that pass on the Java server 3.9.5, standalone.\n"
              "# Written by: interop/kazoo/run.sh java --record\n")
    BASELINE.write_text(header + "".join(f"{name}\n" for name in passed))
    print(f"kazoo: recorded {len(passed)} tests in {BASELINE.name}")


if __name__ == "__main__":
    # As on Ctrl-C: leave through the tidying up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    sys.exit(main())
