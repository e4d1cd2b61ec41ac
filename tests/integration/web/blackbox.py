#!/usr/bin/python3
"""HTTP and WebSocket from outside: tables by RFC section against a running gateway, each case on a fresh TLS connection, whole and
octet by octet; then slow, flooding and silent clients, beside whom others must be served. Loopback only, under 60 s.

    blackbox.py --port N [--login L --password P]     against that gateway (accounts: demonstration data)
    blackbox.py --build DIR                           starts one of its own
One line for each failure; the last line is "N passed, N failed"."""
import argparse
import base64
import hashlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tables import E, FRAMES, G, GOOD, H, HANDSHAKES, HTTP, P, PING, PING_MESSAGE, TEXT, frame  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
ADDRESS = "127.0.0.1"
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname = False
CONTEXT.verify_mode = ssl.CERT_NONE


class Tally:
    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def row(self, good, section, detail=""):
        with self.lock:
            self.passed += bool(good)
            self.failed += not good
            if not good:
                print(f"FAIL {section}: {detail}", flush=True)


tally = Tally()
port = 0


def connect(timeout=5, tls=True):
    raw = socket.create_connection((ADDRESS, port), timeout=timeout)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return CONTEXT.wrap_socket(raw, server_hostname="localhost") if tls else raw


class Reader:
    """Answers off a connection. end: "closed" (orderly), "open" (nothing more for `quiet` seconds), or "reset"."""

    def __init__(self, sock):
        self.sock, self.buffer, self.end = sock, b"", None

    def more(self, timeout):
        if self.end in ("closed", "reset"):
            return False
        self.sock.settimeout(max(0.01, timeout))
        try:
            part = self.sock.recv(65536)
        except (TimeoutError, socket.timeout):
            self.end = "open"
            return False
        except (ConnectionError, ssl.SSLError, OSError):
            self.end = "reset"
            return False
        if not part:
            self.end = "closed"
            return False
        self.buffer += part
        return True

    def until(self, mark, timeout):
        while mark not in self.buffer:
            if not self.more(timeout):
                return None
        at = self.buffer.index(mark) + len(mark)
        out, self.buffer = self.buffer[:at], self.buffer[at:]
        return out

    def take(self, n, timeout):
        while len(self.buffer) < n:
            if not self.more(timeout):
                return None
        out, self.buffer = self.buffer[:n], self.buffer[n:]
        return out

    def answer(self, method="GET", timeout=3.0):
        """(status, fields, body) or None."""
        head = self.until(b"\r\n\r\n", timeout)
        if head is None:
            return None
        lines = head[:-4].decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ", 2)[:2]
        fields = [(k.lower(), v.strip()) for k, _, v in (line.partition(":") for line in lines[1:])]
        values = dict(fields)
        status = int(status)
        body = b""
        if version != "HTTP/1.1" or len([k for k, _ in fields if k in ("content-length", "transfer-encoding")]) > 1:
            return status, {"broken": "framing"}, b""
        if status // 100 == 1 or status in (204, 304) or method == "HEAD":
            return status, values, body
        if values.get("transfer-encoding") == "chunked":
            while True:
                size = int(self.until(b"\r\n", timeout)[:-2], 16)
                body += self.take(size + 2, timeout)[:-2]
                if size == 0:
                    return status, values, body
        body = self.take(int(values.get("content-length", 0)), timeout)
        return status, values, body


def exchange(octets, slow=False, methods=("GET",), quiet=0.25, pieces=None):
    """Sends, then reads all answers. Gives ([answers], end)."""
    try:
        sock = connect()
    except (OSError, ssl.SSLError) as error:
        return [], f"no connection: {error}"
    reader = Reader(sock)
    try:
        if slow:
            for i in range(len(octets)):
                sock.send(octets[i:i + 1])
        else:
            for piece in pieces or [octets]:
                sock.sendall(piece)
    except (OSError, ssl.SSLError):
        pass  # refused in the middle: what was answered is read all the same
    answers = []
    while True:
        answer = reader.answer(methods[min(len(answers), len(methods) - 1)], 3.0 if not answers else quiet)
        if answer is None:
            break
        answers.append(answer)
    if reader.end == "open" and reader.buffer:
        reader.end = "half an answer"
    sock.close()
    return answers, reader.end


def alternatives(expected):
    """'4xx+/100,4xx+' -> [('4xx',...), ends]; a '/' between statuses of one answer multiplies out."""
    out = []
    for way in (expected.split("+/") if "+/" in expected else [expected]):
        end = way[-1] if way[-1] in ".+*" else "+"
        out.append(([a.split("/") for a in way.rstrip(".+*").split(",")], end))
    return out


def fits(answers, end, expected):
    for way, mark in alternatives(expected):
        good = len(answers) == len(way) and all(
            any(str(a[0]) == w or (w.endswith("xx") and str(a[0])[0] == w[0]) for w in ws) for a, ws in zip(answers, way))
        good = good and (mark == "*" or (mark == "." and end == "closed") or (mark == "+" and end == "open"))
        if good:
            return True
    return False


def http_rows():
    for section, octets, expected in HTTP:
        for slow in (False, True):
            if slow and (len(octets) > 600 or "pipelined" in section):
                continue
            answers, end = exchange(octets, slow)
            detail = f"answers {[a[0] for a in answers]}, then {end}; expected {expected}"
            good = fits(answers, end, expected) and all("date" in a[1] or a[0] == 100 for a in answers)
            tally.row(good, section + (", octet by octet" if slow else ""), detail)


def http_forms():
    """Answers themselves: HEAD, problem bodies, Date, 405 with Allow."""
    answers, end = exchange(b"HEAD /healthz HTTP/1.1\r\n" + H + E + GOOD, methods=("HEAD", "GET"))
    tally.row([a[0] for a in answers] == [200, 200] and end == "open", "9110 9.3.2 HEAD has no body", f"{answers} {end}")
    answers, _ = exchange(b"HEAD /no/such/thing.js HTTP/1.1\r\n" + H + E + GOOD, methods=("HEAD", "GET"))
    tally.row([a[0] for a in answers] == [404, 200], "9110 9.3.2 HEAD of 404 has no body", answers)
    answers, _ = exchange(b"GET /api/v1/session HTTP/1.1\r\n" + H + E)
    good = answers and answers[0][0] == 401 and answers[0][1].get("content-type", "").startswith("application/problem+json")
    tally.row(good and "code" in json.loads(answers[0][2]), "9457 3 problem body", answers)
    tally.row(answers and answers[0][1].get("cache-control") == "no-store", "9111 5.2.2.5 no-store", answers)
    answers, _ = exchange(G + b"\r\n")
    good = answers and answers[0][1].get("connection") == "close"
    tally.row(good, "9112 9.6 a refusal says Connection: close", answers)
    answers, _ = exchange(b"PATCH /api/v1/session/x/y HTTP/1.1\r\n" + H + b"Content-Length: 0\r\n\r\n")
    tally.row(answers and answers[0][0] // 100 == 4, "9110 15.5 no such call", answers)


def ws_head(cookie, **change):
    fields = {"Host": f"localhost:{port}", "Upgrade": "websocket", "Connection": "keep-alive, Upgrade",
              "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Protocol": "consult.v1", "Origin": f"https://localhost:{port}", "Cookie": f"__Host-session={cookie}"}
    line = change.pop("line", "GET /ws HTTP/1.1")
    fields.update({k.replace("_", "-"): v for k, v in change.items()})
    return (line + "\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items() if v is not None) + "\r\n").encode()


class WebSocket:
    """A raw connection after the handshake and hello."""

    def __init__(self, cookie, csrf, pending=b""):
        self.sock = connect()
        self.sock.sendall(ws_head(cookie) + frame(TEXT, json.dumps({"type": "hello", "client": "blackbox", "csrf": csrf}).encode()) + pending)
        self.reader = Reader(self.sock)
        answer = self.reader.answer()
        self.status = answer[0] if answer else 0
        self.fields = answer[1] if answer else {}

    def receive(self, timeout):
        """("T", message), ("P", payload), ("C", code), ("end", how)."""
        while True:
            head = self.reader.take(2, timeout)
            if head is None:
                return "end", self.reader.end
            n = head[1] & 0x7F
            if n > 125:
                n = int.from_bytes(self.reader.take(2 if n == 126 else 8, timeout), "big")
            payload = self.reader.take(n, timeout)
            opcode = head[0] & 0x0F
            if payload is None or not head[0] & 0x80 or head[0] & 0x70 or head[1] & 0x80 or opcode not in (1, 8, 9, 10):
                return "end", f"bad frame {head.hex()}"
            if opcode == 8:
                return "C", struct.unpack(">H", payload[:2])[0] if payload else 1005
            if opcode == 10:
                return "P", payload.decode("latin-1")
            if opcode == 1:
                message = json.loads(payload)
                if message.get("type") == "pong":
                    return "T", message

    def outcome(self, quiet=0.3):
        seen = []
        while True:
            kind, what = self.receive(2.0 if not seen else quiet)
            if kind == "C":
                _, end = self.receive(3.0)
                return seen, what, end
            if kind == "end":
                return seen, None, what
            seen.append(kind if kind == "T" else "P:" + what)


def ws_fits(expected, seen, code, end):
    if isinstance(expected, (int, tuple)):
        return code in (expected if isinstance(expected, tuple) else (expected,)) and end == "closed" and not seen
    wanted = [] if expected == "alive" else ["T", "T"] if expected == "T2" else expected.split(" ")
    return seen == wanted and code is None and end == "open"


def ws_rows(cookie, csrf):
    for section, change, expected in HANDSHAKES:
        answers, _ = exchange(ws_head(cookie, **change), methods=("HEAD",) if "HEAD" in section else ("GET",))
        status = answers[0][0] if answers else 0
        tally.row(status in (expected if isinstance(expected, tuple) else (expected,)), section, f"answer {status}, expected {expected}")
        if status == 101:
            fields = answers[0][1]
            accept = base64.b64encode(hashlib.sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
            good = fields.get("sec-websocket-accept") == accept and fields.get("sec-websocket-protocol") == "consult.v1"
            tally.row(good and "sec-websocket-extensions" not in fields, section + ", fields of the answer", fields)
        if status == 426:
            tally.row(answers[0][1].get("sec-websocket-version") == "13", section + ", names version 13", answers[0][1])
    for section, octets, expected in FRAMES:
        for slow in (False, True):
            if slow and len(octets) > 400:
                continue
            ws = WebSocket(cookie, csrf)
            try:
                if slow:
                    for i in range(len(octets)):
                        ws.sock.send(octets[i:i + 1])
                else:
                    ws.sock.sendall(octets)
            except (OSError, ssl.SSLError):
                pass
            seen, code, end = ws.outcome()
            good = ws_fits(expected, seen, code, end)
            if good and end == "open":  # it serves on
                ws.reader.end = None
                ws.sock.sendall(frame(TEXT, PING_MESSAGE))
                good = ws.receive(3.0)[0] == "T"
            tally.row(good, section + (", octet by octet" if slow else ""), f"came {seen}, close {code}, then {end}; expected {expected}")
            ws.sock.close()
    ws = WebSocket(cookie, csrf, pending=frame(TEXT, PING_MESSAGE))
    tally.row(ws.status == 101 and ws.receive(3.0)[0] == "T", "6455 4.1 frames in the segment of the handshake", ws.status)
    ws.sock.close()


# ---- slow, silent, flooding -------------------------------------------------------------------------------------------

def honest(seconds):
    """Worst and 95th percentile of a fresh connection with one request, in ms; None when one fails."""
    times = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        answers, _ = exchange(G + H + b"Connection: close\r\n\r\n")
        if [a[0] for a in answers] != [200]:
            return None
        times.append((time.monotonic() - began) * 1000)
    return sorted(times)[int(len(times) * 0.95)]


def beside(section, attack):
    stop = threading.Event()
    result = {}
    thread = threading.Thread(target=lambda: result.update(ok=attack(stop)))
    thread.start()
    time.sleep(0.2)
    p95 = honest(2.0)
    stop.set()
    thread.join(12)
    tally.row(p95 is not None and p95 < 500, section + ": others are served", f"p95 {p95} ms")
    tally.row(result.get("ok") is True, section, f"{result}")


def never_reads(stop):
    """Pipelines requests and reads nothing: is not read from for ever, costs bounded memory, and ends when it goes."""
    sock = connect(timeout=1)
    sent = 0
    try:
        while not stop.is_set() and sent < 200_000_000:
            sent += sock.send(GOOD * 200)
    except (OSError, ssl.SSLError):
        pass
    stop.wait(5)
    sock.close()
    return sent < 200_000_000


def ws_never_reads(cookie, csrf):
    """Pings for ever and reads nothing: cut within 10 s."""
    def attack(_stop):
        ws = WebSocket(cookie, csrf)
        pings = frame(PING, b"x" * 125) * 100
        began = time.monotonic()
        ws.sock.settimeout(10)
        try:
            while time.monotonic() - began < 10:
                ws.sock.sendall(pings)
                time.sleep(0.01)
        except (OSError, ssl.SSLError):
            return time.monotonic() - began < 10
        finally:
            ws.sock.close()
        return False
    return attack


def ws_flood(cookie, csrf):
    def attack(stop):
        ws = WebSocket(cookie, csrf)
        try:
            ws.sock.sendall(frame(TEXT, PING_MESSAGE) * 10000)
        except (OSError, ssl.SSLError):
            pass
        while True:
            kind, what = ws.receive(4.0)
            if kind in ("C", "end"):
                ws.sock.close()
                return (kind == "C" and what == 1008) or what in ("reset", "closed")
    return attack


def half_handshakes(stop):
    """60 TCP connections of which each begins a TLS record and stops."""
    socks = [connect(tls=False) for _ in range(60)]
    for s in socks:
        try:
            s.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        except OSError:
            pass
    stop.wait(5)
    for s in socks:
        s.close()
    return True


def no_tls(stop):
    """Plain HTTP and rubbish on the TLS port are closed."""
    good = True
    for octets in (GOOD, b"\0" * 64, b"\xff" * 64, b"SSH-2.0-x\r\n"):
        s = connect(timeout=6, tls=False)
        s.sendall(octets)
        try:
            answer = s.recv(4096)
            good = good and not answer.startswith(b"HTTP/1.1 2")
        except TimeoutError:
            good = False
        except OSError:
            pass
        s.close()
    stop.wait(5)
    return good


class Slowloris(threading.Thread):
    """A head and a body of which an octet comes each half second: cut in at most 40 s, with 408 or without an answer."""

    def __init__(self, octets, section):
        super().__init__(daemon=True)
        self.octets, self.section, self.cut_s = octets, section, None

    def run(self):
        sock = connect()
        began = time.monotonic()
        for i in range(len(self.octets)):
            try:
                sock.settimeout(2)
                sock.send(self.octets[i:i + 1])
                sock.settimeout(0.5)
                try:
                    sock.recv(4096)  # an answer (408) or the end
                    self.cut_s = time.monotonic() - began
                    return
                except (TimeoutError, socket.timeout):
                    pass
            except (OSError, ssl.SSLError):
                self.cut_s = time.monotonic() - began
                return

    def judge(self, longest_s):
        self.join(max(0.0, longest_s))
        tally.row(self.cut_s is not None and self.cut_s <= 40, self.section, f"cut after {self.cut_s} s")


def sign_in(login, password):
    body = json.dumps({"login": login, "password": password}).encode()
    answers, _ = exchange(P + b"Content-Length: %d\r\n\r\n" % len(body) + body, quiet=0.05)
    if not answers or answers[0][0] != 200:
        return None, None
    return answers[0][1]["set-cookie"].split("=", 1)[1].split(";", 1)[0], json.loads(answers[0][2])["csrf_token"]


def demo_account():
    with open(os.path.join(ROOT, "deploy/demo/demo.json"), encoding="utf-8") as f:
        for person in json.load(f)["practitioners"]:
            if person.get("account") and "clinician" in person["account"]["roles"]:
                return person["account"]["login"], person["account"]["password"]
    raise SystemExit("no clinician in the demonstration data: give --login and --password")


def run_all(login, password):
    began = time.monotonic()
    loris = [Slowloris(G + H + b"X-Slow: " + b"a" * 200, "9110 15.5.9 head by drops is cut"),
             Slowloris(P + b"Content-Length: 200\r\n\r\n" + b" " * 200, "9110 15.5.9 head and body by drops are cut")]
    for thread in loris:
        thread.start()
    cookie, csrf = sign_in(login, password)
    tally.row(cookie is not None, "sign-in", f"{login} cannot sign in: no WebSocket case can run")
    tables = [threading.Thread(target=http_rows), threading.Thread(target=http_forms)]
    if cookie is not None:
        tables.append(threading.Thread(target=ws_rows, args=(cookie, csrf)))
    for thread in tables:
        thread.start()
    for thread in tables:
        thread.join(50)
        tally.row(not thread.is_alive(), "the tables end in time")
    beside("A16 plain octets on the TLS port are closed", no_tls)
    beside("A16 a client that never reads", never_reads)
    beside("A17 half handshakes", half_handshakes)
    if cookie is not None:
        beside("A13 a WebSocket client that never reads", ws_never_reads(cookie, csrf))
        beside("A13 a flood of messages ends in 1008", ws_flood(cookie, csrf))
    for thread in loris:
        thread.judge(42 - (time.monotonic() - began))
    answers, end = exchange(GOOD)
    tally.row([a[0] for a in answers] == [200] and end == "open", "the gateway serves on", f"{answers} {end}")


def main():
    global port
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, help="of a gateway that runs on 127.0.0.1")
    parser.add_argument("--build", help="build folder; starts a gateway of its own")
    parser.add_argument("--login")
    parser.add_argument("--password")
    options = parser.parse_args()
    if (options.port is None) == (options.build is None):
        parser.error("give --port or --build")
    login, password = (options.login, options.password) if options.login else demo_account()
    gateway = None
    if options.build is not None:
        sys.path.insert(0, os.path.join(ROOT, "tests/integration/lib"))
        from gateway import Gateway  # its own data folder, certificates and demonstration data
        gateway = Gateway().start()
    port = options.port if gateway is None else gateway.port
    try:
        run_all(login, password)
        if gateway is not None:
            tally.row(gateway.alive(), "the gateway lives")
    finally:
        if gateway is not None:
            code, log = gateway.stop()
            tally.row(code == 0, "the gateway ends with 0", f"{code}: {log[-800:]}")
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    sys.exit(0 if tally.failed == 0 else 1)


if __name__ == "__main__":
    main()
