"""Types session.txt into the real zkCli and compares what it prints with what it prints on Java.

    run.sh [java|ox] [--record] [--quiet]

java      zkCli against the Java server
ox        zkCli against Oxkeeper (default)
--record  writes expected.txt from this run; only with java
--quiet   shows only differences

Times, session ids and ports are replaced; everything else must be equal, zxids included.
Exit code: 0 when the output is that of expected.txt, 1 when it differs, 2 when the run was not
possible.
"""

import pathlib
import queue
import re
import shlex
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import peers  # noqa: E402
import session  # noqa: E402

EXPECTED = HERE / "expected.txt"
SESSION = HERE / "session.txt"

# Commands that show, one on each output, that the command before them is done.
MARKER = "printwatches"
MARKER_LINES = ("printwatches is on", "printwatches is off")
ERR_MARKER = "redo 999999"
ERR_MARKER_LINES = ("Command index out of range",)
PATIENCE_S = 40.0
# The password of the super user is "test".
SUPER = "-Dzookeeper.DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU="


def run(kind):
    properties = ["-Dzookeeper.extendedTypesEnabled=true", SUPER,
                  # No sweep for empty containers while a session runs: it would take zxids.
                  "-Dznode.container.checkIntervalMs=3600000"]
    config = {"enforceQuota": "true", "reconfigEnabled": "true"}
    with peers.Server(kind, config, properties) as server:
        return Script(server).play(SESSION.read_text().splitlines())


class Script:
    """Plays the session file and collects what came out."""

    def __init__(self, server):
        self._server = server
        self._normal = Normalizer(server.port)
        self._out = []
        self._cli = None
        self._events = []
        self._is_quiet = False

    def play(self, lines):
        for line in lines:
            if line.startswith("== "):
                self._end_cli()
                self._out += ["", line]
            elif line.startswith("$ "):
                self._one_shot(line)
            elif line == "@restart":
                self._restart()
            elif line == "@quiet":
                self._is_quiet = True
            elif line == "@pause":
                time.sleep(1)
            elif line and not line.startswith("#"):
                self._type(line)
        self._end_cli()
        return "\n".join(self._out).lstrip("\n") + "\n"

    def _type(self, line):
        if self._cli is None:
            self._cli = Cli(self._server.port)
        out, err = self._cli.type(line)
        self._show("> " + line, out, err)

    def _one_shot(self, line):
        address = f"127.0.0.1:{self._server.port}"
        words = shlex.split(line[2:].replace("$SERVER", address))
        ended = subprocess.run(cli_command() + words, stdin=subprocess.DEVNULL, text=True,
                               capture_output=True, timeout=PATIENCE_S)
        self._show(line, ended.stdout.splitlines(), ended.stderr.splitlines())
        # Whether the program ends before its connect event is printed is chance.
        self._events = []
        self._out.append(f"exit code {ended.returncode}")

    def _restart(self):
        self._out.append("@restart")
        self._server.restart()
        time.sleep(2.5)

    def _end_cli(self):
        if self._cli is None:
            return
        out, err, code = self._cli.end()
        self._show("> quit", out, err)
        self._show_events()
        self._out.append(f"exit code {code}")
        self._cli = None
        self._is_quiet = False

    def _show(self, title, out, err):
        out, events = take_events(out)
        self._events += events
        self._out.append(title)
        if self._is_quiet:
            return
        self._out += [self._normal(line) for line in sort_identities(out)]
        # Where in its sources a program failed is not of interest.
        self._out += ["! " + self._normal(line) for line in err if not line.startswith("\tat ")]

    def _show_events(self):
        """Events of the whole session in their order: where among the replies they are printed
        is up to zkCli's threads."""
        self._out += ["* " + self._normal(event) for event in self._events]
        self._events = []


def take_events(lines):
    """Splits what zkCli printed into other lines and watch events."""
    rest, events = [], []
    for line in lines:
        if line == "WATCHER::" or line.startswith("WatchedEvent "):
            # The empty line before it belongs to it.
            if rest and rest[-1] == "":
                rest.pop()
            if line != "WATCHER::":
                events.append(line)
        else:
            rest.append(line)
    return rest, events


def sort_identities(lines):
    """whoami prints a set in the order of its hash table."""
    if "Auth scheme: User" not in lines:
        return lines
    start = lines.index("Auth scheme: User") + 1
    return lines[:start] + sorted(lines[start:])


class Normalizer:
    """Replaces what differs from run to run."""

    DATE = re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4}")
    SESSION = re.compile(r"0x[0-9a-f]{14,16}\b")
    SET = re.compile(r"^\[(/.*)\]$")

    def __init__(self, port):
        self._port = str(port)
        self._sessions = {}

    def __call__(self, line):
        line = self.DATE.sub("<date>", line).replace(self._port, "<port>")
        line = self.SESSION.sub(self._session, line)
        # getEphemerals prints a set in the order of its hash table.
        if match := self.SET.match(line):
            line = "[" + ", ".join(sorted(match[1].split(", "))) + "]"
        return line

    def _session(self, match):
        number = self._sessions.setdefault(match[0], len(self._sessions) + 1)
        return f"<session {number}>"


def cli_command():
    # The line editor wants a terminal; without it zkCli reads plain lines.
    libraries = sorted((peers.peer_dir("java") / "lib").glob("*.jar"))
    path = [str(peers.peer_dir("java") / "conf")]
    path += [str(jar) for jar in libraries if not jar.name.startswith("jline")]
    return ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC",
            "-Doxkeeper.interop.log=OFF", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8",
            "-Dstderr.encoding=UTF-8", "-Duser.timezone=UTC", "-Duser.language=en",
            "-cp", ":".join(path), peers.JAVA_CLI]


class Cli:
    """An interactive zkCli without a terminal."""

    def __init__(self, port):
        command = cli_command() + ["-server", f"127.0.0.1:{port}", "-waitforconnection"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, encoding="utf-8")
        self._out = start_reader(self._process.stdout)
        self._err = start_reader(self._process.stderr)

    def type(self, line):
        """Types one command; returns its lines of standard output and standard error."""
        self._process.stdin.write(f"{line}\n{MARKER}\n{ERR_MARKER}\n")
        try:
            self._process.stdin.flush()
        except BrokenPipeError:
            return ["(zkCli has ended)"], []
        out, marker = read_to(MARKER_LINES, self._out)
        if line == MARKER:
            # The command prints what the marker prints.
            out = [*out, marker, *read_to(MARKER_LINES, self._out)[0]]
        err, _ = read_to(ERR_MARKER_LINES, self._err)
        return out, err

    def end(self):
        """Quits; returns the rest of both outputs and the exit code."""
        try:
            self._process.stdin.write("quit\n")
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return read_to((), self._out)[0], read_to((), self._err)[0], code


def start_reader(stream):
    lines = queue.Queue()

    def read():
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def read_to(markers, source):
    """Lines up to one that ends with a marker, and that marker; to the end when none comes."""
    lines = []
    while True:
        try:
            line = source.get(timeout=PATIENCE_S)
        except queue.Empty:
            return [*lines, "(no answer)"], None
        if line is None:
            # The end stays the end for the next reader.
            source.put(None)
            return lines, None
        for marker in markers:
            if line.endswith(marker):
                # setAcl -R prints errors without a line end, so something may stand before it.
                before = line.removesuffix(marker)
                return lines + [before] * bool(before), marker
        lines.append(line)


if __name__ == "__main__":
    sys.exit(session.main("zkcli", __doc__, EXPECTED, run))
