#!/usr/bin/python3
"""What a signed-in session holds ends with it: sign-out, a disabled account, a withdrawn consent and a hang-up end the WebSocket and the
media, also of a seat whose WebSocket was lost before. Media are seen by ICE checks (RFC 8445 §7.3): a seat that lives answers them."""
import hashlib
import hmac
import os
import socket
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import ROOT, Checks, Gateway, WebSocket  # noqa: E402

checks = Checks()
gateway = Gateway().start()
OFFER = open(os.path.join(ROOT, "tests/vectors/sdp/chromium156-two.sdp"), encoding="ascii", newline="").read()


OFFERED = next(line[12:] for line in OFFER.splitlines() if line.startswith("a=ice-ufrag:"))


class Leg:
    """The media of one browser: offers, and asks by STUN whether the gateway still has its connection."""
    made = 0

    def __init__(self, ws, consultation):
        Leg.made += 1
        offer = "\r\n".join(f"a=fingerprint:sha-256 {Leg.made:02X}" + line[24:] if line.startswith("a=fingerprint:sha-256 ")
                            else line for line in OFFER.splitlines()) + "\r\n"
        ws.send({"type": "media.offer", "consultation": consultation, "sdp": offer, "seq": 1})
        answer = ws.receive("media.answer", "error")
        if answer["type"] != "media.answer":
            raise RuntimeError(f"offer: {answer}")
        lines = answer["sdp"].splitlines()
        value = lambda name: next(line.split(":", 1)[1] for line in lines if line.startswith(f"a={name}:"))  # noqa: E731
        self.ufrag, self.password = value("ice-ufrag"), value("ice-pwd")
        self.port = int(value("candidate").split()[5])
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))

    def check(self):
        def attribute(kind, data):
            return struct.pack(">HH", kind, len(data)) + data + b"\0" * (-len(data) % 4)
        body = attribute(0x0006, f"{self.ufrag}:{OFFERED}".encode()) + attribute(0x0024, struct.pack(">I", 1)) + attribute(0x802A, os.urandom(8))
        transaction = os.urandom(12)

        def head(length):
            return struct.pack(">HHI", 0x0001, length, 0x2112A442) + transaction
        body += attribute(0x0008, hmac.new(self.password.encode(), head(len(body) + 24) + body, hashlib.sha1).digest())
        crc = (zlib.crc32(head(len(body) + 8) + body) & 0xFFFFFFFF) ^ 0x5354554E
        packet = head(len(body) + 8) + body + attribute(0x8028, struct.pack(">I", crc))
        self.socket.sendto(packet, ("127.0.0.1", self.port))
        self.socket.settimeout(0.3)
        end = time.time() + 0.3
        while time.time() < end:
            try:
                answer = self.socket.recv(2048)
            except (TimeoutError, socket.timeout, ConnectionRefusedError):
                return False
            if answer[:2] == b"\x01\x01" and answer[8:20] == transaction:
                return True
        return False

    def alive(self):
        return any(self.check() for _ in range(3))

    def gone_within(self, seconds):
        began = time.time()
        while time.time() - began < seconds:
            if not self.check() and not self.check():
                return True
        return False


def join(client, consultation):
    ws = WebSocket(client)
    ws.send({"type": "room.join", "consultation": consultation})
    state = ws.receive("room.state", "error")
    if state["type"] != "room.state":
        raise RuntimeError(f"room.join: {state}")
    return ws


def session():
    """A consultation in session, both with media."""
    case = clinician.submitted()["id"]
    status, body = specialist.act(case, "accept")
    if status != 200:
        raise RuntimeError(f"accept: {status} {body}")
    c, s = join(clinician, case), join(specialist, case)
    return case, c, s, Leg(c, case), Leg(s, case)


def finish(case):
    clinician.act(case, "end")


def ended(ws, seconds=5):
    told = ws.receive("session.ended", timeout=seconds)
    ws.receive("nothing", timeout=2)
    return told, ws.closed


try:
    person, expert = gateway.people("clinician")[0], gateway.people("specialist", "cardiology")[0]
    clinician, specialist = gateway.signed_in(person), gateway.signed_in(expert)
    specialist.put("/api/v1/duty", {"on_duty": True})

    case, c, s, c_leg, s_leg = session()
    checks.ok(c_leg.alive() and s_leg.alive(), "in session both seats answer ICE checks")
    other = gateway.signed_in(person)
    checks.ok(other.request("DELETE", "/api/v1/session")[0] == 204 and c_leg.alive(), "a sign-out elsewhere leaves this session's seat alone")
    clinician.request("DELETE", "/api/v1/session")
    began = time.time()
    gone = c_leg.gone_within(1)
    checks.ok(gone, "sign-out ends the media of the seat", f"{(time.time() - began) * 1000:.0f} ms")
    told, closed = ended(c)
    checks.ok(told is not None and told["reason"] == "signed-out" and closed is not None and closed[0] == 1008, "and its WebSocket, which is told", closed)
    checks.ok(s_leg.alive(), "the other seat stays")
    state = s.receive("room.state", timeout=3)
    while state is not None and next(p for p in state["parties"] if p["seat"] == 0)["present"]:
        state = s.receive("room.state", timeout=3)
    checks.ok(state is not None and next(p for p in state["parties"] if p["seat"] == 0)["media"] == "none", "the other party sees the seat empty and without media")

    clinician = gateway.signed_in(person)
    c = join(clinician, case)
    c_leg = Leg(c, case)
    checks.ok(c_leg.alive(), "signed in again: the same room")
    c.socket.close()
    time.sleep(0.5)
    checks.ok(c_leg.alive(), "a lost WebSocket alone leaves the media")
    clinician.request("DELETE", "/api/v1/session")
    checks.ok(c_leg.gone_within(1), "a sign-out ends them also without a WebSocket")

    clinician = gateway.signed_in(person)
    c = join(clinician, case)
    c_leg = Leg(c, case)
    again = gateway.signed_in(person)
    c2 = join(again, case)
    checks.ok(c.receive("room.closed", timeout=3) is not None and c_leg.gone_within(1), "another session of the same person takes the seat: the first one's media end")
    c2_leg = Leg(c2, case)
    clinician.request("DELETE", "/api/v1/session")
    checks.ok(c2_leg.alive() and not c2_leg.gone_within(0.7), "and its sign-out does not touch the second one's")
    clinician = again
    c2.send({"type": "room.leave", "consultation": case})
    checks.ok(c2_leg.gone_within(1), "room.leave ends the media")
    finish(case)

    case, c, s, c_leg, s_leg = session()
    gateway.run("disable", os.path.join(gateway.build, "consultctl"), "user", "disable", expert["account"]["login"], "--data", gateway.data)
    began = time.time()
    gone = s_leg.gone_within(5)
    took = time.time() - began
    told, closed = ended(s, 5)
    checks.ok(gone and took <= 5, "a disabled account's media end within 5 s", f"{took:.1f} s")
    checks.ok(told is not None and told["reason"] == "disabled" and closed is not None and closed[0] == 1008, "its WebSocket, too", closed)
    checks.ok(specialist.get(f"/api/v1/consultations/{case}")[0] == 401, "its cookie is worth nothing")
    checks.ok(specialist.sign_in(expert["account"]["login"], expert["account"]["password"])[0] == 401, "it cannot sign in")
    checks.ok(c_leg.alive(), "the clinician's seat stays")
    gateway.run("enable", os.path.join(gateway.build, "consultctl"), "user", "enable", expert["account"]["login"], "--data", gateway.data)
    specialist = gateway.signed_in(expert)
    specialist.put("/api/v1/duty", {"on_duty": True})
    s = join(specialist, case)
    s_leg = Leg(s, case)
    checks.ok(s_leg.alive(), "enabled again: the same seat")

    changed = subprocess.run([os.path.join(gateway.build, "consultctl"), "user", "password", expert["account"]["login"], "--data", gateway.data],
                             input="another-password-1\n", capture_output=True, text=True)
    checks.ok(changed.returncode == 0 and s_leg.gone_within(5), "a new password ends the sessions and their media", changed.stderr)
    s = join(specialist, case) if specialist.sign_in(expert["account"]["login"], "another-password-1")[0] == 200 else None
    checks.ok(s is not None, "the new password signs in")
    specialist.put("/api/v1/duty", {"on_duty": True})

    s_leg = Leg(s, case)
    status, body = clinician.consent(case, "consultation", False)
    checks.ok(status == 200 and body["state"] == "withdrawn", "the patient withdraws the consent in the session", body.get("code"))
    checks.ok(c_leg.gone_within(1) and s_leg.gone_within(1), "the media of both end")
    closed = s.receive("room.closed", timeout=3)
    checks.ok(closed is not None and closed["reason"] == "withdrawn", "the room is closed, and it is said why", closed)

    # A join that overtakes its own sign-out never leaves a seat with media behind.
    case, c, s, c_leg, s_leg = session()
    for _ in range(5):
        client = gateway.signed_in(person)
        ws = WebSocket(client)
        ws.send({"type": "room.join", "consultation": case})
        client.request("DELETE", "/api/v1/session")
        told, closed = ended(ws, 3)
        if told is None:
            break
    present = [p for p in gateway.sql("SELECT * FROM session WHERE account_id=?", client.session["account"]["id"])]
    checks.ok(told is not None and len(present) == 1, "a join beside a sign-out: the connection ends", told)
    finish(case)
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
checks.end()
