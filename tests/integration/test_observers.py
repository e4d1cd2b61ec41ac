#!/usr/bin/python3
"""Observers in a running, recorded consultation with real media: they receive both parties, what they send goes nowhere, the 25th is
refused in words, who is admitted outlives a kill, and the patient's withdrawal of the consent `teaching` closes leg, socket and
access at once. The patient's name and number are in nothing that an observer is sent."""
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket  # noqa: E402
from session import Media, Session, plays  # noqa: E402

API, PLACES = "/api/v1", 24
checks = Checks()
gateway = Gateway("--connections_per_address", "200", "--interrupted_after_s", "2")
heard = []                                                       # every octet that an observer was sent in words


def import_learners():
    """Colleagues of the consultant, one more than there are places."""
    consultant = gateway.people("specialist", "cardiology")[0]
    new = [{"code": f"DEMO-O-{i}", "organisation": consultant["organisation"], "name_zh": f"学员{i}", "name_en": f"Learner {i}", "title": "resident",
            "licence_no": f"DEMO-LIC-O{i}", "licensed_since": "2025-01-01", "account": {"login": f"demo.learner{i}", "roles": ["clinician"], "password": "demo-consult"}}
           for i in range(PLACES + 1)]
    world = {**gateway.demo, "practitioners": gateway.demo["practitioners"] + new}
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=gateway.data, encoding="utf-8") as file:
        json.dump(world, file, ensure_ascii=False)
        file.flush()
        gateway.bring(file.name)
    return new


def rtp_dropped(reason):
    for line in gateway.client().get("/metrics")[1].decode().splitlines():
        if "media_dropped_total{" in line and f'reason="{reason}"' in line:
            return float(line.rsplit(" ", 1)[1])
    return 0.0


class Observer:
    def __init__(self, person):
        self.client = gateway.signed_in(person)
        self.account = self.client.session["account"]["id"]
        self.ws = self.media = self.state = None

    def get(self, path):
        answer = self.client.get(API + path)
        heard.append(json.dumps(answer[1], ensure_ascii=False) if not isinstance(answer[1], bytes) else "")
        return answer

    def receive(self, *types, timeout=10):
        message = self.ws.receive(timeout=timeout) if not types else None
        end = time.time() + timeout
        while types and time.time() < end and message is None and self.ws.closed is None:
            got = self.ws.receive(timeout=max(0.05, end - time.time()))
            heard.append(json.dumps(got, ensure_ascii=False))
            message = got if got and got["type"] in types else None
        return message

    def join(self, case):
        self.ws = WebSocket(self.client)
        self.ws.send({"type": "room.join", "consultation": case})
        self.state = self.receive("room.state", "error")
        return self.state

    def join_refused(self):
        try:
            WebSocket(self.client)
            return False
        except ConnectionError:
            return True

    def watch(self, case, seed):
        self.media = Media(gateway.build, seed, slots=2)
        self.ws.send({"type": "media.offer", "consultation": case, "sdp": self.media.offer, "seq": 1})
        answer = self.receive("media.answer", "error")
        self.media.answer(answer["sdp"])
        return answer

    def sees(self, packets, seconds=15):
        end = time.time() + seconds
        while time.time() < end and min(self.media.stats.get(f"slot{i}", 0) for i in (0, 1)) < packets:
            time.sleep(0.1)
        return {k: self.media.stats.get(k) for k in ("slot0", "slot1", "audio")}, min(self.media.stats.get(f"slot{i}", 0) for i in (0, 1)) >= packets


def admit(session, observer):
    return session.specialist.act(session.case, "admit-observer", account=observer.account)


def attendance(case, account):
    return [(r["action"], r["reason_code"]) for r in gateway.sql("SELECT action, reason_code FROM audit WHERE consultation_id=? AND actor_id=? AND action LIKE 'observer.%' ORDER BY seq",
                                                                case, account)]


def watching(session, observer):
    checks.ok(admit(session, observer)[1].get("code") == "consent.teaching", "without the patient's consent nobody is admitted")
    checks.ok(session.clinician.consent(session.case, "teaching")[0] == 200, "the patient consents to teaching")
    status, body = admit(session, observer)
    checks.ok(status == 200 and [x["account"] for x in body["observers"]] == [observer.account], "the consultant admits an observer", body.get("code"))
    status, seen = observer.get(f"/consultations/{session.case}")
    checks.ok(status == 200 and seen["my_role"] == "observer" and set(seen["patient"]) <= {"sex", "age"} and "request" not in seen, "it sees that it is on, of the patient sex and age", seen.get("patient"))
    state = observer.join(session.case)
    checks.ok(state["type"] == "room.state" and state["seat"] == 6 and state["observers"] == 1 and "chat" not in state and "view" not in state, "takes a place in the room", state)
    told = session.sockets[0].receive("room.state")
    while told and told["observers"] != 1:
        told = session.sockets[0].receive("room.state")
    checks.ok(told is not None, "and the patient's side is told that one observes")
    answer = observer.watch(session.case, 900)
    checks.ok(answer["slots"][:2] == [0, 1] and "a=sendrecv" not in answer["sdp"] and "a=recvonly" not in answer["sdp"], "is answered sendonly", answer["slots"])
    figures, good = observer.sees(100)
    checks.ok(good and figures["audio"] > 50, "and receives pictures of both parties, and sound", figures)


def sends_nothing(session, observer):
    before, sources = rtp_dropped("rtp_direction"), [m.stats["ssrcs"] for m in session.media]
    time.sleep(2)
    grown = rtp_dropped("rtp_direction") - before
    checks.ok(grown > 100, "what it sends (140 packets a second) is dropped and counted", int(grown))
    checks.ok([m.stats["ssrcs"] for m in session.media] == sources and session.flows(), "nothing of it reaches a party, whose call goes on", sources)
    for message in ({"type": "chat.say", "text": "x"}, {"type": "view.show", "frame": 1}):
        observer.ws.send({**message, "consultation": session.case})
        answer = observer.receive("error", timeout=5)
        checks.ok(answer is not None and answer["code"] == "room.observer", f"{message['type']} of an observer is refused", answer)
    session.sockets[0].send({"type": "chat.say", "consultation": session.case, "text": "患者王某某"})
    checks.ok(session.sockets[1].receive("chat.said") is not None, "the parties write to each other")
    session.sockets[1].send({"type": "view.show", "consultation": session.case, "frame": 1})
    checks.ok(session.sockets[0].receive("view.shown") is not None, "and show each other pictures")
    checks.ok(observer.receive("chat.said", "view.shown", "quality", timeout=3) is None, "of which an observer gets nothing")
    for path in ("attachments", "opinions", "audit", "recordings", "way", "invitees"):
        checks.ok(observer.get(f"/consultations/{session.case}/{path}")[0] == 404, f"nor of the case: {path}")
    for action in ("end", "fail", "invite", "sign"):
        status, body = observer.client.act(session.case, action, reason_code="other", account=observer.account)
        checks.ok(status in (403, 409), f"{action} is not an observer's", f"{status} {body.get('code')}")
    attachment = gateway.sql("SELECT id FROM attachment WHERE consultation_id=?", session.case)
    if attachment:
        checks.ok(observer.get(f"/attachments/{attachment[0]['id']}/rendered")[0] == 404, "nor a picture of it")


def twenty_four(session, learners):
    crowd = [Observer(p) for p in learners]
    answers = [admit(session, o) for o in crowd]
    checks.ok([a[0] for a in answers] == [200] * (PLACES - 1) + [409] and answers[-1][1]["code"] == "room.observers-full" and answers[-1][1]["detail_en"], "24 are admitted, the 25th is refused in words",
              answers[-1][1].get("detail_en"))
    states = [o.join(session.case) for o in crowd[:-1]]
    checks.ok(sorted(s["seat"] for s in states) == list(range(7, 30)) and states[-1]["observers"] == PLACES, "24 sit in the room", [s.get("observers") for s in states[-2:]])
    refused = crowd[-1].join(session.case)
    checks.ok(refused["type"] == "error" and refused["code"] == "consultation.unknown", "who was not admitted does not come in", refused.get("code"))
    checks.ok(session.flows(), "and the parties' call goes on")
    for o in crowd:
        o.ws.close()
    return crowd


def killed(session, observer):
    gateway.kill()
    gateway.start()
    for client in (session.clinician, session.specialist, observer.client):
        client.connection = None                                 # the former process's
    for media in session.media + [observer.media]:
        media.end()
    listed = observer.get("/consultations?list=observing")[1]["consultations"]
    checks.ok([c["id"] for c in listed] == [session.case] and set(listed[0]["patient"]) <= {"sex", "age"} and "complaint" not in listed[0], "killed and started: who was admitted still is")
    checks.ok(attendance(session.case, observer.account)[-1] == ("observer.leave", "restart"), "and its attendance has an end", attendance(session.case, observer.account))
    session.media = []
    session.sockets = [WebSocket(session.clinician), WebSocket(session.specialist)]
    for ws in session.sockets:
        ws.send({"type": "room.join", "consultation": session.case})
        checks.ok(ws.receive("room.state") is not None, "a party is back")
    for ws in session.sockets:
        session.connect(ws)
    checks.ok(observer.join(session.case)["type"] == "room.state", "the observer is back")
    observer.watch(session.case, 901)
    figures, good = observer.sees(60)
    checks.ok(good, "and sees both again", figures)


def disabled(session, person):
    """The account of one who observes is closed by the operator."""
    one = Observer(person)
    checks.ok(admit(session, one)[0] == 200 and one.join(session.case)["type"] == "room.state", "another one observes")
    one.watch(session.case, 902)
    checks.ok(one.sees(30)[1], "and sees both")
    gateway.run("disable", os.path.join(gateway.build, "consultctl"), "user", "disable", person["account"]["login"], "--data", gateway.data)
    began = time.time()
    told = one.receive("session.ended", timeout=5)
    took = time.time() - began
    time.sleep(0.5)
    before = dict(one.media.stats)
    time.sleep(1)
    checks.ok(told is not None and told["reason"] == "disabled" and took < 3, "a disabled account observes no more", f"{took * 1000:.0f} ms after consultctl")
    checks.ok(one.media.stats == before and session.flows(), "no packet reaches it any more", before)
    checks.ok(one.join_refused(), "and it does not come back")
    one.media.end()


def withdrawn(session, observer):
    began = time.time()
    status, body = session.clinician.consent(session.case, "teaching", False)
    answered = time.time() - began
    closed = observer.receive("room.closed", timeout=5)
    told = time.time() - began
    gone = observer.receive("observer.gone", timeout=5)
    time.sleep(0.5)                                              # what was on its way, and the client's next figures
    before = dict(observer.media.stats)
    time.sleep(1.5)
    checks.ok(status == 200 and body["observers"] == [], "the patient withdraws the consent to teaching", f"answered after {answered * 1000:.0f} ms")
    checks.ok(closed is not None and closed["reason"] == "consent-withdrawn" and gone["reason"] == "consent-withdrawn" and told < 3, "the observer is told why", f"after {told * 1000:.0f} ms")  # a second is meant; a busy machine has three
    checks.ok(observer.media.stats == before, "and receives no packet any more", before)
    checks.ok(session.flows(), "the parties' call goes on")                     # control: packets were there to be sent
    log = open(gateway.log, encoding="utf-8", errors="replace").read()
    checks.ok(log.count("event=seat_close") >= 1 and "reason=consent-withdrawn" in log, "its place was closed for that reason")
    observer.ws.send({"type": "media.offer", "consultation": session.case, "sdp": observer.media.offer, "seq": 2})
    answer = observer.receive("error", timeout=5)
    checks.ok(answer is not None and answer["code"] == "room.not-joined", "an offer is refused", answer and answer["code"])
    observer.ws.close()
    again = observer.join(session.case)
    checks.ok(again["type"] == "error" and again["code"] == "consultation.unknown", "so is a new connection", again.get("code"))
    checks.ok(observer.get(f"/consultations/{session.case}")[0] == 404, "and the interface")
    checks.ok(attendance(session.case, observer.account)[-1] == ("observer.leave", "consent-withdrawn"), "the attendance ends with the reason", attendance(session.case, observer.account)[-1])
    audit = session.clinician.get(f"{API}/consultations/{session.case}/audit")[1]
    checks.ok(json.dumps(audit).count("observer.join") >= 2, "and both sides read it in the audit rows")


try:
    learners = import_learners()
    gateway.start()
    session = Session(gateway)
    observer = Observer(learners[0])
    watching(session, observer)
    sends_nothing(session, observer)
    crowd = twenty_four(session, learners[1:])
    recorded = session.recordings()
    killed(session, observer)
    disabled(session, learners[-2])
    withdrawn(session, observer)
    checks.ok(session.specialist.act(session.case, "end")[0] == 200, "the session ends")
    end = time.time() + 30
    while time.time() < end and any(r["state"] == "recording" or r["ended_ms"] is None for r in session.recordings()):
        time.sleep(0.2)
    streams = [plays(os.path.join(gateway.data, "recordings", r["file"]))[0] for r in session.recordings() if r["state"] in ("complete", "recovered")]
    checks.ok(streams and all(0 < n <= 4 for n in streams), "the recordings hold the two parties and nobody else", streams)
    patient = json.loads(gateway.sql("SELECT patient FROM consultation WHERE id=?", session.case)[0]["patient"])
    words = [v for k, v in patient.items() if k in ("name", "id_number", "birth_date", "phone") and v] + ["患者王某某"]
    everything = "".join(heard)
    checks.ok(len(words) >= 3 and len(everything) > 5000, "the patient has a name, and an observer was sent much", f"{len(words)} words, {len(everything)} octets")
    checks.ok(not [w for w in words if w in everything], "and none of it names the patient")
    session.end()
    observer.media.end()
finally:
    code, log = gateway.stop()
    checks.ok(code == 0 and "AddressSanitizer" not in log and "runtime error" not in log, "it ends with 0, without a report", code if code == 0 else log[-1500:])
checks.end()
