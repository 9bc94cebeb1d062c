"""pytest plugin: makes kazoo's own test harness start the server we want.

The harness writes zoo.cfg, JAAS and key store files and runs `java ... QuorumPeerMain zoo.cfg`.
All of that stays as it is, so both servers read the very same files; only the command is
replaced, and the fixed pause after a start by asking the server whether it serves.

Environment: KAZOO_SERVER=java|ox, KAZOO_OUTCOMES=<file that gets "<outcome> TAB <test id>">,
KAZOO_PIDS=<file that gets the pid of every server>.
"""

import os
import subprocess
import types

import pytest

import peers

KIND = os.environ["KAZOO_SERVER"]
# One server of the harness takes five ports in a row; the next server starts ten further on.
PORTS_PER_SERVER = 10


def pytest_configure(config):
    # Runs in every xdist worker, so each has its own ports.
    os.environ.update(
        ZOOKEEPER_VERSION="3.9.5",
        ZOOKEEPER_CLASSPATH=peers.java_class_path() if KIND == "java" else "unused",
        ZOOKEEPER_CLUSTER_SIZE="1",
        ZOOKEEPER_PORT_OFFSET=str(peers.free_ports(PORTS_PER_SERVER)),
    )
    _patch_harness()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Outcomes(os.environ["KAZOO_OUTCOMES"]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows what the server printed beside a failed test."""
    from kazoo.testing import harness

    report = yield
    if report.failed and harness.CLUSTER is not None:
        report.sections.append(("server output", "".join(harness.CLUSTER.get_logs())))
    return report


def _patch_harness():
    from kazoo.testing import common

    common.subprocess = types.SimpleNamespace(Popen=_start_server)
    common.ZookeeperCluster.start = _start_cluster
    common.ManagedZooKeeper.get_logs = _logs


def _start_server(args):
    """Takes the place of subprocess.Popen in the harness."""
    assert args[-2] == peers.JAVA_MAIN, f"not the harness's command: {args}"
    config_path = args[-1]
    properties = [word for word in args if word.startswith("-D")]
    args, env = peers.server_command(KIND, config_path, properties)
    with open(_output_path(os.path.dirname(config_path)), "ab") as output:
        process = subprocess.Popen(
            args, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    with open(os.environ["KAZOO_PIDS"], "a") as pids:
        pids.write(f"{process.pid}\n")
    return process


def _start_cluster(cluster):
    for server in cluster:
        server.run()
        peers.wait_until_serving(server.client_port, server.process)


def _logs(server, num_lines=100):
    try:
        with open(_output_path(server.working_path), errors="replace") as output:
            return output.readlines()[-num_lines:]
    except FileNotFoundError:
        return []


def _output_path(working_path):
    return os.path.join(working_path, "server.out")


class _Outcomes:
    """Writes the outcome of every test, in the order they end."""

    def __init__(self, path):
        self._file = open(path, "w", buffering=1)

    def pytest_runtest_logreport(self, report):
        # A test counts once: in its call, or where it was stopped before or failed after that.
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.removeprefix("kazoo/tests/")
            self._file.write(f"{report.outcome}\t{name}\n")

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        self._file.close()
