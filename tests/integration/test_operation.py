#!/usr/bin/python3
"""What the operator does at night: settings, certificate reload, metrics, health, drain."""
import hashlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import ROOT, Checks, Gateway, WebSocket, tls_context  # noqa: E402

checks = Checks()
gateway = Gateway().start()
binary = os.path.join(gateway.build, "consult-gateway")


def served_certificate():
    with tls_context().wrap_socket(socket.create_connection(("127.0.0.1", gateway.port)), server_hostname="localhost") as s:
        return hashlib.sha256(s.getpeercert(True)).hexdigest()


def refused(*settings, environment=None):
    done = subprocess.run([binary, "--data", gateway.data, *settings], capture_output=True, text=True, timeout=20, env={**os.environ, **(environment or {})})
    return done.returncode != 0, done.stderr.strip()


try:
    # Settings.
    for what, settings, environment, word in [("an unknown setting", ["--no-such-setting", "1"], None, "no-such-setting"),
                                              ("a port out of range", ["--port", "99999"], None, "port"),
                                              ("a number that is none", ["--port", "12x"], None, "port"),
                                              ("an unknown variable", [], {"CG_NO_SUCH": "1"}, "CG_NO_SUCH")]:
        bad, text = refused(*settings, environment=environment)
        checks.ok(bad and word in text and len(text.splitlines()) == 1, f"{what} stops the start with one clear line", text[:200])
    help_text = subprocess.run([binary, "--help"], capture_output=True, text=True).stdout
    checks.ok("--port" in help_text and "8443" in help_text, "--help comes from the table of settings", f"{len(help_text.splitlines())} lines")

    # TLS.
    for version, wanted in (("TLSv1.1", False), ("TLSv1.2", True), ("TLSv1.3", True)):
        context = tls_context()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", gateway.port))) as s:
                got = s.version() == version
        except (ssl.SSLError, OSError):
            got = False
        checks.ok(got == wanted, f"{version} is {'spoken' if wanted else 'refused'}")

    # Certificate reload without dropping a connection; a bad pair changes nothing.
    client = gateway.signed_in(gateway.people("clinician")[0])
    ws = WebSocket(client)
    first = served_certificate()
    tls = os.path.join(gateway.data, "tls")
    other = os.path.join(gateway.data, "tls2")
    Gateway.run("certs", os.path.join(ROOT, "certs/devca.sh"), other)
    good_key = open(os.path.join(tls, "server.key")).read()
    shutil.copy(os.path.join(other, "server.pem"), os.path.join(tls, "server.pem"))  # certificate without its key
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(0.8)
    checks.ok(served_certificate() == first, "a pair that does not fit is refused and the old one kept")
    shutil.copy(os.path.join(other, "server.key"), os.path.join(tls, "server.key"))
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(0.8)
    checks.ok(served_certificate() != first and open(os.path.join(tls, "server.key")).read() != good_key, "the new pair serves new connections")
    ws.send({"type": "ping", "t": 7})
    checks.ok((ws.receive("pong") or {}).get("t") == 7, "the WebSocket opened before the reload lives on")

    # Health, metrics.
    checks.ok(client.get("/healthz")[0] == 200 and client.get("/readyz")[0] == 200, "healthz and readyz")
    status, text = client.get("/metrics")
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    checks.ok(status == 200 and lint.returncode == 0, "promtool accepts the metrics", lint.stderr.decode()[:300] + lint.stdout.decode()[:300])
    status, overview = gateway.signed_in(gateway.people("operator")[0]).get("/api/v1/ops/overview")
    checks.ok(status == 200 and overview["connections"] >= 1 and "queue" in overview, "the operator's overview", sorted(overview) if isinstance(overview, dict) else overview)
    checks.ok(client.get("/api/v1/ops/overview")[0] == 403, "not for a clinician")

    # Drain: WebSockets are told to come back, what runs is finished, the process ends with 0.
    gateway.process.send_signal(signal.SIGTERM)
    began = time.time()
    while ws.closed is None and time.time() - began < 10:
        ws.receive(timeout=2)
    checks.ok(ws.closed is not None and ws.closed[0] == 1001, "SIGTERM closes WebSockets with 1001", ws.closed)
    code = gateway.process.wait(20)
    checks.ok(code == 0, "and the process ends with 0", f"{code} after {time.time() - began:.1f} s")
finally:
    _, log = gateway.stop()
checks.ok("ERROR: AddressSanitizer" not in log and "LeakSanitizer" not in log and "runtime error" not in log, "no sanitizer report, no leak", log[-3000:] if "Sanitizer" in log else "")
checks.ok(all(" event=" in line and " level=" in line for line in log.splitlines() if line.strip()), "every log line has time, level and event", next((line for line in log.splitlines() if " event=" not in line), ""))
checks.end()
