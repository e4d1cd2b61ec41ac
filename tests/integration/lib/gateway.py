"""The real gateway for a black-box test: fresh data folder, certificates, demonstration data; a REST client and a strict little
WebSocket client on plain sockets. Loopback only; ends what it started."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

import recorder

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PYDICOM = "/usr/lib/python3/dist-packages/pydicom/data/test_files"


def build_folder():
    return sys.argv[sys.argv.index("--build") + 1] if "--build" in sys.argv else os.path.join(ROOT, "build/asan")


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the machine's authorities, which cost 20 ms to read
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def ok(self, condition, what, detail=""):
        if condition:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok  ' if condition else 'FAIL'} {what}{f' ({detail})' if detail != '' else ''}", flush=True)
        return condition

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.failed == 0 and self.passed > 0 else 1)


class Gateway:
    def __init__(self, *settings, directory=os.path.join(ROOT, "deploy/demo/demo.json"), environment=None):
        """directory: the import file of the world; environment: variables of the process besides the own ones."""
        self.build = os.path.abspath(build_folder())
        self.data = tempfile.mkdtemp(prefix="cg-it-")
        self.port = free_port()
        self.udp = 41000 + os.getpid() % 20000
        self.settings = settings
        self.process = None
        self.log = os.path.join(self.data, "gateway.log")
        self.environment = {**os.environ, **(environment or {})}
        self.demo = json.load(open(directory, encoding="utf-8"))
        self.run("certs", os.path.join(ROOT, "certs/devca.sh"), os.path.join(self.data, "tls"))
        self.bring(directory)

    def bring(self, path):
        """consultctl import of a file."""
        return self.run("import", os.path.join(self.build, "consultctl"), "import", path, "--data", self.data)

    @staticmethod
    def run(what, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{what}: exit {done.returncode}: {done.stdout[-500:]} {done.stderr[-1500:]}")
        return done.stdout

    def start(self):
        command = [os.path.join(self.build, "consult-gateway"), "--data", self.data, "--port", str(self.port), "--listen", "127.0.0.1",
                   "--udp_port_first", str(self.udp), "--console_folder", os.path.join(ROOT, "gateway/console/dist"),
                   "--certificate", os.path.join(self.data, "tls/server.pem"), "--key", os.path.join(self.data, "tls/server.key"), *self.settings]
        self.process = subprocess.Popen(command, stderr=open(self.log, "ab"), stdout=subprocess.DEVNULL, env=self.environment)
        end = time.time() + 30
        while time.time() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended with {self.process.returncode}: {self.tail()}")
            try:
                if self.client().get("/readyz")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"not ready in 30 s: {self.tail()}")

    def tail(self, octets=3000):
        return open(self.log, encoding="utf-8", errors="replace").read()[-octets:]

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        code = None
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                code = "killed"
        log = open(self.log, encoding="utf-8", errors="replace").read() if os.path.exists(self.log) else ""
        if "TEST_KEEP" not in os.environ:
            shutil.rmtree(self.data, ignore_errors=True)
        return code, log

    def client(self, address="127.0.0.1"):
        return Client(self, address)

    def sql(self, query, *values):
        with sqlite3.connect(f"file:{self.data}/consult.db?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute(query, values)]

    def people(self, role, specialty=None):
        return [p for p in self.demo["practitioners"] if p.get("account") and role in p["account"]["roles"]
                and (specialty is None or specialty in p.get("specialties", []))]

    def signed_in(self, person):
        client = self.client()
        status, body = client.sign_in(person["account"]["login"], person["account"]["password"])
        if status != 200:
            raise RuntimeError(f"sign-in of {person['account']['login']}: {status} {body}")
        return client

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Client:
    """One signed-in person over REST; not shared between threads."""

    def __init__(self, gateway, address):
        self.gateway, self.address = gateway, address
        self.cookie = self.csrf = None
        self.connection, self.used = None, 0
        self.off_record = False  # True: what it sends on purpose against the document is not held against it

    def request(self, method, path, body=None, headers=None):
        head = dict(headers or {})
        data = None
        if isinstance(body, (bytes, bytearray)):
            data = bytes(body)
            head.setdefault("Content-Type", "application/octet-stream")
        elif body is not None:
            data = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        if self.cookie:
            head["Cookie"] = f"__Host-session={self.cookie}"
        if self.csrf and method not in ("GET", "HEAD"):
            head.setdefault("X-CSRF-Token", self.csrf)
        if time.monotonic() - self.used > 5:
            self.connection = None   # the gateway ends connections that idle: no request is sent into one that it may just be closing
        self.used = time.monotonic()
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPSConnection(self.address, self.gateway.port, timeout=30, context=tls_context())
            try:
                self.connection.request(method, path, data, head)
                answer = self.connection.getresponse()
                raw = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection = None
                if attempt == 2 or method != "GET":
                    raise
        self.headers = dict((k.lower(), v) for k, v in answer.getheaders())
        if answer.getheader("Connection", "").lower() == "close":
            self.connection = None
        decoded = json.loads(raw) if "json" in self.headers.get("content-type", "") else raw
        if not self.off_record:
            recorder.record(method, path, body, head, answer.status, self.headers, decoded)
        return answer.status, decoded

    def get(self, path, **headers):
        return self.request("GET", path, None, headers)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, {} if body is None else body, headers)

    def put(self, path, body, **headers):
        return self.request("PUT", path, body, headers)

    def sign_in(self, login, password):
        status, body = self.post("/api/v1/session", {"login": login, "password": password})
        if status == 200:
            self.cookie = self.headers["set-cookie"].split("=", 1)[1].split(";", 1)[0]
            self.csrf = body["csrf_token"]
            self.session = body
        return status, body

    def draft(self, specialty="cardiology", urgency="urgent"):
        return self.post("/api/v1/consultations", {
            "specialty": specialty, "urgency": urgency, "kind": "live",
            "patient": {"name": "示范患者乙", "sex": "female", "birth_date": "1961-07-02", "phone": "13800000000"},
            "request": {"complaint": "头晕两天", "question": "是否需要进一步检查？", "initial_diagnosis": "高血压"}})

    def consent(self, consultation, scope="consultation", given=True, party="patient"):
        return self.put(f"/api/v1/consultations/{consultation}/consents/{scope}",
                        {"party": party, "given": given, "relation": "self", "method": "written", "text_version": "2026-1"})

    def act(self, consultation, action, **body):
        return self.post(f"/api/v1/consultations/{consultation}/actions/{action}", body)

    def submitted(self, **kind):
        status, made = self.draft(**kind)
        if status != 201:
            raise RuntimeError(f"draft: {status} {made}")
        for scope in ("consultation", "imaging", "recording"):
            status, body = self.consent(made["id"], scope)
            if status != 200:
                raise RuntimeError(f"consent: {status} {body}")
        status, body = self.act(made["id"], "submit")
        if status != 200:
            raise RuntimeError(f"submit: {status} {body}")
        return body

    def upload(self, consultation, path, chunk=65536):
        data = open(path, "rb").read()
        status, up = self.post(f"/api/v1/consultations/{consultation}/uploads",
                               {"name": os.path.basename(path), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
        if status not in (200, 201):
            return status, up
        offset = up["received"]
        while offset < len(data) and up.get("state") == "receiving":
            part = data[offset:offset + chunk]
            status, up = self.put(f"/api/v1/uploads/{up['id']}?offset={offset}", part, **{"X-Chunk-SHA256": hashlib.sha256(part).hexdigest()})
            if status != 200:
                return status, up
            offset = up["received"]
        return status, up


class WebSocket:
    """RFC 6455 client over TLS; text messages of consult.v1."""

    def __init__(self, client, hello=True, timeout=10):
        raw = socket.create_connection((client.address, client.gateway.port), timeout=timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls_context().wrap_socket(raw, server_hostname="localhost")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /ws HTTP/1.1\r\nHost: localhost:{client.gateway.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: consult.v1\r\n"
                             f"Origin: https://localhost:{client.gateway.port}\r\nCookie: __Host-session={client.cookie}\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            part = self.socket.recv(4096)
            if not part:
                raise ConnectionError(f"closed in the handshake: {self.buffer!r}")
            self.buffer += part
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status != 101:
            raise ConnectionError(f"handshake: {head.decode()}")
        self.closed = None
        if hello:
            self.send({"type": "hello", "client": "integration test", "csrf": client.csrf})
            self.welcome = self.receive("welcome")

    def send_frame(self, opcode, payload, fin=True):
        mask = os.urandom(4)
        head = bytes([(0x80 if fin else 0) | opcode])
        if len(payload) < 126:
            head += bytes([0x80 | len(payload)])
        elif len(payload) < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", len(payload))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def send(self, message):
        self.send_frame(1, json.dumps(message).encode())

    def _need(self, n):
        while len(self.buffer) < n:
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("closed")
            self.buffer += part
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def frame(self):
        first, second = self._need(2)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack(">H", self._need(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self._need(8))[0]
        return first & 0x0F, self._need(length)

    def receive(self, *types, timeout=10):
        """Next message of one of these types (others are passed over); None when nothing came or the gateway closed."""
        end = time.time() + timeout
        while time.time() < end:
            self.socket.settimeout(max(0.05, end - time.time()))
            try:
                opcode, payload = self.frame()
            except (TimeoutError, socket.timeout):
                return None
            except (ConnectionError, ssl.SSLError, OSError):
                self.closed = self.closed or "lost"
                return None
            if opcode == 8:
                self.closed = (struct.unpack(">H", payload[:2])[0], payload[2:].decode()) if len(payload) >= 2 else (1005, "")
                return None
            if opcode == 9:
                self.send_frame(10, payload)
                continue
            if opcode == 1:
                message = json.loads(payload)
                if not types or message["type"] in types:
                    return message
        return None

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass


def in_threads(count, work):
    """Runs work(i) in count threads at once; returns the results in order, exceptions included."""
    results, gate = [None] * count, threading.Barrier(count)

    def one(i):
        try:
            gate.wait(60)
            results[i] = work(i)
        except Exception as error:  # noqa: BLE001 - the caller looks at it
            results[i] = error

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results
