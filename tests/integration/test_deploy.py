#!/usr/bin/python3
"""The first command of README: deploy/run, as the engineer of a hospital meets it, and certs/devca.sh behind it.
Builds build/release when it is not there; everything else in temporary folders, ports of its own, loopback."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import ROOT, Checks, free_port  # noqa: E402

checks = Checks()
RUN = os.path.join(ROOT, "deploy/run")
DEVCA = os.path.join(ROOT, "certs/devca.sh")
folder = tempfile.mkdtemp(prefix="cg it ")  # with blanks, as a path may have
udp = 43000 + os.getpid() % 16000


def run(*options, **more):
    return subprocess.run([RUN, *options], capture_output=True, text=True, timeout=600, **more)


class Running:
    """deploy/run in the foreground of a session of its own, until it has said how it is stopped."""

    def __init__(self, data, *options):
        self.data, self.port = os.path.join(folder, data), free_port()
        self.log = open(os.path.join(folder, f"{data} {self.port}.log"), "w+")
        self.process = subprocess.Popen([RUN, "--data", self.data, "--port", str(self.port), *options, "--", "--udp_port_first", str(udp)],
                                        stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)
        end = time.time() + 600
        while "stop with Ctrl-C" not in self.text() and self.process.poll() is None and time.time() < end:
            time.sleep(0.05)

    def text(self):
        return open(self.log.name, encoding="utf-8").read()

    def ask(self, method, path, body=None, fields=None):
        context = ssl.create_default_context(cafile=os.path.join(self.data, "tls/ca.pem"))  # checks the name, too
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=10, context=context)
        connection.request(method, path, body=body, headers=fields or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    def sign_in(self, login, password):
        return self.ask("POST", "/api/v1/session", json.dumps({"login": login, "password": password}),
                        {"Content-Type": "application/json", "Origin": f"https://localhost:{self.port}"})[0]

    def stop(self, number, group=False):
        (os.killpg if group else os.kill)(self.process.pid, number)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return None


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def becomes(condition, seconds=5):
    end = time.time() + seconds
    while not condition() and time.time() < end:
        time.sleep(0.05)
    return condition()


def one_error(what, done, word):
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return checks.ok(done.returncode != 0 and len(errors) == 1 and word in errors[0], f"{what}: one line says so", " | ".join(errors) or done.stderr[-300:])


def refusals():
    fresh = os.path.join(folder, "refused")
    for what, options, word in [("an unknown option", ["--frobnicate"], "--frobnicate"), ("a word too many", ["extra"], "extra"),
                                ("no value", ["--data"], "--data"), ("a port out of range", ["--port", "70000"], "70000"),
                                ("a port that is none", ["--port", "https"], "https"), ("an address that is none", ["--listen", "localhost!"], "localhost!")]:
        began = time.time()
        done = run(*options)
        one_error(what, done, word)
        checks.ok(time.time() - began < 5 and "usage:" in done.stderr, f"{what}: at once, with the usage")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        one_error("a taken port", run("--data", fresh, "--port", str(port)), f"port {port} is in use")
    a_file = os.path.join(folder, "a file")
    open(a_file, "w").close()
    one_error("a file for a folder", run("--data", os.path.join(a_file, "data")), "is no folder")
    bad = run("--data", fresh, "--port", str(free_port()), "--", "--no_such_setting", "1")
    one_error("a bad setting of the gateway", bad, "setting")
    checks.ok("no_such_setting" in bad.stderr and not os.path.exists(fresh), "it is named, and nothing was made")
    if os.getuid() == 0:  # as another user, in a folder of root's
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "of root"), 0o755)
        script = f'. "$0"; need_writable "{folder}/of root/data" "the data folder"'
        done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "bash", "-c", script,
                               os.path.join(ROOT, "deploy/lib.sh")], capture_output=True, text=True)
        if "Permission denied" not in done.stderr:  # as it is when the tree itself is closed to others
            one_error("a data folder of another user", done, "may not write")


def machine_faults():
    lib = os.path.join(ROOT, "deploy/lib.sh")
    for what, script, word in [("a clock that was never set", "date() { [ \"$1\" = +%s ] && echo 86400 || command date \"$@\"; }; need_clock", "clock"),
                               ("a full disk", f'need_space "{folder}" 99999999999 "the data folder"', "MiB free"),
                               ("no sudo", "id() { echo 1000; }; command() { [ \"$2\" != sudo ]; }; as_root true", "root"),
                               ("no Debian", "command() { return 1; }; install_packages /dev/null", "Debian")]:
        done = subprocess.run(["bash", "-c", f'. "$0"; {script}', lib], capture_output=True, text=True)
        one_error(what, done, word)


def demonstration():
    first = Running("demo data")
    text = first.text()
    accounts = re.findall(r"^ {5}(\S+) +(\S+) +(clinician|specialist|operator)", text, re.M)
    if not checks.ok("stop with Ctrl-C" in text and len(accounts) > 5, "deploy/run tells addresses and accounts", text[-1500:] if not accounts else len(accounts)):
        first.stop(signal.SIGKILL, group=True)
        return
    checks.ok(text.index("event=started") < text.index("console: "), "addresses are told when the gateway answers, not before")
    checks.ok(f"https://localhost:{first.port}/" in text and f"UDP {udp}" in text, "page and UDP ports are named")
    status, ready = first.ask("GET", "/readyz")
    checks.ok(status == 200 and json.loads(ready)["ready"] and all(c["ok"] for c in json.loads(ready)["checks"]), "ready in every part, under the development CA", ready)
    status, page = first.ask("GET", "/")
    checks.ok(status == 200 and "<!doctype html" in page.lower(), "the console's page")
    checks.ok(first.sign_in(accounts[0][0], accounts[0][1]) == 200, "a printed account signs in")
    checks.ok(first.sign_in(accounts[0][0], "wrong") == 401, "with its password only")
    checks.ok(os.stat(first.data).st_mode & 0o777 == 0o700, "the data folder is closed to others")

    second = Running("demo data")
    checks.ok(second.process.wait(30) == 4 and "data_folder_taken" in second.text() and "console: " not in second.text(),
              "a second gateway on the same data folder is refused, and no address is told")
    other = Running("other data", "--no-demo")
    checks.ok(other.process.wait(30) == 5 and "UDP" in other.text().splitlines()[-1], "taken UDP ports are named", other.text()[-200:])

    checks.ok(first.stop(signal.SIGINT, group=True) == 0, "Ctrl-C ends it with 0", first.text()[-300:])
    checks.ok("event=drain" in first.text() and "event=stop_again" not in first.text(), "and drains once")

    again = Running("demo data")
    text = again.text()
    checks.ok("loading demonstration data" not in text and "server.pem is still good" in text and "demo.clinician1" in text,
              "a second run loads nothing, keeps the certificates, tells the accounts")
    checks.ok(again.sign_in(accounts[0][0], accounts[0][1]) == 200, "and they sign in")
    checks.ok(again.stop(signal.SIGHUP) == 0 and becomes(lambda: port_is_free(again.port)), "a closed terminal ends the gateway, too")


def empty():
    plain = Running("plain data", "--no-demo", "--listen", "127.0.0.1")
    text = plain.text()
    checks.ok("demo." not in text and "consultctl" in text, "--no-demo names no account, but how to load people", text[-600:])
    checks.ok(plain.sign_in("demo.clinician1", "demo-consult") == 401, "and there is none")
    checks.ok("address=127.0.0.1" in text and "from elsewhere" not in text, "--listen is obeyed")
    plain.process.kill()
    plain.process.wait()
    checks.ok(becomes(lambda: port_is_free(plain.port), 15), "with a killed deploy/run goes the gateway")
    later = Running("plain data")
    checks.ok("demo." not in later.text(), "a folder that has a database gets no demonstration afterwards")
    checks.ok(later.stop(signal.SIGTERM) == 0, "SIGTERM ends it with 0")


def unfinished():
    data = os.path.join(folder, "unfinished data")
    os.makedirs(data)
    subprocess.run([os.path.join(ROOT, "build/release/consultctl"), "check", "--data", data], capture_output=True)
    for name in ("consult.db", "demonstration.begun"):
        open(os.path.join(data, name), "a").close()
    half = Running("unfinished data")
    checks.ok("demo.clinician1" in half.text() and half.sign_in("demo.clinician1", "demo-consult") == 200, "an unfinished demonstration is loaded again", half.text()[-300:])
    half.stop(signal.SIGTERM)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True).stdout


def certificates():
    tls = os.path.join(folder, "tls of devca")
    server, ca = os.path.join(tls, "server.pem"), os.path.join(tls, "ca.pem")

    def make(*names, environment=None):
        done = subprocess.run([DEVCA, tls, *names], capture_output=True, text=True, env={**os.environ, **(environment or {})})
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"

    def of(path):
        return openssl("x509", "-in", path, "-noout", "-serial")

    make("gateway.example", "10.20.30.40")
    text = openssl("x509", "-in", server, "-noout", "-text")
    checks.ok(all(word in text for word in ("DNS:localhost", "IP Address:127.0.0.1", "DNS:gateway.example", "IP Address:10.20.30.40", f"DNS:{os.uname().nodename}")), "all names are in the certificate")
    checks.ok("CA:FALSE" in text and "TLS Web Server Authentication" in text and "CA:TRUE, pathlen:0" in openssl("x509", "-in", ca, "-noout", "-text"), "the server's certificate signs none, the CA's no CA")
    checks.ok(sorted(os.listdir(tls)) == ["ca.key", "ca.pem", "server.key", "server.pem"] and all(os.stat(os.path.join(tls, k)).st_mode & 0o77 == 0 for k in ("ca.key", "server.key")), "keys are closed to others, nothing else is left", os.listdir(tls))
    first, first_ca = of(server), of(ca)
    checks.ok("still good" in make("gateway.example") and of(server) == first, "a second run keeps them")
    make("new.example")
    checks.ok(of(server) != first and of(ca) == first_ca and "DNS:new.example" in openssl("x509", "-in", server, "-noout", "-text"), "a new name: a new certificate of the same CA")

    shim = os.path.join(folder, "shim")
    os.mkdir(shim)

    def make_at(offset_s):  # by a clock that is so far off
        with open(os.path.join(shim, "date"), "w") as f:
            f.write(f'#!/bin/sh\n[ "$1" = +%s ] && echo $(($(/bin/date +%s) + {offset_s})) || exec /bin/date "$@"\n')
        os.chmod(os.path.join(shim, "date"), 0o755)
        make(environment={"PATH": shim + ":" + os.environ["PATH"]})

    for left, kept in [(6, False), (10, True)]:
        os.unlink(server)
        make_at((left - 397) * 86400)
        made = of(server)
        make()
        checks.ok((of(server) == made) == kept and of(ca) == first_ca, f"a certificate with {left} days left is {'kept' if kept else 'made anew'}")
    shutil.rmtree(tls)
    make_at(365 * 86400)
    made = of(ca)
    make()
    checks.ok(of(ca) != made and "OK" in openssl("verify", "-CAfile", ca, server), "certificates of a clock that ran ahead are made anew")
    shutil.copy(os.path.join(tls, "ca.key"), os.path.join(tls, "server.key"))
    made = of(server)
    make()
    checks.ok(of(server) != made, "a key that does not fit its certificate: both anew")
    checks.ok("exit 1" in make("evil.example,DNS:other") and "exit 1" in make("a b"), "what is no name is refused")


try:
    began = time.time()
    done = run("--build-only")
    checks.ok(done.returncode == 0, f"--build-only builds and ends ({time.time() - began:.0f} s)", done.stderr[-500:] if done.returncode else "")
    refusals()
    machine_faults()
    demonstration()
    empty()
    unfinished()
    certificates()
finally:
    shutil.rmtree(folder, ignore_errors=True)
checks.end()
