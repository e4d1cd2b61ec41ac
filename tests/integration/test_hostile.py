#!/usr/bin/python3
"""Clients that flood, send octet by octet, never read, or vanish: each is limited and cut with a named reason, and honest people
beside them notice nothing. The honest client's latency is measured alone first, then beside each of them."""
import os
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket, tls_context  # noqa: E402

checks = Checks()
gateway = Gateway().start()


def honest(seconds=2.5):
    """p95 of REST and of WebSocket ping, in ms."""
    rest, ping = [], []
    end = time.time() + seconds
    while time.time() < end:
        began = time.perf_counter()
        if good.get("/api/v1/session")[0] != 200:
            return None
        rest.append(time.perf_counter() - began)
        began = time.perf_counter()
        good_ws.send({"type": "ping", "t": 1})
        if good_ws.receive("pong", timeout=5) is None:
            return None
        ping.append(time.perf_counter() - began)
        time.sleep(0.1)  # 10 pings a second: an honest client is far below the flood limit
    return tuple(sorted(x)[int(len(x) * 0.95)] * 1000 for x in (rest, ping))


def beside(what, attack, limit_ms=250):
    stop = threading.Event()
    notes = []
    thread = threading.Thread(target=lambda: attack(stop, notes))
    thread.start()
    time.sleep(0.3)
    measured = honest()
    stop.set()
    thread.join(30)
    checks.ok(measured is not None and max(measured) < limit_ms, f"beside {what} the honest client is served", f"p95 REST {measured[0]:.0f} ms, ping {measured[1]:.0f} ms; alone {alone[0]:.0f} and {alone[1]:.0f}" if measured else "no answer")
    return notes


def flood(stop, notes):
    ws = WebSocket(bad)
    sent = 0
    try:
        while not stop.is_set() and sent < 5000:
            ws.send({"type": "ping", "t": sent})
            sent += 1
    except OSError:
        pass
    ws.socket.settimeout(3)
    while ws.closed is None:
        ws.receive(timeout=3)
        if ws.closed is None and stop.is_set():
            break
    notes.append((sent, ws.closed))
    ws.close()


def slow_heads(stop, notes):
    raws = []
    for _ in range(150):
        s = socket.create_connection(("127.0.0.1", gateway.port))
        raws.append(s)
    half = [tls_context().wrap_socket(socket.create_connection(("127.0.0.1", gateway.port))) for _ in range(60)]
    head = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 400
    at = 0
    while not stop.is_set():
        for s in half:
            try:
                s.send(head[at % len(head):at % len(head) + 1])
            except OSError:
                notes.append("cut")
        at += 1
        time.sleep(0.05)
    for s in raws + half:
        s.close()


def never_read(stop, notes):
    people = []
    for _ in range(20):
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", gateway.port))
        s = tls_context().wrap_socket(raw)
        s.setblocking(False)
        people.append(s)
    request = f"GET /api/v1/specialties HTTP/1.1\r\nHost: localhost:{gateway.port}\r\nCookie: __Host-session={bad.cookie}\r\n\r\n".encode() * 50
    while not stop.is_set():
        for s in people:
            try:
                s.send(request)
            except OSError:
                pass
        time.sleep(0.05)
    notes.append(gateway.rss_kib())
    for s in people:
        s.close()


def vanish(stop, notes):
    while not stop.is_set():
        s = socket.create_connection(("127.0.0.1", gateway.port))
        try:
            t = tls_context().wrap_socket(s)
            t.send(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
            t.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            t.close()  # RST in the middle of a body
        except OSError:
            pass
        time.sleep(0.01)


def spray(stop, notes):
    """Unauthenticated datagrams of every first octet to the media ports."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(0)
    answers = sent = 0
    while not stop.is_set():
        for first in range(256):
            for port in (gateway.udp, gateway.udp + 1):
                udp.sendto(bytes([first]) + os.urandom(first * 5), ("127.0.0.1", port))
                sent += 1
        try:
            while True:
                udp.recv(2048)
                answers += 1
        except OSError:
            pass
        time.sleep(0.01)
    notes.append((sent, answers))


try:
    good = gateway.signed_in(gateway.people("clinician")[0])
    bad = gateway.signed_in(gateway.people("clinician")[1])
    good_ws = WebSocket(good)
    alone = honest()
    rss_before = gateway.rss_kib()
    notes = beside("a flood of signalling messages", flood)
    checks.ok(notes and notes[0][1] is not None and (notes[0][1] == "lost" or notes[0][1][0] == 1008), "the flooder is cut with 1008", notes)
    beside("150 half handshakes and 60 heads sent octet by octet", slow_heads)
    beside("20 clients that never read", never_read)
    beside("clients that vanish in mid-request", vanish)
    notes = beside("a spray of unauthenticated datagrams", spray)
    checks.ok(notes[0][0] > 1000 and notes[0][1] == 0, "unauthenticated datagrams get no answer", f"{notes[0][0]} sent, {notes[0][1]} answers")
    # Nothing spins when the attackers are gone.
    time.sleep(1)
    cpu = gateway.cpu_seconds()
    time.sleep(3)
    used = (gateway.cpu_seconds() - cpu) / 3
    checks.ok(used < 0.2, "idle again afterwards", f"{used * 100:.1f} % of a core")
    status, text = good.get("/metrics")
    checks.ok(status == 200 and b"flood" in text, "the reason is counted", "")
    checks.ok(gateway.alive(), "the gateway lives")
    print(f"     RSS {rss_before} KiB before, {gateway.rss_kib()} KiB after ({os.path.basename(gateway.build)} build)")
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "and ends cleanly", code)
checks.ok("ERROR: AddressSanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-1500:] if "Sanitizer" in log else "")
checks.end()
