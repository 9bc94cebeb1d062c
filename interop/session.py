"""What a recorded session of a command line client is run with: options, comparison, exit codes."""

import argparse
import difflib
import sys

import peers


def main(name, usage, expected, run):
    """Runs the session and compares what it prints with the file `expected`; the exit code."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument("kind", nargs="?", choices=peers.KINDS, default="ox")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    args = parser.parse_args()
    if args.record and args.kind != "java":
        parser.error("what is expected is recorded from the Java server")
    try:
        output = run(args.kind)
    except (peers.PeerMissing, RuntimeError) as why:
        print(f"{name}: {why}", file=sys.stderr)
        return 2
    if not args.quiet:
        print(output, end="")
    if args.record:
        expected.write_text(output)
        return 0
    return compare(name, args.kind, expected.read_text(), output)


def compare(name, kind, expected, output):
    diff = list(difflib.unified_diff(expected.splitlines(), output.splitlines(),
                                     "java (recorded)", kind, n=4, lineterm=""))
    print("\n".join(diff))
    commands = sum(line.startswith(("> ", "$ ")) for line in expected.splitlines())
    hunks = sum(line.startswith("@@") for line in diff)
    print(f"{name} on {kind}: {commands} commands, {hunks} differences")
    return 1 if diff else 0
