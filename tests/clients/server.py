"""Starts the server under test. TANDEM_BIN names the binary."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE_S = 30


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(what, condition):
    """Waits for something that nothing announces."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain until {what}"
        time.sleep(0.005)


class Tandem:
    """A server process with all three ports on 127.0.0.1."""

    def __init__(self, *arguments):
        binary = os.environ.get("TANDEM_BIN")
        assert binary, "TANDEM_BIN must name the server's binary: run `cargo xtask test`"
        self.resp_port, self.memcached_port, self.admin_port = (free_port() for _ in range(3))
        self.folder = tempfile.mkdtemp(prefix="tandem-clients-")
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        command = [binary, "--resp-port", str(self.resp_port)]
        command += ["--memcached-port", str(self.memcached_port)]
        command += ["--admin-port", str(self.admin_port), *arguments, "--bind", "127.0.0.1"]
        settings = {k: v for k, v in os.environ.items() if not k.startswith("TANDEM_")}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=settings, stdout=self.log, stderr=self.log
        )
        for port in (self.resp_port, self.memcached_port, self.admin_port):
            wait_until(f"port {port} is open", lambda port=port: self._is_open(port))

    def _is_open(self, port):
        assert self.process.poll() is None, f"the server ended: {self.read_log()}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def read_log(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def stop(self):
        """Ends the server and says how it ended. No client may have made it panic."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        log = self.read_log()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert "panicked" not in log, log
        return status
