#!/usr/bin/python3
"""The room as the signalling sees it: join, seats, shared view, chat, a second tab, hang-up and a lost link, consents that start and
stop the recording, sign-out; and what does not fit the table is refused without losing the connection."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket, tls_context  # noqa: E402

checks = Checks()
gateway = Gateway().start()


def state(consultation):
    return gateway.sql("SELECT state FROM consultation WHERE id=?", consultation)[0]["state"]


def wait_state(consultation, wanted, seconds):
    end = time.time() + seconds
    while time.time() < end and state(consultation) != wanted:
        time.sleep(0.1)
    return state(consultation) == wanted


def handshake_status(client, origin, protocol="consult.v1"):
    with tls_context().wrap_socket(socket.create_connection(("127.0.0.1", gateway.port))) as s:
        s.sendall((f"GET /ws HTTP/1.1\r\nHost: localhost:{gateway.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                   f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {protocol}\r\n" + (f"Origin: {origin}\r\n" if origin else "")
                   + (f"Cookie: __Host-session={client.cookie}\r\n" if client else "") + "\r\n").encode())
        return int(s.recv(4096).split()[1])


try:
    clinician = gateway.signed_in(gateway.people("clinician")[0])
    specialist = next(s for s in map(gateway.signed_in, gateway.people("specialist", "cardiology")))
    stranger = gateway.signed_in(gateway.people("clinician")[1])
    own = f"https://localhost:{gateway.port}"
    for what, client, origin, wanted in [("the own origin", clinician, own, 101), ("another origin", clinician, "https://evil.example", 403),
                                         ("a look-alike origin", clinician, own + ".evil.example", 403), ("origin null", clinician, "null", 403),
                                         ("no origin", clinician, None, 403), ("no session", None, own, 401)]:
        status = handshake_status(client, origin)
        checks.ok(status == wanted, f"upgrade with {what}: {wanted}", status)

    c, s = WebSocket(clinician), WebSocket(specialist)
    specialist.put("/api/v1/duty", {"on_duty": True})
    case = clinician.submitted()["id"]
    ring = s.receive("offer.ring")
    checks.ok(ring is not None and ring["consultation"] == case, "the offer rings", ring)
    c.send({"type": "room.join", "consultation": case})
    error = c.receive("error", "room.state")
    checks.ok(error["type"] == "error", "no room before somebody accepted", error.get("code"))
    status, body = specialist.act(case, "accept")
    checks.ok(status == 200, "accepted", body.get("code"))
    changed = c.receive("consultation.changed")
    checks.ok(changed is not None and changed["state"] == "accepted", "the clinician is told", changed)

    x = WebSocket(stranger)
    x.send({"type": "room.join", "consultation": case})
    checks.ok((x.receive("error", "room.state") or {}).get("type") == "error", "a stranger cannot join")
    x.send({"type": "chat.say", "consultation": case, "text": "hello"})
    checks.ok((x.receive("error") or {}).get("code") == "room.not-joined", "nor speak")

    c.send({"type": "room.join", "consultation": case, "device": "tab-1"})
    first = c.receive("room.state")
    s.send({"type": "room.join", "consultation": case, "device": "tab-2"})
    second = s.receive("room.state")
    checks.ok(first and second and {first["seat"], second["seat"]} == {0, 1}, "two seats", (first or {}).get("seat"))
    checks.ok(wait_state(case, "in-session", 3), "with both there it is in session", state(case))

    view = {"attachment": "0" * 32, "frame": 3, "center": 40, "width": 400, "pointer": [0.25, 0.5]}
    c.send({"type": "view.show", "consultation": case, **view})
    shown = s.receive("view.shown")
    checks.ok(shown is not None and shown["view"] == view and shown["seat"] == first["seat"], "the shared view arrives", shown)
    s.send({"type": "chat.say", "consultation": case, "text": "看到了 <b>ok</b>"})
    said = c.receive("chat.said")
    checks.ok(said is not None and said["text"] == "看到了 <b>ok</b>", "chat arrives as it was written", said)

    second_tab = WebSocket(clinician)
    second_tab.send({"type": "room.join", "consultation": case, "device": "tab-3"})
    joined = second_tab.receive("room.state")
    checks.ok(joined is not None and joined["view"] == view and joined["chat"][0]["text"].startswith("看到了"), "a second tab takes over with view and chat")
    closed = c.receive("room.closed")
    checks.ok(closed is not None and closed["reason"] == "taken-over", "the first tab is told", closed)

    # Bad messages: an answer with a code, the connection stays.
    for what, text, code in [("no JSON", "{", "message.malformed"), ("no type", "{}", "message.malformed"), ("an array", "[]", "message.malformed"),
                             ("an unknown type", '{"type":"x"}', "message.unknown"), ("an unknown member", '{"type":"ping","x":1}', "message.field"),
                             ("a missing member", '{"type":"room.join"}', "message.field"), ("an id that is none", '{"type":"room.join","consultation":"../../x"}', "message.field"),
                             ("duplicate members", '{"type":"ping","t":1,"t":2}', "message.malformed"), ("depth", '{"type":"view.show","consultation":"' + case + '","pointer":' + "[" * 3000 + "]" * 3000 + "}", None),
                             ("an SDP that is none", '{"type":"media.offer","consultation":"' + case + '","sdp":"v=1","seq":1}', "media.offer-refused"),
                             ("an integer beyond its range", '{"type":"ping","t":-5}', "message.field")]:
        second_tab.send_frame(1, text.encode())
        error = second_tab.receive("error", timeout=5)
        checks.ok(error is not None and (code is None or error["code"] == code), f"{what} is refused: {code}", (error or {}).get("code"))
        time.sleep(0.05)
    second_tab.send({"type": "ping", "t": 1})
    checks.ok(second_tab.receive("pong") is not None, "the connection lives on")

    # Consents: the recording runs only with both, and stops within a second of a withdrawal.
    status, body = specialist.consent(case, "recording", True, "consultant")
    checks.ok(status == 200, "the consultant consents to the recording", body.get("code"))
    running = s.receive("room.state", timeout=3)
    while running is not None and not running["recording"]:
        running = s.receive("room.state", timeout=3)
    checks.ok(running is not None, "with both consents the recording runs, visibly")
    began = time.time()
    status, body = clinician.consent(case, "recording", False, "patient")
    stopped = s.receive("room.state", timeout=3)
    while stopped is not None and stopped["recording"]:
        stopped = s.receive("room.state", timeout=3)
    checks.ok(stopped is not None and time.time() - began < 1, "a withdrawn consent stops it within a second", f"{(time.time() - began) * 1000:.0f} ms")

    # Hang-up and lost link.
    second_tab.send({"type": "room.leave", "consultation": case})
    checks.ok(wait_state(case, "interrupted", 15), "a seat that is empty for 10 s interrupts", state(case))
    third = WebSocket(clinician)
    third.send({"type": "room.join", "consultation": case})
    back = third.receive("room.state")
    checks.ok(back is not None and back["seat"] == first["seat"] and wait_state(case, "in-session", 3), "coming back: the same room, the same seat", state(case))
    third.close()
    fourth = WebSocket(clinician)
    fourth.send({"type": "room.join", "consultation": case})
    checks.ok(fourth.receive("room.state") is not None and state(case) == "in-session", "a blip of the link changes nothing")

    status, body = specialist.act(case, "end")
    closed = fourth.receive("room.closed")
    checks.ok(status == 200 and closed is not None and closed["reason"] == "ended", "the end closes the room for both", closed)
    checks.ok(state(case) == "awaiting-opinion", "and the opinion is awaited", state(case))

    # Sign-out ends the connections of that session.
    checks.ok(clinician.request("DELETE", "/api/v1/session")[0] == 204, "signed out")
    ended = fourth.receive("session.ended", timeout=5)
    checks.ok(ended is not None, "its WebSocket is told and closed", ended)
    checks.ok(clinician.get("/api/v1/consultations?list=mine")[0] == 401, "the old cookie is worth nothing")
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
checks.ok("示范患者" not in log, "no patient in the log")
checks.end()
