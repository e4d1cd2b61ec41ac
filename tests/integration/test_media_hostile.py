#!/usr/bin/python3
"""A call through the running gateway beside hostile media peers (tests/tools/hostilepeer): strangers at the media port before and in
the call, forged packets of the checked address, replay, an authenticated flood, mutants with the right keys. The call goes on, a
stranger gets no octet, every drop is counted by its reason. At last: offers fifty times a second, and a chat that is filled."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket  # noqa: E402

checks = Checks()
gateway = Gateway("--workers", "1").start()


def drops():
    text = gateway.client().get("/metrics")[1].decode()
    found = {}
    for line in text.splitlines():
        if line.startswith("media_dropped_total{") or line.startswith("consult_media_dropped_total{"):
            found[line.split('reason="')[1].split('"')[0]] = found.get(line.split('reason="')[1].split('"')[0], 0) + float(line.rsplit(" ", 1)[1])
    return found


def attack(case, sockets):
    tool = subprocess.Popen([os.path.join(gateway.build, "hostilepeer"), str(gateway.udp)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    done = False
    for seat in (0, 1):
        head = tool.stdout.readline().split()
        if head[:2] != [b"offer", str(seat).encode()]:
            raise RuntimeError(f"hostilepeer: {head}")
        sockets[seat].send({"type": "media.offer", "consultation": case, "sdp": tool.stdout.read(int(head[2])).decode(), "seq": 1})
        answer = sockets[seat].receive("media.answer", "error")
        if answer["type"] != "media.answer":
            raise RuntimeError(f"no answer: {answer}")
        sdp = answer["sdp"].encode()
        tool.stdin.write(f"answer {seat} {len(sdp)}\n".encode() + sdp + b"\n")
        tool.stdin.flush()
    for line in tool.stdout:
        words = line.decode().strip()
        done = done or words == "done"
        if words.startswith(("ok ", "FAIL ")):
            checks.ok(words.startswith("ok "), words.split(" ", 1)[1])
    tool.stdin.close()
    checks.ok(tool.wait(10) == 0 and done, "the hostile peer came to its end", tool.returncode)


try:
    clinician = gateway.signed_in(gateway.people("clinician")[0])
    specialist = gateway.signed_in(gateway.people("specialist", "cardiology")[0])
    specialist.put("/api/v1/duty", {"on_duty": True})
    case = clinician.submitted()["id"]
    checks.ok(specialist.act(case, "accept")[0] == 200, "accepted")
    sockets = [WebSocket(clinician), WebSocket(specialist)]
    for ws in sockets:
        ws.send({"type": "room.join", "consultation": case})
        checks.ok(ws.receive("room.state") is not None, "joined")
    before = drops()
    attack(case, sockets)
    after = drops()
    for reason in ("first_byte", "stun_integrity", "address_unknown", "srtp_auth", "srtcp_auth", "srtp_replay", "rtp_rate", "rtp_malformed",
                   "rtcp_malformed", "stun_malformed"):
        grown = after.get(reason, 0) - before.get(reason, 0)
        checks.ok(grown > 0, f"drops of reason {reason} are counted", int(grown))
    checks.ok(gateway.sql("SELECT state FROM consultation WHERE id=?", case)[0]["state"] == "in-session", "the consultation is in session")

    offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    for seq in range(40):
        sockets[0].send({"type": "media.offer", "consultation": case, "sdp": offer, "seq": seq})
    codes = [(sockets[0].receive("error", "media.answer") or {}).get("code") for _ in range(40)]
    checks.ok(codes.count("media.too-often") >= 27, "40 offers at once: ten are looked at", {c: codes.count(c) for c in set(codes)})
    checks.ok(sockets[0].closed is None, "and the connection stays")

    for _ in range(6):
        for _ in range(12):
            sockets[1].send({"type": "chat.say", "consultation": case, "text": "\u0001" * 2000})
        for _ in range(12):
            sockets[1].receive("chat.said")
    again = WebSocket(clinician)
    again.send({"type": "room.join", "consultation": case})
    state = again.receive("room.state")
    checks.ok(state is not None and 0 < len(state["chat"]) < 10, "a chat that was filled keeps nobody out", len((state or {}).get("chat", [])))
    checks.ok(gateway.alive(), "the gateway lives")
finally:
    code, log = gateway.stop()
    checks.ok(code == 0 and "AddressSanitizer" not in log and "runtime error" not in log, "it ends with 0, without a report", code if code == 0 else log[-1500:])
checks.end()
