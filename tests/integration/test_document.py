#!/usr/bin/python3
"""A client of both roles that knows only proto/signal/README.md and signal.def (lib/document.py): every call, every message, every
action. An answer with a member that is not in the document, or without one that is, fails; so does a code that is not listed. The
signatures and the hash chain are computed (lib/proofs.py) from the document's words."""
import hashlib
import json
import os
import socket
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, Gateway, tls_context  # noqa: E402
from managing import LEADER, managing, statement  # noqa: E402
from person import Person, Socket, checks, document, error_of, offer  # noqa: E402
from proofs import printed, proofs  # noqa: E402
import workflow  # noqa: E402

# What needs packets of a browser: tests/e2e holds consultations with those, and plays the recording.
NOT_MET_HERE = {"media.slots", "media.reset"}
NEED_MEDIA = {("GET", "/recordings/{id}/content"), ("GET", "/recordings/{id}/poster")}
FILLED_BY_MEDIA = {"gap", "track", "room_seat", "leg", "quality_seat"}


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
    earlier = clinician.call("GET", path + "/earlier")
    checks.ok(earlier["earlier"] == [] and set(earlier["basis"]) == {"continuous", "code", "zh", "en", "partnership"}, "nothing earlier of this patient, and what the rules say about it", earlier["basis"]["zh"])
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


def main():
    g = Gateway("--login_failures_max", "3", "--interrupted_after_s", "2")
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=g.data, encoding="utf-8") as file:
        json.dump({**STAFF, "practitioners": STAFF["practitioners"] + [LEADER]}, file)
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

        def picture(person, case):
            return send_file(person, case, "CT_small.dcm", data)
        workflow.whole(checks, g, Person, first, second, picture)
        workflow.had_before(checks, clinician, second, case, PATIENT)
        proofs(clinician, first, case, PATIENT)
        referring(g, clinician, other, case, attachment)
        printed(g, clinician, other, case)
        statement(g, clinician, first)
        managing(g)
        workflow.left_behind(checks, g, Person, first, second, picture)
        connections(g, clinician, first)
        coverage()
    finally:
        _, log = g.stop()
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2000:] if "Sanitizer" in log else "")
    checks.ok("示范患者" not in log, "no patient in the log")
    checks.end()


main()
