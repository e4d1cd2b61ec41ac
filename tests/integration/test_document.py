#!/usr/bin/python3
"""A client of both roles that knows only proto/signal/README.md and signal.def (lib/document.py): every call, every message, every
action. An answer with a member that is not in the document, or without one that is, fails; so does a code that is not listed. The
signatures and the hash chain are computed here, from the document's words."""
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from document import Document  # noqa: E402
from gateway import PYDICOM, Checks, Gateway, WebSocket, tls_context  # noqa: E402
import workflow  # noqa: E402

checks = Checks()
document = Document()
API = "/api/v1"
# What needs packets of a browser: tests/e2e holds consultations with those, and plays the recording.
NOT_MET_HERE = {"media.slots", "media.reset"}
NEED_MEDIA = {("GET", "/recordings/{id}/content"), ("GET", "/recordings/{id}/poster")}
FILLED_BY_MEDIA = {"gap", "track", "room_seat", "leg", "quality_seat"}


def audit_canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Person:
    def __init__(self, gateway, demo):
        self.client, self.demo = gateway.client(), demo

    def call(self, method, path, body=None, status=None, code=None, **headers):
        """One call; checks status, members and code against the document. Returns the body."""
        known = document.find_call(method, path)
        got, answer = self.client.request(method, path if path.startswith("/api") else API + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        faults = [] if known or code else [f"{method} {path} is no call of the document"]
        if got >= 400:
            faults += document.problem(got, answer)
            if got in (429, 503) and not self.client.headers.get("retry-after", "").isdigit():
                faults.append("no Retry-After")
            if self.client.headers.get("content-type") != "application/problem+json":
                faults.append("no problem+json")
        elif known:
            faults += self.good(known, got, answer)
        wanted = status if status is not None else 200 if code is None else int(document.codes[code])
        if got != wanted:
            faults.append(f"status {got}, {wanted} expected: {answer if not isinstance(answer, bytes) else answer[:100]}")
        if code is not None and isinstance(answer, dict) and answer.get("code") != code:
            faults.append(f"code {answer.get('code')}, {code} expected")
        checks.ok(not faults, f"{method} {path.split('?')[0][:60]}{' -> ' + code if code else ''}", "; ".join(faults[:4]))
        return answer

    def good(self, known, got, answer):
        document.met_calls.add(known)
        status, name = document.calls[known]
        if got == 304 or got == 206:
            return []
        faults = [] if got == status or (known[1].endswith("/uploads") and got == 200) else [f"status {got}, the document says {status}"]
        if name in document.objects:
            if known[1].endswith("/actions/{action}") and isinstance(answer, dict) and answer.get("my_role") == "none":
                name = "consultation_part"
            if name == "consultation" and isinstance(answer, dict) and answer.get("my_role") == "observer":
                name = "summary"
            faults += document.object(name, answer)
        elif name and self.client.headers.get("content-type") != name:
            faults.append(f"{self.client.headers.get('content-type')} is not {name}")
        return faults

    def sign_in(self):
        login = self.demo["account"]
        session = self.call("POST", "/session", {"login": login["login"], "password": login["password"]})
        self.client.cookie = self.client.headers["set-cookie"].split("=", 1)[1].split(";", 1)[0]
        self.client.csrf = session["csrf_token"]
        self.session = session
        return self

    def socket(self):
        self.ws = Socket(self.client)
        return self.ws


class Socket(WebSocket):
    """Every message that comes is held against the table."""

    faults = []

    def __init__(self, client, hello=True):
        super().__init__(client, hello)

    def receive(self, *types, timeout=10, where=None):
        end = time.time() + timeout
        while time.time() < end:
            message = super().receive(timeout=max(0.05, end - time.time()))
            if message is None:
                return None
            Socket.faults += document.message(message)
            if (not types or message["type"] in types) and (where is None or where(message)):
                return message
        return None

    def send(self, message):
        kind, members = document.messages[message["type"]]
        if kind == "IN" and all(m == "type" or m in members for m in message):
            document.met_messages.add(message["type"])
        super().send(message)


def error_of(ws, message, code, **members):
    ws.send(message)
    error = ws.receive("error")
    checks.ok(error is not None and error["code"] == code and all(error.get(k) == v for k, v in members.items()), f"{message['type']} is refused with {code}", error)


def offer(fingerprint="AA:" * 31 + "AA"):
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
    for mid, kind, pt, codec in (("0", "audio", 111, "opus/48000/2"), ("1", "video", 96, "VP8/90000")):
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {pt}", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", f"a=fingerprint:sha-256 {fingerprint}",
                  "a=setup:actpass", f"a=mid:{mid}", "a=sendrecv", "a=rtcp-mux", f"a=rtpmap:{pt} {codec}"]
    return "\r\n".join(lines) + "\r\n"


def ed25519_holds(public_key, signature, octets):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("k", bytes.fromhex("302a300506032b6570032100" + public_key)), ("s", bytes.fromhex(signature)), ("m", octets)):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "k", "-keyform", "DER", "-rawin", "-in", "m", "-sigfile", "s"],
                              cwd=folder, capture_output=True).returncode == 0


def audit_hash(row, consultation):
    fields = [row["previous_hash"], row["seq"], row["at_ms"], consultation, row["actor"], row["action"], row["from_state"], row["to_state"], row["reason_code"], audit_canonical(row["detail"])]
    octets = b"".join(b"-," if f is None else b"%d:%s," % (len(str(f).encode()), str(f).encode()) for f in fields)
    return hashlib.sha256(octets).hexdigest()


def session_and_people(g, clinician, specialist, expired):
    stranger = Person(g, clinician.demo)
    stranger.call("GET", "/openapi.json")
    stranger.call("GET", "/session", code="session.required")
    stranger.call("POST", "/session", {"login": "demo.nobody", "password": "not this one"}, code="session.wrong-credentials")
    stranger.call("POST", "/session", {"login": 7, "password": "x"}, code="field.type")
    stranger.call("POST", "/session", {"login": "demo.nobody"}, code="field.required")
    stranger.call("POST", "/session", {"login": "x" * 65, "password": "x"}, code="field.too-long")
    stranger.call("POST", "/session", {"login": "a\u0001b", "password": "x"}, code="field.characters")
    stranger.call("POST", "/session", b'{"login":"a","login":"b"}', code="request.json", Content_Type="application/json")
    stranger.call("POST", "/session", b"login=a", code="request.media-type", Content_Type="text/plain")
    stranger.call("POST", "/session", {"login": "a", "password": "x" * 5000}, code="request.too-large")
    for _ in range(2):
        stranger.client.post("/api/v1/session", {"login": "demo.nobody", "password": "not this one"})
    stranger.call("POST", "/session", {"login": "demo.nobody", "password": "not this one"}, code="session.throttled")
    for person in (clinician, specialist, expired):
        person.sign_in()
    clinician.call("GET", "/session")
    clinician.call("GET", "/nothing", code="request.not-found")
    clinician.call("PUT", "/session", {}, code="request.method")
    clinician.call("GET", "/reach?specialty=%zz", code="request.malformed")
    clinician.call("GET", "/reach?specialty=cardiology&specialty=x", code="request.query")
    clinician.call("GET", "/" + "x" * 520, code="request.path")
    clinician.call("PATCH", "/session", {"language": "fr"}, code="field.invalid")
    clinician.call("PATCH", "/session", {"language": "en"})
    english = clinician.call("GET", "/consultations?list=no", code="field.invalid")
    checks.ok(english["detail"] == english["detail_en"] and english["field"] == "/list", "detail is in the account's language; field names the parameter", english)
    clinician.call("PATCH", "/session", {"language": "zh-CN"}, code="session.csrf", X_CSRF_Token="0" * 64)
    clinician.call("PATCH", "/session", {"language": "zh-CN"}, code="request.cross-site", Sec_Fetch_Site="cross-site")
    clinician.call("PUT", "/duty", {"on_duty": True}, code="session.role")
    specialist.call("PUT", "/duty", {"on_duty": "yes"}, code="field.type")
    clinician.call("GET", "/specialties")
    clinician.call("GET", "/partnerships")
    reach = clinician.call("GET", "/reach?specialty=cardiology&kind=live")
    checks.ok(reach["allowed"] and reach["code"] == "rule.allowed" and reach["routes"], "the township may ask", reach["code"])
    refused = expired.call("GET", "/reach?specialty=cardiology")
    checks.ok(not refused["allowed"] and refused["code"] in document.codes and refused["routes"] == [], "an expired agreement reaches nobody", refused["code"])


# Two more people of the cardiologist's hospital: who plans, and to whom duty is handed over.
STAFF = {"format": "consult-gateway-import-1", "demonstration": True, "practitioners": [
    {"code": f"DEMO-D-{role}", "organisation": "DEMO-CITY-1", "name_zh": f"示范人员{role}", "name_en": f"Demo {role}", "title": "attending", "licence_no": f"DEMO-LIC-D-{role}",
     "licensed_since": "2010-01-01", "specialties": ["cardiology"], "account": {"login": f"demo.duty.{role}", "roles": [role], "password": "demo-consult"}}
    for role in ("coordinator", "specialist")]}


def duty_and_roster(clinician, first, coordinator, colleague):
    mine, theirs = (p.session["account"]["id"] for p in (first, colleague))
    now, hour = int(time.time() * 1000), 3600000
    clinician.call("GET", "/duty", code="session.role")
    first.call("PUT", "/duty", {"on_duty": False})
    first.call("PUT", "/duty", {"pause": "pause"}, code="duty.off")
    first.call("POST", "/duty/hand-over", {"to": theirs}, code="duty.off")
    first.call("PUT", "/duty", {"pause_minutes": 5}, code="field.required")
    first.call("PUT", "/duty", {"on_duty": True})
    checks.ok(first.ws.receive("duty.changed") is not None, "duty.changed comes to oneself")
    first.call("PUT", "/duty", {"pause": "break", "pause_minutes": 500}, code="field.invalid")
    paused = first.call("PUT", "/duty", {"pause": "break", "pause_minutes": 5})
    checks.ok(paused["on_duty"] and paused["pause"] == "break" and paused["pause_until_ms"] > now, "a break of five minutes", paused)
    first.call("PUT", "/duty", {"pause": None})
    first.call("POST", "/duty/hand-over", {"to": clinician.session["account"]["id"]}, code="duty.no-colleague")
    first.call("POST", "/duty/hand-over", {"to": theirs}, code="duty.colleague-away")
    partnership = clinician.call("GET", "/partnerships")["partnerships"]
    network = next(p["id"] for p in partnership if p["code"] == "DEMO-REMOTE")
    on_call = {"account": theirs, "kind": "on-call", "specialty": "cardiology", "partnership": network, "from_ms": now - hour, "until_ms": now + hour}
    first.call("POST", "/duty/shifts", on_call, code="shift.not-yours")
    coordinator.call("POST", "/duty/shifts", {**on_call, "until_ms": now - hour}, code="field.invalid")
    shift = coordinator.call("POST", "/duty/shifts", on_call, status=201)
    again = coordinator.call("POST", "/duty/shifts", on_call, code="shift.overlap")
    checks.ok(again["shift"] == shift["id"], "409 names the other shift", again)
    planned = coordinator.call("POST", "/duty/shifts", {"account": theirs, "kind": "duty", "from_ms": now - 1000, "until_ms": now + hour}, status=201)
    reminder = colleague.ws.receive("duty.reminder", timeout=8)
    checks.ok(reminder is not None and reminder["shift"] == planned["id"], "who is not there is reminded", reminder)
    roster = coordinator.call("GET", "/duty/roster?days=2&specialty=cardiology")
    people = {p["account"]: p for p in roster["people"]}
    checks.ok(people[mine]["on_duty"] and people[theirs]["absent"] and people[theirs]["on_call"] and len(roster["shifts"]) == 2, "and shown as absent", people[theirs])
    presence = clinician.call("GET", "/presence?specialty=cardiology")["presence"]
    checks.ok(len(presence) == 1 and presence[0]["on_duty"] >= 1 and presence[0]["on_call"] == 1, "the township sees who is there", presence)
    first.call("POST", "/duty/hand-over", {"to": theirs})
    checks.ok((colleague.ws.receive("duty.handover") or {}).get("state") == "asked" and len(colleague.call("GET", "/duty")["asked"]) == 1, "who is on call is asked")
    colleague.call("PUT", "/duty", {"on_duty": True})
    checks.ok((first.ws.receive("duty.handover") or {}).get("state") == "taken" and not first.call("GET", "/duty")["on_duty"], "coming takes it")
    first.call("PUT", "/duty", {"on_duty": True})
    colleague.call("POST", "/duty/hand-over", {"to": mine})
    checks.ok((first.ws.receive("duty.handover") or {}).get("state") == "done", "and back")
    for one in (shift, planned):
        coordinator.call("DELETE", f"/duty/shifts/{one['id']}", status=204)
    coordinator.call("DELETE", f"/duty/shifts/{shift['id']}", code="shift.unknown")


PATIENT = {"name": "示范患者丙", "sex": "male", "birth_date": "1950-03-04", "age": "70", "id_type": "resident-id", "id_number": "990101195003040011", "phone": "13800000000", "region": "990121",
           "record_no": "R-1", "allergy": "无", "pregnancy": "不适用"}
REQUEST = {"complaint": "胸闷三天", "question": "是否需要转诊？", "present_history": "x", "past_history": "x", "examination": "x", "vital_signs": {"hr": 88, "t": 36.7}, "tests": "x",
           "initial_diagnosis": "x", "treatment": "x", "wanted_title": "chief"}


def drafting(clinician, other):
    key = "document-test-key-1"
    body = {"specialty": "cardiology", "urgency": "urgent", "kind": "live", "patient": {"name": "示范患者丙"}}
    clinician.call("POST", "/consultations", {}, code="field.required")
    clinician.call("POST", "/consultations", body, code="request.idempotency-key", Idempotency_Key="short")
    made = clinician.call("POST", "/consultations", body, status=201, Idempotency_Key=key)
    again = clinician.call("POST", "/consultations", body, status=201, Idempotency_Key=key)
    checks.ok(again == made and clinician.client.headers.get("idempotent-replayed") == "true", "the same key gives the same consultation", again.get("id"))
    clinician.call("POST", "/consultations", {**body, "urgency": "stat"}, code="request.idempotency-reused", Idempotency_Key=key)
    case = f"/consultations/{made['id']}"
    clinician.call("GET", case)
    etag = clinician.client.headers.get("etag")
    checks.ok(etag == f'"{made["version"]}"', "the ETag is the version", etag)
    clinician.call("GET", case, status=304, If_None_Match=etag)
    other.call("GET", case, code="consultation.unknown")
    clinician.call("GET", "/consultations/1", code="consultation.unknown")
    clinician.call("PATCH", case, {"patient": {"nonsense": "x"}}, code="field.invalid")
    clinician.call("POST", case + "/actions/submit", {}, code="field.required")
    clinician.call("PATCH", case, {"patient": PATIENT, "request": REQUEST}, If_Match=etag)
    stale = clinician.call("PATCH", case, {"patient": {"name": "x"}}, code="consultation.stale", If_Match=etag)
    checks.ok(stale["version"] == made["version"] + 1, "412 names the present version", stale)
    clinician.call("POST", case + "/actions/submit", {}, code="consent.consultation")
    clinician.call("POST", case + "/actions/fly", {}, code="consultation.unknown-action")
    clinician.call("POST", case + "/actions/end", {}, code="consultation.not-yet")
    consent = {"party": "patient", "given": True, "relation": "guardian", "name": "示范监护人", "method": "written", "text_version": "2026-1"}
    clinician.call("PUT", case + "/consents/nothing", consent, code="consent.unknown-scope")
    clinician.call("PUT", case + "/consents/recording", {**consent, "party": "consultant"}, code="consent.not-yours")
    for scope in ("consultation", "imaging", "recording"):
        answer = clinician.call("PUT", f"{case}/consents/{scope}", consent)
    checks.ok(clinician.call("GET", "/consultations?list=mine")["consultations"][0]["id"] == made["id"], "it stands in mine")
    checks.ok(set(answer["actions"]) <= set(document.actions), "actions are those of the document", answer["actions"])
    stat = clinician.call("POST", "/consultations", {"specialty": "cardiology", "urgency": "stat", "patient": {"sex": "unknown"}, "request": {"complaint": "昏迷"}}, status=201)
    clinician.call("POST", f"/consultations/{stat['id']}/actions/submit", {}, code="consent.deferral-reason")
    clinician.call("POST", f"/consultations/{stat['id']}/actions/discard", {})
    return made["id"]


def send_file(person, case, name, data, status=201):
    up = person.call("POST", f"/consultations/{case}/uploads", {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}, status=status)
    while up["state"] == "receiving":
        part = data[up["received"]:up["received"] + 16384]
        up = person.call("PUT", f"/uploads/{up['id']}?offset={up['received']}", part, X_Chunk_SHA256=hashlib.sha256(part).hexdigest())
    return up


def attachments(clinician, case):
    data = open(f"{PYDICOM}/CT_small.dcm", "rb").read()
    announce = {"name": "CT_small.dcm", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    clinician.call("POST", f"/consultations/{case}/uploads", {**announce, "sha256": "x"}, code="field.invalid")
    clinician.call("POST", f"/consultations/{case}/uploads", {**announce, "bytes": 1 << 50}, code="upload.too-large")
    up = clinician.call("POST", f"/consultations/{case}/uploads", announce, status=201)
    piece = data[:1000]
    digest = hashlib.sha256(piece).hexdigest()
    wrong = clinician.call("PUT", f"/uploads/{up['id']}?offset=5", piece, code="upload.offset", X_Chunk_SHA256=digest)
    checks.ok(wrong["received"] == 0 and wrong["state"] == "receiving", "409 says where to go on", wrong)
    clinician.call("PUT", f"/uploads/{up['id']}?offset=x", piece, code="field.invalid", X_Chunk_SHA256=digest)
    clinician.call("PUT", f"/uploads/{up['id']}?offset=0", b"", code="request.body", X_Chunk_SHA256=digest)
    clinician.call("PUT", f"/uploads/{up['id']}?offset=0", piece, code="upload.hash", X_Chunk_SHA256="0" * 64)
    clinician.call("PUT", f"/uploads/{up['id']}?offset=0", data + b"x", code="upload.too-large", X_Chunk_SHA256=hashlib.sha256(data + b"x").hexdigest())
    clinician.call("PUT", f"/uploads/{up['id']}?offset=0", piece, X_Chunk_SHA256=digest)
    done = send_file(clinician, case, "CT_small.dcm", data, status=200)
    clinician.call("GET", f"/uploads/{up['id']}")
    clinician.call("GET", "/uploads/" + "0" * 32, code="upload.unknown")
    refused = send_file(clinician, case, "note.txt", b"this is no picture")
    checks.ok(done["state"] == "done" and refused["state"] == "refused" and refused["refusal"]["code"] == "upload.not-dicom", "one is taken, one refused", refused)
    pdf = send_file(clinician, case, "letter.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n")
    if checks.ok(pdf["state"] == "done", "a PDF is taken", pdf.get("refusal")):
        clinician.call("GET", f"/attachments/{pdf['attachment']['id']}/rendered", code="attachment.no-picture")
        clinician.call("DELETE", f"/attachments/{pdf['attachment']['id']}", status=204)
    clinician.call("GET", f"/consultations/{case}/attachments")
    return done["attachment"]["id"], data


def pictures(person, attachment, data):
    path = f"/attachments/{attachment}"
    person.call("GET", path + "/thumbnail")
    person.call("GET", path + "/rendered?frame=0&center=40&width=400&size=128")
    person.call("GET", path + "/rendered?width=400", code="field.invalid")
    person.call("GET", path + "/rendered?frame=9", code="attachment.no-frame")
    person.call("GET", "/attachments/" + "0" * 32 + "/content", code="attachment.unknown")
    checks.ok(person.call("GET", path + "/content") == data, "the content is the file as it came")
    checks.ok(person.call("GET", path + "/content", status=206, Range="bytes=128-131") == b"DICM", "and has ranges")


def asking(clinician, first, second, case, attachment, data):
    """submit, ring, return, resubmit, accept; the second accept is told who has it."""
    path = f"/consultations/{case}"
    clinician.call("POST", path + "/actions/submit", {})
    changed = [p.ws.receive("queue.changed") for p in (first, second)]
    rung = [p.ws.receive("offer.ring", where=lambda m: m["consultation"] == case, timeout=1) is not None for p in (first, second)]
    checks.ok(all(changed) and sum(rung) == 1, "it stands in both queues and rings at one", rung)
    checks.ok(clinician.ws.receive("consultation.changed", where=lambda m: m["state"] == "offered") is not None, "the requester is told")
    checks.ok(first.call("GET", "/consultations?list=queue")["consultations"][0]["id"] == case, "it stands in the queue")
    seen = first.call("GET", path)
    checks.ok(seen["my_role"] == "candidate" and "id_number" not in seen["patient"] and seen["patient"]["id_number_masked"], "a candidate sees the case, not the number", seen["my_role"])
    checks.ok(clinician.call("GET", path)["queue"]["position"] == 1, "the requester sees the place in the queue")
    first.call("GET", path + "/opinions", code="consultation.unknown")
    first.call("GET", path + "/audit", code="consultation.unknown")
    pictures(first, attachment, data)
    first.call("PATCH", path, {"urgency": "stat"}, code="session.role")
    first.call("POST", path + "/actions/submit", {}, code="consultation.too-late")
    second.call("POST", path + "/actions/return", {"reason_code": "material"}, code="field.required")
    part = second.call("POST", path + "/actions/return", {"reason_code": "material", "reason_text": "请补充心电图"})
    checks.ok(part["my_role"] == "none", "who returned it has no more to do with it", part["my_role"])
    gone = first.ws.receive("offer.gone", where=lambda m: m["consultation"] == case)
    checks.ok(gone is not None and gone["reason"] == "returned", "the other is told", gone)
    clinician.call("PATCH", path, {"request": {"tests": "ECG"}})
    clinician.call("POST", path + "/actions/submit", {})
    first.call("POST", path + "/actions/accept", {})
    taken = second.call("POST", path + "/actions/accept", {}, code="consultation.already-accepted")
    checks.ok(taken["by_en"] == "Demo Specialist One" and taken["state"] == "accepted", "the second accept is told who has it", taken.get("by_en"))
    first.call("POST", path + "/actions/accept", {})
    gone = second.ws.receive("offer.gone", where=lambda m: m["reason"] == "accepted")
    checks.ok(gone is not None and gone["by_en"] == "Demo Specialist One", "and by a notice", gone)
    checks.ok(first.call("GET", "/consultations?list=assigned")["consultations"][0]["id"] == case, "it stands in assigned")
    second.call("GET", path, code="consultation.unknown")


def declining(g, clinician, first, second):
    made = clinician.client.submitted()
    case = made["id"]
    path = f"/consultations/{case}"
    first.call("POST", path + "/actions/decline", {}, code="field.required")
    first.call("POST", path + "/actions/decline", {"reason_code": "No Words"}, code="field.invalid")
    first.call("POST", path + "/actions/decline", {"reason_code": "busy"})
    second.call("PUT", "/duty", {"on_duty": False})
    second.call("POST", path + "/actions/accept", {}, code="duty.off")
    second.call("PUT", "/duty", {"on_duty": True})
    second.call("POST", path + "/actions/accept", {})
    error_of(second.ws, {"type": "media.offer", "consultation": case, "sdp": "v=0", "seq": 1}, "room.not-joined", to="media.offer")
    second.call("POST", path + "/actions/start", {}, code="room.alone")
    second.call("POST", path + "/actions/fail", {"reason_code": "no-camera"})
    second.call("POST", path + "/actions/end", {}, code="consultation.over")
    other = clinician.client.submitted()["id"]
    error_of(clinician.ws, {"type": "room.join", "consultation": other}, "room.not-open", to="room.join")
    clinician.call("PUT", f"/consultations/{other}/consents/imaging", {"party": "patient", "given": False, "method": "spoken", "text_version": "1"})
    clinician.call("POST", f"/consultations/{other}/actions/withdraw", {"reason_code": "solved"})
    second.call("POST", f"/consultations/{other}/actions/accept", {}, code="consultation.no-longer-offered")
    private = clinician.client.draft()[1]["id"]
    clinician.client.consent(private)
    up = send_file(clinician, private, "MR_small.dcm", open(f"{PYDICOM}/MR_small.dcm", "rb").read())
    clinician.call("POST", f"/consultations/{private}/actions/submit", {})
    first.call("GET", f"/attachments/{up['attachment']['id']}/content", code="consent.imaging")
    clinician.call("POST", f"/consultations/{private}/actions/withdraw", {})


def on_stage(clinician, first, guest, case):
    path = f"/consultations/{case}"
    listed = clinician.call("GET", path + "/invitees?search=Radiology")["invitees"]
    account = guest.session["account"]["id"]
    checks.ok([i["account"] for i in listed] == [account], "invitees are searched by specialty", [i["name_en"] for i in listed])
    clinician.call("POST", path + "/actions/invite", {"account": "0" * 32}, code="guest.not-invitable")
    clinician.call("POST", path + "/actions/uninvite", {"account": account}, code="guest.unknown")
    invited = clinician.call("POST", path + "/actions/invite", {"account": account})
    checks.ok([x["seat"] for x in invited["guests"]] == [2], "a guest has seat 2", invited["guests"])
    checks.ok((guest.ws.receive("guest.ring") or {}).get("consultation") == case, "and is rung")
    seen = guest.call("GET", path)
    checks.ok(seen["my_role"] == "guest" and set(seen["actions"]) <= set(document.actions), "guest is the role", (seen["my_role"], seen["actions"]))
    checks.ok([c["id"] for c in guest.call("GET", "/consultations?list=invited")["consultations"]] == [case], "it stands in invited")
    guest.call("GET", path + "/audit", code="consultation.unknown")
    guest.ws.send({"type": "room.join", "consultation": case})
    checks.ok(guest.ws.receive("room.state", where=lambda m: len(m["parties"]) == 3) is not None, "three are in the room")
    checks.ok((first.ws.receive("media.renegotiate") or {}).get("slots") == 2, "the others are asked for a second receive slot")
    guest.call("POST", path + "/actions/uninvite", {})
    checks.ok((guest.ws.receive("room.closed") or {}).get("reason") == "uninvited", "a guest may leave for good")
    guest.call("GET", path, code="consultation.unknown")
    clinician.call("POST", path + "/actions/invite", {"account": account})
    clinician.call("POST", path + "/actions/uninvite", {"account": account})
    checks.ok((guest.ws.receive("guest.gone") or {}).get("reason") == "uninvited", "an invitation is taken back")


def observed(clinician, first, guest, case):
    path, account = f"/consultations/{case}", guest.session["account"]["id"]
    first.call("POST", path + "/actions/admit-observer", {"account": account}, code="consent.teaching")
    clinician.client.consent(case, "teaching")
    listed = first.call("GET", path + "/invitees?as=observer&search=" + urllib.parse.quote(guest.session["practitioner"]["name_en"]))["invitees"]
    checks.ok(account in [i["account"] for i in listed], "whom the consultant may admit", [i["name_en"] for i in listed])
    first.call("POST", path + "/actions/admit-observer", {"account": "0" * 32}, code="observer.not-admissible")
    first.call("POST", path + "/actions/dismiss-observer", {"account": account}, code="observer.unknown")
    admitted = first.call("POST", path + "/actions/admit-observer", {"account": account})
    checks.ok([x["seat"] for x in admitted["observers"]] == [6], "an observer has a place after the seats", admitted["observers"])
    checks.ok((guest.ws.receive("observer.admitted") or {}).get("consultation") == case, "and is told")
    checks.ok([c["my_role"] for c in guest.call("GET", "/consultations?list=observing")["consultations"]] == ["observer"], "it stands in observing")
    checks.ok(set(guest.call("GET", path)["patient"]) <= {"sex", "age"}, "and of the patient sees sex and age")
    guest.ws.send({"type": "room.join", "consultation": case})
    checks.ok((guest.ws.receive("room.state") or {}).get("observers") == 1, "one observes in the room")
    guest.ws.send({"type": "chat.say", "consultation": case, "text": "x"})
    checks.ok((guest.ws.receive("error") or {}).get("code") == "room.observer", "an observer says nothing")
    clinician.client.consent(case, "teaching", False)
    checks.ok((guest.ws.receive("observer.gone") or {}).get("reason") == "consent-withdrawn", "the withdrawal ends it")


def in_the_room(g, clinician, first, guest, case, attachment):
    a, b = clinician.ws, first.ws
    for ws, device in ((a, "tab-a"), (b, "tab-b")):
        ws.send({"type": "room.join", "consultation": case, "device": device})
    checks.ok(a.receive("room.state", where=lambda m: len(m["parties"]) == 2 and all(p["present"] for p in m["parties"])) is not None, "both are in the room")
    checks.ok(b.receive("room.state", where=lambda m: "chat" in m and m["seat"] == 1) is not None, "requester seat 0, consultant seat 1")
    a.receive("consultation.changed", where=lambda m: m["state"] == "in-session")
    first.call("POST", f"/consultations/{case}/actions/start", {}, code="consultation.too-late")
    for message, code, field in (({"type": "chat.say", "consultation": case}, "message.field", "text"), ({"type": "ping", "x": 1}, "message.field", "x"),
                                 ({"type": "room.join", "consultation": "0" * 32}, "consultation.unknown", None)):
        error_of(a, message, code, **({"field": field} if field else {}))
    a.send_frame(1, b'{"type":"fly"}')
    a.send_frame(1, b"[1]")
    checks.ok([(a.receive("error") or {}).get("code") for _ in "12"] == ["message.unknown", "message.malformed"], "an unknown type and no object are told apart")
    view = {"attachment": attachment, "frame": 0, "center": 40.5, "width": 400, "pointer": [0.25, 0.5]}
    a.send({"type": "view.show", "consultation": case, **view})
    shown = b.receive("view.shown")
    checks.ok(shown is not None and shown["view"] == view and shown["seat"] == 0, "the shared view", shown)
    b.send({"type": "chat.say", "consultation": case, "text": "看到了"})
    checks.ok(all((ws.receive("chat.said") or {}).get("text") == "看到了" for ws in (a, b)), "chat reaches all, the sender too")
    a = Socket(clinician.client)
    a.send({"type": "room.join", "consultation": case, "device": "tab-c"})
    joined = a.receive("room.state")
    checks.ok(joined is not None and joined["chat"][0]["text"] == "看到了" and joined["view"] == view, "a second tab gets chat and view", joined)
    checks.ok((clinician.ws.receive("room.closed") or {}).get("reason") == "taken-over", "the first is told")
    clinician.ws = a
    a.send({"type": "ping", "t": 77})
    checks.ok((a.receive("pong") or {}).get("t") == 77, "ping")
    a.send({"type": "quality.report", "consultation": case, "fps": 25, "freeze_ms": 0, "concealed": 0.01, "jitter_buffer_ms": 40})
    a.send({"type": "media.candidate", "consultation": case, "candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "mid": "0"})
    error_of(a, {"type": "media.offer", "consultation": case, "sdp": "v=1", "seq": 3}, "media.offer-refused", seq=3)
    a.send({"type": "media.offer", "consultation": case, "sdp": offer(), "seq": 4})
    answer = a.receive("media.answer", "error")
    checks.ok(answer is not None and answer.get("seq") == 4 and len(answer.get("slots", [])) == 6 and "a=ice-lite" in answer.get("sdp", ""), "an offer is answered, six slots", (answer or {}).get("en", ""))
    checks.ok(b.receive("quality", timeout=4) is not None, "quality comes by itself")
    first.call("PUT", f"/consultations/{case}/consents/recording", {"party": "consultant", "given": True, "method": "click", "text_version": "1"})
    checks.ok(a.receive("room.state", where=lambda m: m["recording"]) is not None, "with both consents the recording runs")
    running = first.call("GET", f"/consultations/{case}/recordings")["recordings"]
    checks.ok(len(running) == 1 and running[0]["state"] == "recording", "it is listed", len(running))
    first.call("GET", f"/recordings/{running[0]['id']}/content", code="recording.not-ready")
    on_stage(clinician, first, guest, case)
    observed(clinician, first, guest, case)
    operator = Person(g, g.people("operator")[0]).sign_in()
    overview = operator.call("GET", "/ops/overview")
    deadline = time.time() + 5
    while not overview["rooms"] and time.time() < deadline:
        time.sleep(0.5)
        overview = operator.call("GET", "/ops/overview")
    checks.ok(overview["rooms"] and overview["rooms"][0]["consultation"] == case, "the operator sees the room", overview["rooms"])
    clinician.call("GET", "/ops/overview", code="session.role")
    return overview["epoch"]


def restart(g, clinician, first, case, epoch):
    checks.ok(clinician.ws.welcome["epoch"] == epoch, "the epoch of welcome is the overview's", epoch)
    g.kill()
    g.start()
    for person in (clinician, first):
        person.client.connection = None
        person.socket()
    checks.ok(clinician.ws.welcome["epoch"] != epoch, "after a restart it is another")
    for person in (clinician, first):
        person.ws.send({"type": "room.join", "consultation": case})
    checks.ok(first.ws.receive("room.state", where=lambda m: sum(p["present"] for p in m["parties"]) == 2) is not None, "the same room, resumed")
    clinician.ws.send({"type": "room.leave", "consultation": case})
    checks.ok(first.ws.receive("room.state", where=lambda m: not m["parties"][0]["present"]) is not None, "hanging up is seen")
    checks.ok(first.ws.receive("consultation.changed", where=lambda m: m["state"] == "interrupted", timeout=5) is not None, "and interrupts after interrupted_after_s")


def reporting(clinician, first, second, case):
    path = f"/consultations/{case}"
    first.call("PUT", path + "/opinion", {"body": {"findings": "窦性心律"}})
    checks.ok(clinician.call("GET", path)["opinion"] is None, "a draft is the consultant's alone")
    ended = first.call("POST", path + "/actions/end", {})
    checks.ok(ended["state"] == "awaiting-opinion" and (first.ws.receive("room.closed") or {}).get("reason") == "ended", "the end closes the room", ended["state"])
    error_of(clinician.ws, {"type": "room.join", "consultation": case}, "room.closed", to="room.join")
    first.call("PUT", path + "/opinion", {"body": {"nonsense": "x"}}, code="field.invalid")
    first.call("PUT", path + "/opinion", {"body": {}})
    first.call("POST", path + "/actions/sign", {}, code="opinion.empty")
    members = {m: None if m == "urgency" else f"内容 {m} \"\\\n" for m, (kind, _) in document.objects["opinion_body"].items() if kind == "text or null"}
    first.call("PUT", path + "/opinion", {"body": {**members, "diagnoses": [{"code": "no code", "name_zh": "x", "certainty": "confirmed"}]}}, code="field.invalid")
    codes = first.call("GET", "/diagnosis-codes?search=I2&limit=3")
    first.call("GET", "/diagnosis-codes?limit=0", code="field.invalid")
    images = [{"attachment": a["id"], "frame": 0, "note": "此处"} for a in first.call("GET", path)["attachments"] if a["kind"] == "dicom"]
    members |= {"answers": [{"question": "是否需要转诊？", "answer": "需要"}], "critical": {"finding": "危急"}, "key_images": images,
                "diagnoses": [{"code": c["code"], "name_zh": c["name_zh"], "certainty": "probable"} for c in codes["codes"]] or [{"code": "I10", "name_zh": "高血压", "certainty": "probable"}]}
    first.call("PUT", path + "/opinion", {"body": members})
    first.call("POST", path + "/actions/sign", {})
    clinician.call("POST", path + "/actions/sign", {}, code="consultation.too-late")
    first.call("POST", path + "/actions/amend", {}, code="field.required")
    first.call("POST", path + "/actions/amend", {"reason_text": "补充"})
    first.call("PUT", path + "/opinion", {"body": {**members, "findings": "复核"}})
    clinician.call("POST", path + "/actions/acknowledge", {"adopted": "yes"}, code="consultation.not-yet")
    checks.ok(len(clinician.call("GET", path + "/opinions")["opinions"]) == 1 and len(first.call("GET", path + "/opinions")["opinions"]) == 2, "the amended draft too")
    clinician.call("POST", path + "/actions/end", {}, code="consultation.too-late")
    first.call("POST", path + "/actions/sign", {})
    first.call("POST", path + "/actions/acknowledge", {"adopted": "yes"}, code="consultation.not-yours")
    clinician.call("POST", path + "/actions/acknowledge", {}, code="field.invalid")
    clinician.call("POST", path + "/actions/acknowledge", {"decision": {"adopted": "partly"}}, code="field.invalid")
    clinician.call("POST", path + "/actions/acknowledge", {"decision": {"adopted": "partly", "text": "先观察", "told_patient": True}})
    clinician.call("POST", path + "/actions/close", {})
    history = clinician.call("GET", "/consultations?list=history&limit=10")
    checks.ok(case in [c["id"] for c in history["consultations"]] and not history["more"], "it stands in history", len(history["consultations"]))
    second.call("GET", path + "/audit", code="consultation.unknown")


def proofs(g, clinician, first, case):
    path = f"/consultations/{case}"
    opinions = clinician.call("GET", path + "/opinions")["opinions"]
    for o in opinions:
        octets = o["canonical"].encode()
        good = ed25519_holds(o["public_key"], o["signature"], octets)
        signer = json.loads(o["canonical"])["consultant"]["public_key"]
        checks.ok(ed25519_holds(signer, o["signer_signature"], octets) and signer != o["public_key"], "and so does that of the person")
        checks.ok(good and not ed25519_holds(o["public_key"], o["signature"], octets + b" "), f"signature of version {o['version']} holds over canonical, and over nothing else")
        record = json.loads(octets)
        checks.ok(audit_canonical(record) == o["canonical"] and hashlib.sha256(octets).hexdigest() == o["sha256"], "canonical is canonical, sha256 is its hash")
        identity = {"salt": o["identity_salt"], "consultation": case, "id_type": PATIENT["id_type"], "id_number": PATIENT["id_number"], "name": PATIENT["name"], "birth_date": PATIENT["birth_date"]}
        checks.ok(record["patient"]["identity_sha256"] == hashlib.sha256(audit_canonical(identity).encode()).hexdigest(), "identity_sha256 as described")
        checks.ok(record["opinion"]["body"] == o["body"] and o["verified"] is True and set(record) == {"format", "consultation", "partnership", "requester", "consultant", "patient", "request",
                  "opinion", "attachments", "recordings", "signed_ms"}, "the signed record has the members of the document", sorted(record))
    audit = clinician.call("GET", path + "/audit")
    rows = audit["audit"]
    bad = [r["seq"] for r in rows if audit_hash(r, case) != r["hash"]]
    checks.ok(not bad, f"{len(rows)} hashes computed from the document's words", bad)
    pairs = [(x, y) for x, y in zip(rows, rows[1:]) if y["seq"] == x["seq"] + 1]
    checks.ok(pairs and all(y["previous_hash"] == x["hash"] for x, y in pairs), f"{len(pairs)} adjacent rows are linked")
    chain = audit["chain"]
    checks.ok(chain["holds"] and chain["count"] == rows[-1]["seq"] - rows[0]["seq"] + 1 and chain["first_bad_seq"] == 0 and chain["why"] == "", "the chain holds", chain)
    signed = [r["detail"]["sha256"] for r in rows if r["action"] == "consultation.sign"]
    checks.ok(signed == [o["sha256"] for o in opinions], "the audit rows of sign name the same hashes")
    text = open(os.path.join(os.path.dirname(__file__), "../../proto/signal/README.md"), encoding="utf-8").read()
    events = re.search(r"`consultation\.EVENT` for ([a-z, -]+);", text).group(1).split(", ")
    unknown = {r["action"] for r in rows if f"`{r['action']}`" not in text and r["action"] not in [f"consultation.{e}" for e in events]}
    checks.ok(not unknown, "every action of the trail is in the document", unknown)
    recordings = first.call("GET", path + "/recordings")["recordings"]
    checks.ok(recordings and all(r["state"] != "recording" for r in recordings), "recordings are over", [r["state"] for r in recordings])
    first.call("GET", "/recordings/" + "0" * 32 + "/content", code="recording.unknown")


def referring(g, clinician, other, case, attachment):
    """Up from the consultation, accepted with a place, arrived, answered; down again; and what is refused on the way."""
    receiver, town = (Person(g, g.people("referrals")[i]).sign_in() for i in (0, 2))
    receiver.socket()
    targets = clinician.call("GET", "/referral-targets?direction=up&urgency=urgent")
    city = [t["organisation"]["id"] for t in targets["targets"] if t["organisation"]["id"] == receiver.session["organisation"]["id"]]
    checks.ok(targets["allowed"] and targets["code"] == "rule.allowed" and len(city) == 1, "the rules name the city hospital", targets["code"])
    clinician.call("GET", "/referral-targets?direction=sideways", code="field.invalid")
    clinician.call("POST", "/referrals", {"nonsense": 1}, code="field.invalid")
    clinician.call("POST", "/places", {}, code="session.role")
    now = int(time.time() * 1000)
    bed = {"department": "cardiology", "code": "文档 1 床", "kind": "bed", "from_ms": now - 1000, "until_ms": now + 9 * 86400000}
    receiver.call("POST", "/places", {**bed, "kind": "sofa"}, code="field.invalid")
    place = receiver.call("POST", "/places", bed, status=201)["id"]
    receiver.call("POST", "/places", bed, code="place.exists")
    spare = receiver.call("POST", "/places", {**bed, "code": "文档 2 床", "reserved": False}, status=201)["id"]
    checks.ok(any(d["code"] == "cardiology" for d in receiver.call("GET", "/departments")["departments"]), "the own departments")
    offered = [p["id"] for p in clinician.call("GET", f"/places?organisation={city[0]}&department=cardiology")["places"]]
    checks.ok(place in offered and spare not in offered, "a sender sees the reserved places alone", len(offered))
    made = clinician.call("POST", "/referrals", {"consultation": case, "direction": "up", "urgency": "urgent"}, status=201)
    path = f"/referrals/{made['id']}"
    checks.ok(attachment in [d.get("attachment") for d in made["done"]] and made["diagnosis"], "files and diagnosis come along", made["done"])
    clinician.call("POST", path + "/actions/send", {}, code="field.required")
    content = {"to_organisation": city[0], "department": "cardiology", "place": place, "reason_code": "severe", "diagnosis_codes": ["I21.9"], "wishes": "希望尽快手术",
               "treatment": "x", "done": [{"kind": "image", "name": "胸部 CT", "date": "2026-09-01", "result": "未见异常", "attachment": attachment}]}
    clinician.call("PATCH", path, content, If_Match=f'"{made["version"]}"')
    clinician.call("PATCH", path, {"summary": "y"}, code="referral.stale", If_Match=f'"{made["version"]}"')
    clinician.call("POST", path + "/actions/send", {}, code="consent.referral")
    clinician.call("PATCH", path, {"consent": {"referral": True, "sharing": True, "relation": "guardian", "method": "written", "name": "示范监护人", "text_version": "2026-1"}})
    clinician.call("POST", path + "/actions/accept", {}, code="referral.not-yet")
    receiver.call("GET", path, code="referral.unknown")
    clinician.call("POST", path + "/actions/send", {})
    told = receiver.ws.receive("referral.changed", where=lambda m: m["referral"] == made["id"])
    checks.ok(told is not None and told["state"] == "sent", "the receiving department is told", told)
    rival = clinician.call("POST", "/referrals", {**content, "consultation": case, "consent": {"referral": True, "sharing": True, "relation": "self", "method": "spoken"}}, status=201)
    clinician.call("POST", f"/referrals/{rival['id']}/actions/send", {}, code="place.taken")
    other.call("GET", path, code="referral.unknown")
    seen = receiver.call("GET", path)
    checks.ok(seen["my_role"] == "receiver" and seen["patient"]["id_number"] and seen["overdue"] is False, "the receiver sees the patient", seen["my_role"])
    checks.ok(receiver.call("GET", f"/attachments/{attachment}/content")[128:132] == b"DICM", "and the images")
    checks.ok([r["id"] for r in receiver.call("GET", "/referrals?list=received")["referrals"]] == [made["id"]], "it stands in received")
    receiver.call("GET", "/referrals?list=all", code="field.invalid")
    receiver.call("DELETE", f"/places/{place}", code="place.in-use")
    receiver.call("DELETE", f"/places/{spare}", status=204)
    receiver.call("DELETE", f"/places/{spare}", code="place.unknown")
    receiver.call("POST", path + "/actions/fly", {}, code="referral.unknown-action")
    receiver.call("POST", path + "/actions/refuse", {}, code="field.required")
    clinician.call("POST", path + "/actions/accept", {}, code="referral.not-yours")
    receiver.call("POST", path + "/actions/accept", {"at_ms": now + 3600000})
    receiver.call("POST", path + "/actions/forward", {"department": "neurology"}, code="referral.too-late")
    receiver.call("POST", path + "/actions/arrive", {})
    receiver.call("POST", path + "/actions/return-message", {"outcome": "improved", "diagnosis": "PCI 术后", "advice": "门诊随访", "treatment": "PCI", "medication": "双抗", "follow_up": "一月后复诊"})
    down = receiver.call("POST", "/referrals", {"based_on": made["id"], "reason_code": "rehabilitation", "department": "general-practice",
                                                "consent": {"referral": True, "sharing": True, "relation": "self", "method": "click"}}, status=201)
    receiver.call("POST", f"/referrals/{down['id']}/actions/send", {})
    seen = receiver.call("GET", path)
    checks.ok([(a["id"], a["direction"]) for a in seen["answers"]] == [(down["id"], "down")], "the way back is linked", seen["answers"])
    checks.ok(clinician.call("GET", f"/referrals/{down['id']}")["my_role"] == "involved", "who sent the patient up sees the way back")
    town.call("POST", f"/referrals/{down['id']}/actions/refuse", {"reason_code": "no-place", "reason_text": "康复床位已满"})
    clinician.call("POST", path + "/actions/acknowledge-return", {})
    clinician.call("POST", path + "/actions/withdraw", {}, code="referral.over")
    checks.ok(len(clinician.call("GET", "/referrals?list=sent")["referrals"]) >= 2, "the worklist of the sender")
    way = clinician.call("GET", f"/consultations/{case}/way")
    checks.ok({i["kind"] for i in way["items"]} == {"consultation", "referral"} and [e["at_ms"] for e in way["events"]] == sorted(e["at_ms"] for e in way["events"]), "one way, by time", len(way["events"]))
    checks.ok({e["kind"] for e in receiver.call("GET", path + "/way")["events"]} == {"referral"}, "of which the receiver sees the own part")


def printed(g, clinician, other, case):
    """The printed report, and checking it without an account."""
    path = f"/consultations/{case}/opinions"
    pdf = clinician.call("GET", path + "/1/document")
    newest = clinician.call("GET", path + "/2/document")
    checks.ok(pdf[:5] == b"%PDF-" and newest != pdf, "each version has a file of its own", (len(pdf), len(newest)))
    clinician.call("GET", path + "/3/document", code="opinion.unknown")
    other.call("GET", path + "/1/document", code="consultation.unknown")
    anybody = Person(g, None)
    answer = anybody.call("POST", "/verify/document", pdf)
    checks.ok(answer["valid"] and answer["superseded_by"] == 2 and answer["patient"] == "示**", "the first version holds, and is superseded", answer)
    changed = pdf.replace("内容 treatment".encode(), "内容 Treatment".encode())
    answer = anybody.call("POST", "/verify/document", changed)
    checks.ok(not answer["valid"] and "/opinion/body/treatment" in [f.get("pointer") for f in answer["findings"]], "a changed member is named", answer)
    answer = anybody.call("POST", "/verify", {"code": anybody.call("POST", "/verify/document", newest)["code"].lower().replace("-", " ")})
    checks.ok(answer["valid"] and answer["version"] == 2 and answer["superseded_by"] is None, "the code leads to the report", answer)
    anybody.call("POST", "/verify", {"code": "00000-00000-00000-00000"}, code="verify.unknown")
    anybody.call("POST", "/verify", {"code": "x"}, code="field.invalid")
    anybody.call("POST", "/verify/document", b"", code="request.body")
    while (status := anybody.client.post("/api/v1/verify", {"code": "0" * 20})[0]) == 404:
        pass
    checks.ok(status == 429, "many tries are throttled", status)
    anybody.call("POST", "/verify", {"code": "0" * 20}, code="request.throttled")


def connections(g, clinician, first):
    def fresh(hello=True):
        return Socket(first.client, hello)
    error_of(fresh(False), {"type": "ping"}, "session.hello-first", to="ping")
    for what, code, reason, work in (("csrf", "1008", "csrf", lambda w: w.send({"type": "hello", "client": "x", "csrf": "wrong"})),
                                     ("binary", "1002, 1003, 1007, 1009", "text only", lambda w: w.send_frame(2, b"x")),
                                     ("over 96 KiB", "1002, 1003, 1007, 1009", None, lambda w: w.send_frame(1, b"x" * 98305)),
                                     ("a flood", "1008", "flood", lambda w: [w.send({"type": "ping"}) for _ in range(60)])):
        ws = fresh(what != "csrf")
        try:
            work(ws)
        except OSError:
            pass
        while ws.closed is None and ws.receive(timeout=5) is not None:
            pass
        closed = ws.closed if isinstance(ws.closed, tuple) else (0, str(ws.closed))
        checks.ok(str(closed[0]) in code and code in document.close_codes and (reason is None or closed[1] == reason and reason in document.close_codes[code]), f"{what} closes as documented", closed)
    for what, protocol, origin, code in (("another origin", "consult.v1", "https://evil.example", "websocket.origin"), ("another subprotocol", "x", None, "websocket.subprotocol")):
        with tls_context().wrap_socket(socket.create_connection(("127.0.0.1", g.port))) as s:
            s.sendall((f"GET /ws HTTP/1.1\r\nHost: localhost:{g.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                       f"Sec-WebSocket-Protocol: {protocol}\r\nOrigin: {origin or f'https://localhost:{g.port}'}\r\nCookie: __Host-session={first.client.cookie}\r\n\r\n").encode())
            answer = s.recv(8192)
        checks.ok(int(answer.split()[1]) == int(document.codes[code]) and code.encode() in answer, f"{what} is refused before the upgrade: {code}", answer.split(b"\r\n")[0])
    status, text = first.client.get("/ws")
    checks.ok(status == 426 and not document.problem(status, text), "/ws without a handshake", status)
    for path, name in (("/healthz", "alive"), ("/readyz", "ready")):
        status, body = clinician.client.get(path)
        checks.ok(status == 200 and not document.object(name, body), path, body)
    ws = first.ws
    first.call("DELETE", "/session", status=204)
    checks.ok((ws.receive("session.ended") or {}).get("reason") == "signed-out", "signing out is told")
    while ws.closed is None and ws.receive(timeout=5) is not None:
        pass
    checks.ok(ws.closed == (1008, "session ended"), "and closes the connection", ws.closed)
    g.process.terminate()
    while clinician.ws.closed is None and clinician.ws.receive(timeout=8) is not None:
        pass
    checks.ok(clinician.ws.closed == (1001, "restart"), "a stopping gateway says 1001", clinician.ws.closed)


def coverage():
    checks.ok(not Socket.faults, "every message that came fits signal.def", Socket.faults[:5])
    checks.ok(not (missing := set(document.calls) - document.met_calls - NEED_MEDIA), f"{len(document.met_calls)} of {len(document.calls)} calls were answered well", sorted(missing))
    checks.ok(not (missing := set(document.messages) - document.met_messages - NOT_MET_HERE), f"{len(document.met_messages)} of {len(document.messages)} messages were seen", sorted(missing))
    missing = {f"{o}.{m}" for o, t in document.objects.items() for m in t if (o, m) not in document.met_members and o not in FILLED_BY_MEDIA}
    checks.ok(not missing, "every member of the document was seen", sorted(missing))
    print(f"     {len(document.met_codes)} of {len(document.codes)} codes were met", flush=True)


def managing(g):
    """A manager of a partnership, by the document's words."""
    manager = Person(g, g.people("manager")[0]).sign_in()
    found = manager.call("GET", "/organisations?search=demo")["organisations"]
    led = next(p["id"] for p in manager.call("GET", "/partnerships")["partnerships"] if p["lead"]["id"] == manager.session["organisation"]["id"])
    path = f"/partnerships/{led}"
    whole = manager.call("GET", path)
    member = next(m for m in whole["members"] if m["role"] == "member")
    manager.call("PATCH", path, {}, code="request.precondition-required")
    manager.call("PATCH", path, {}, code="partnership.stale", If_Match='"0"')
    manager.call("PATCH", path, {"money": "free"}, code="field.invalid", If_Match="*")
    whole = manager.call("PATCH", path, {"money": "per-service"}, If_Match=f'"{whole["version"]}"')
    whole = manager.call("PUT", f"{path}/members/{member['id']}", {"role": "member", "since": member["since"]}, If_Match=f'"{whole["version"]}"')
    manager.call("PUT", f"{path}/members/{'0' * 32}", {}, code="organisation.unknown", If_Match="*")
    clauses = [{"number": "1.1", "member": whole["members"][0]["code"], "act": "consult", "kinds": ["live", "read"], "text_zh": "条款", "text_en": "clause"}]
    agreement = {"signed_on": "2026-01-01", "valid_from": "2026-01-01", "valid_until": "2036-01-01", "services": ["live", "read"], "terms": {"session_minutes": 40}, "clauses": clauses}
    whole = manager.call("POST", path + "/agreements", agreement, status=201, If_Match=f'"{whole["version"]}"')
    checks.ok(whole["agreements"][0]["clauses"] == clauses and whole["agreements"][0]["in_force"] and whole["overridden"] == ["money"], "the agreement is as it was sent", whole["agreements"][0]["version"])
    answer = manager.call("GET", f"{path}/what-if?requester={member['id']}&specialty=cardiology&kind=live&urgency=routine&act=consult")
    checks.ok(answer["allowed"] and answer["rows"][0]["route"]["clause"]["number"] == "1.1", "what-if names the clause", answer["zh"])
    activity = manager.call("GET", f"{path}/activity")
    checks.ok(activity["partnership"]["id"] == led and activity["money"] == whole["money"] and len(activity["money_changes"]) == 1, "the statement of activity, with the money's switch", activity["total"])
    other = next(p["id"] for p in manager.call("GET", "/partnerships")["partnerships"] if p["id"] != led)
    manager.call("GET", f"/partnerships/{other}", code="partnership.not-lead")
    manager.call("GET", "/partnerships/" + "0" * 32, code="partnership.unknown")
    checks.ok({m["code"] for m in whole["members"]} <= {o["code"] for o in found}, "members are among the organisations", len(found))


def main():
    g = Gateway("--login_failures_max", "3", "--interrupted_after_s", "2")
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=g.data, encoding="utf-8") as file:
        json.dump(STAFF, file)
        file.flush()
        g.run("import", os.path.join(g.build, "consultctl"), "import", file.name, "--data", g.data)
    g.run("codes", os.path.join(g.build, "consultctl"), "import-codes", os.path.join(os.path.dirname(__file__), "../../deploy/demo/demonstration-codes.csv"), "--data", g.data)
    workflow.agree(g)
    g.start()
    try:
        clinician, other, expired = (Person(g, p) for p in (g.people("clinician")[0], g.people("clinician")[1], g.people("clinician")[4]))
        first, second = (Person(g, p) for p in g.people("specialist", "cardiology") if p["organisation"] == "DEMO-CITY-1")
        session_and_people(g, clinician, first, expired)
        second.sign_in()
        other.sign_in()
        Person(g, g.people("coordinator")[0]).sign_in().call("GET", "/consultations?list=mine")
        for person in (first, second):
            person.call("PUT", "/duty", {"on_duty": True})
        guest = Person(g, g.people("specialist", "radiology")[0]).sign_in()
        for person in (clinician, first, second, guest):
            person.socket()
        coordinator, colleague = (Person(g, p).sign_in() for p in STAFF["practitioners"])
        colleague.socket()
        duty_and_roster(clinician, first, coordinator, colleague)
        case = drafting(clinician, other)
        attachment, data = attachments(clinician, case)
        asking(clinician, first, second, case, attachment, data)
        declining(g, clinician, first, second)
        epoch = in_the_room(g, clinician, first, guest, case, attachment)
        restart(g, clinician, first, case, epoch)
        reporting(clinician, first, second, case)
        workflow.whole(checks, g, Person, first, second, lambda person, case: send_file(person, case, "CT_small.dcm", data))
        proofs(g, clinician, first, case)
        referring(g, clinician, other, case, attachment)
        printed(g, clinician, other, case)
        managing(g)
        connections(g, clinician, first)
        coverage()
    finally:
        _, log = g.stop()
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2000:] if "Sanitizer" in log else "")
    checks.ok("示范患者" not in log, "no patient in the log")
    checks.end()


main()
