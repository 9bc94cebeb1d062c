"""The servers and programs that interop tests run, and where they are. Standard library only."""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Below the range of source ports, so that no client connection takes the port of a server that
# is being restarted.
PORT_MIN, PORT_MAX = 11_000, 31_000

JAVA_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
JAVA_CLI = "org.apache.zookeeper.ZooKeeperMain"

KINDS = ("java", "ox")


class PeerMissing(Exception):
    """A program is not on this machine; the text says how to get it."""


def interop_dir():
    """The folder that setup.sh fills."""
    return pathlib.Path(os.environ.get("OXKEEPER_INTEROP_DIR") or ROOT / "target" / "interop").resolve()


def peer_dir(peer):
    """The folder of one peer of setup.sh."""
    folder = interop_dir() / peer
    if not folder.is_dir():
        raise PeerMissing(f"{folder} is missing: run interop/setup.sh {peer}")
    return folder


def java_class_path():
    """Libraries and log settings of the Java peer."""
    if shutil.which("java") is None:
        raise PeerMissing("there is no java command: run interop/setup.sh java")
    java = peer_dir("java")
    return f"{java}/conf:{java}/lib/*"


def ox_binary():
    """OXKEEPER_BIN, or the newer one of the release and the debug build."""
    if os.environ.get("OXKEEPER_BIN"):
        found = [pathlib.Path(os.environ["OXKEEPER_BIN"])]
    else:
        target = ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")
        found = [target / profile / "oxkeeper" for profile in ("release", "debug")]
    built = [path for path in found if path.is_file()]
    if not built:
        raise PeerMissing(
            f"{found[0]} is missing: run cargo build --release -p oxkeeper, or set OXKEEPER_BIN"
        )
    return max(built, key=lambda path: path.stat().st_mtime)


def server_command(kind, config_path, properties=(), jvm_flags=()):
    """Arguments and environment that start a server of a kind.

    `properties` are `-Dname=value` words, which both kinds read; `jvm_flags` are for Java only.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("JVMFLAGS", "SERVER_JVMFLAGS")}
    if kind == "java":
        args = ["java", "-Xmx1000m", "-Dfile.encoding=UTF-8", "-cp", java_class_path()]
        args += [*jvm_flags, *properties, JAVA_MAIN, str(config_path)]
    else:
        args = [str(ox_binary()), "server", str(config_path)]
        env["JVMFLAGS"] = " ".join(properties)
    return args, env


def free_ports(count):
    """The first of `count` ports in a row that nobody listens on."""
    for _ in range(1000):
        first = random.randrange(PORT_MIN, PORT_MAX - count)
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise RuntimeError(f"no {count} free ports in a row between {PORT_MIN} and {PORT_MAX}")


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(port):
    """Whether somebody takes connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def four_letter_word(port, word, timeout_s=5.0):
    """The answer to a four-letter word; empty when the server cannot be reached."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout_s) as connection:
            connection.sendall(word.encode())
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer.decode(errors="replace")
    except OSError:
        return ""


def wait_until_serving(port, process=None, timeout_s=60.0):
    """Returns when the server has a mode; raises when it ended or took too long."""
    deadline = time.monotonic() + timeout_s
    while "Mode: " not in four_letter_word(port, "srvr"):
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode} before it served")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server did not serve on port {port} within {timeout_s:.0f} s")
        time.sleep(0.02)


class Server:
    """A standalone server in its own folder, as a context manager; leaving it stops the server."""

    def __init__(self, kind, config=(), properties=(), jvm_flags=()):
        self.kind = kind
        self.port = free_ports(1)
        self._config = {
            "tickTime": 2000,
            "clientPort": self.port,
            "clientPortAddress": "127.0.0.1",
            "4lw.commands.whitelist": "*",
            "admin.enableServer": "false",
            **dict(config),
        }
        self._properties = list(properties)
        self._jvm_flags = list(jvm_flags)

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.kind}-server-"))
        config = {"dataDir": self.folder / "data", **self._config}
        text = "".join(f"{key}={value}\n" for key, value in config.items())
        (self.folder / "zoo.cfg").write_text(text)
        try:
            self._start()
        except RuntimeError as why:
            output = (self.folder / "server.out").read_text(errors="replace")
            self.__exit__()
            raise RuntimeError(f"{why}; its output:\n{output}") from None
        return self

    def __exit__(self, *_):
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self):
        """Stops the server and starts it again on the same files and port."""
        stop(self.process)
        self._start()

    def _start(self):
        args, env = server_command(
            self.kind, self.folder / "zoo.cfg", self._properties, self._jvm_flags
        )
        with open(self.folder / "server.out", "ab") as output:
            self.process = subprocess.Popen(
                args, env=env, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )
        wait_until_serving(self.port, self.process)


def stop(process, patience_s=10.0):
    """SIGTERM, and SIGKILL for one that does not listen."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
