"""Types session.txt into the C client's command line and compares what it prints with what it
prints on the Java server.

    run.sh [java|ox] [--record] [--quiet]

java      cli_mt against the Java server
ox        cli_mt against Oxkeeper (default)
--record  writes expected.txt from this run; only with java
--quiet   shows only differences

Times, session ids and ports are replaced; everything else must be equal, zxids included.
Exit code: 0 when the output is that of expected.txt, 1 when it differs, 2 when the run was not
possible.
"""

import os
import pathlib
import queue
import re
import shlex
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import peers  # noqa: E402
import session  # noqa: E402

EXPECTED = HERE / "expected.txt"
SESSION = HERE / "session.txt"

# Shows that the command before it is done: replies come in the order of requests. It takes no
# zxid, and its path need not exist.
MARKER = "sync /done"
MARKER_DONE = "\tname = /done"
PATIENCE_S = 30.0

SUPER = "-Dzookeeper.DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU="


def run(kind):
    properties = ["-Dzookeeper.extendedTypesEnabled=true", SUPER,
                  # No sweep for empty containers while a session runs: it would take zxids.
                  "-Dznode.container.checkIntervalMs=3600000"]
    with (
        peers.Server(kind, {"reconfigEnabled": "true"}, properties) as server,
        tempfile.TemporaryDirectory(prefix="ccli-") as folder,
    ):
        return Script(server.port, folder).play(SESSION.read_text().splitlines())


class Script:
    """Plays the session file and collects what came out."""

    def __init__(self, port, folder):
        self._address = f"127.0.0.1:{port}"
        self._folder = folder
        self._normal = Normalizer(port)
        self._out = []
        self._arguments = []
        self._cli = None

    def play(self, lines):
        for line in lines:
            if line.startswith("== "):
                self._end_cli()
                title, _, arguments = line.partition(" | ")
                self._arguments = shlex.split(arguments.replace("$DIR", self._folder))
                self._out += ["", line]
            elif line.startswith("$ "):
                self._batch(line)
            elif line == "@kill":
                self._out.append(line)
                self._cli.kill()
                self._cli = None
            elif line and not line.startswith("#"):
                self._type(line)
        self._end_cli()
        return "\n".join(self._out).lstrip("\n") + "\n"

    def _type(self, line):
        if self._cli is None:
            self._cli = Cli(["-h", self._address, *self._arguments])
            self._show("(start)", self._cli.start())
        self._show("> " + line, self._cli.type(line))

    def _batch(self, line):
        words = shlex.split(line[2:].replace("$SERVER", self._address))
        ended = subprocess.run([cli_path(), *words], stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               timeout=PATIENCE_S, env=environment())
        self._show(line, ended.stdout.splitlines())
        self._out.append(f"exit code {ended.returncode}")

    def _end_cli(self):
        if self._cli is not None:
            self._show("> quit", self._cli.quit())
            self._cli = None

    def _show(self, title, lines):
        self._out.append(title)
        self._out += self._normal(lines)


class Normalizer:
    """Replaces what differs from run to run."""

    DATE = re.compile(r"= ?[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$")
    SESSION = re.compile(r"\b(0x)?[0-9a-f]{14,16}\b")
    TIME = re.compile(r"^time = \d+ msec")
    LOG = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

    def __init__(self, port):
        self._port = str(port)
        self._sessions = {}

    def __call__(self, lines):
        kept = [line for line in lines if not self.LOG.match(line)]
        return fold(sort_children([self._line(line) for line in kept]))

    def _line(self, line):
        line = self.TIME.sub("time = <ms>", line).replace(self._port, "<port>")
        return self.SESSION.sub(self._session, self.DATE.sub("= <date>", line))

    def _session(self, match):
        value = match[0].removeprefix("0x")
        number = self._sessions.setdefault(value, len(self._sessions) + 1)
        return f"<session {number}>"


def sort_children(lines):
    """ls prints children in the order of the server's hash table, between two times."""
    times = [index for index, line in enumerate(lines) if line.startswith("time = ")]
    if len(times) != 2:
        return lines
    first, last = times[0] + 2, times[1]
    return lines[:first] + sorted(lines[first:last]) + lines[last:]


def fold(lines):
    """Shows a pair of lines that comes again and again (the flood) once, with its number."""
    out, index = [], 0
    while index < len(lines):
        pair, times = lines[index:index + 2], 1
        while lines[index + 2 * times:index + 2 * times + 2] == pair:
            times += 1
        if times > 2:
            out += [f"{times} times:", *pair]
            index += 2 * times
        else:
            out.append(lines[index])
            index += 1
    return out


def cli_path():
    return str(peers.peer_dir("ccli") / "cli_mt")


def environment():
    return {**os.environ, "TZ": "UTC", "LC_ALL": "C"}


class Cli:
    """An interactive cli_mt."""

    def __init__(self, arguments):
        self._process = subprocess.Popen(
            [cli_path(), *arguments], env=environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def start(self):
        """What it prints until it is connected."""
        return self._send("")

    def type(self, line):
        """What it prints to a command."""
        line, _, last = line.partition(" ~ ")
        if not last:
            return self._send(line)
        self._write(line + "\n")
        return self._read_to(lambda line: line.startswith(last))

    def quit(self):
        """What it prints until it ends."""
        self._write("quit\n")
        return self.wait()

    def wait(self):
        """What it prints until it ends, and its exit code."""
        lines = self._read_to(lambda _: False)
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = f"{self._process.wait()} (killed)"
        return [*lines, f"exit code {code}"]

    def kill(self):
        self._process.kill()
        self._process.wait()

    def _send(self, line):
        self._write(f"{line}\n{MARKER}\n")
        lines = self._read_to(lambda line: line == MARKER_DONE)
        # The reply to the marker has two lines.
        return lines[:-2] if lines[-1:] == [MARKER_DONE] else lines

    def _write(self, text):
        try:
            self._process.stdin.write(text)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass

    def _read_to(self, is_last):
        lines = []
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE_S)
            except queue.Empty:
                return [*lines, "(no answer)"]
            if line is None:
                self._lines.put(None)
                return lines
            lines.append(line)
            if is_last(line):
                return lines


if __name__ == "__main__":
    sys.exit(session.main("ccli", __doc__, EXPECTED, run))
