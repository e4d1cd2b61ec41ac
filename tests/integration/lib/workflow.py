"""The parts of the workflow that test_document.py does not pass on its way: one click for stat, several opinions, a second reader with a
critical value, follow-up, archive and review, what the patient had before, a place left by a closed account; by the calls of the document
alone."""
import json
import os
import sqlite3
import time
from urllib.parse import quote

PATIENT = {"name": "示范患者（演示）", "sex": "female", "birth_date": "1961-02-03"}


def agree(gateway):
    """What the demonstration's city group asks for from now on: a second reader of reads, and an archive after a second."""
    terms = {"second_reader": ["read"], "review_percent": 100, "timers": {"archive-due": {"routine": 1, "urgent": 1, "stat": 1}}}
    with sqlite3.connect(f"{gateway.data}/consult.db") as db:
        db.execute("UPDATE agreement SET terms = ? WHERE partnership_id = (SELECT id FROM partnership WHERE code = 'DEMO-URBAN')", (json.dumps(terms),))


def person(gateway, people, login):
    return people(gateway, next(p for p in gateway.demo["practitioners"] if p.get("account", {}).get("login") == login)).sign_in()


def submitted(asker, kind, specialty="cardiology", **request):
    made = asker.call("POST", "/consultations", {"specialty": specialty, "kind": kind, "patient": PATIENT, "request": {"complaint": "胸痛", "question": "诊断？", **request}}, status=201)
    path = f"/consultations/{made['id']}"
    for scope in ("consultation", "imaging"):
        asker.call("PUT", f"{path}/consents/{scope}", {"party": "patient", "given": True, "relation": "self", "method": "written", "text_version": "1"})
    return made["id"], path


def one_click(checks, gateway, people, clinician, first, second):
    coordinator = person(gateway, people, "demo.coordinator1")
    coordinator.socket()
    for doctor in (first, second):
        doctor.call("PUT", "/duty", {"on_duty": False})
    case = clinician.call("POST", "/stat", {"specialty": "cardiology", "patient": {"sex": "male", "age": "61"}, "request": {"complaint": "胸痛"}}, status=201)
    path = f"/consultations/{case['id']}"
    alarm = coordinator.ws.receive("case.alarm")
    checks.ok(case["ring"]["stage"] == "coordinator" and alarm is not None and alarm["consultation"] == case["id"], "stat and nobody on duty: a coordinator is told at once", case["ring"])
    checks.ok(coordinator.call("GET", "/consultations?list=unanswered")["consultations"][0]["id"] == case["id"], "and it stands in the list of the unanswered")
    first.call("PUT", "/duty", {"on_duty": True})
    first.call("POST", path + "/actions/accept", {})
    clinician.call("PATCH", path, {"patient": {"name": "示范患者（演示）"}})
    first.call("POST", path + "/actions/schedule", {"from_ms": 1}, code="field.invalid")
    from_ms = int(time.time() * 1000) + 3_600_000
    held = first.call("POST", path + "/actions/schedule", {"from_ms": from_ms})
    checks.ok(held["state"] == "scheduled" and held["scheduled_until_ms"] > from_ms, "an appointment", held["scheduled_until_ms"])
    clinician.call("POST", path + "/actions/cancel", {"reason_code": "patient"})
    clinician.call("POST", path + "/actions/reopen", {})
    second.call("PUT", "/duty", {"on_duty": True})
    first.call("POST", path + "/actions/hand-over", {"reason_code": "operation"})
    clinician.call("POST", path + "/actions/withdraw", {"reason_code": "solved"})


def several_opinions(checks, asker, first, second):
    case, path = submitted(asker, "mdt")
    asker.call("POST", path + "/actions/submit", {})
    first.call("POST", path + "/actions/accept", {})
    first.call("POST", path + "/actions/enlist", {"account": asker.session["account"]["id"]}, code="member.not-possible")
    found = first.call("GET", path + "/people?for=enlist")["invitees"]
    checks.ok(second.session["account"]["id"] in [i["account"] for i in found], "whom to ask for an opinion: the colleague is among them", len(found))
    first.call("POST", path + "/actions/enlist", {"account": second.session["account"]["id"]})
    checks.ok(second.ws.receive("case.reminder") is not None, "the member is told")
    for ws in (asker.ws, first.ws):
        ws.send({"type": "room.join", "consultation": case})
    asker.ws.receive("consultation.changed", where=lambda m: m["state"] == "in-session")
    first.call("POST", path + "/actions/end", {})
    first.call("PUT", path + "/opinion", {"body": {"diagnosis": "冠心病"}})
    first.call("POST", path + "/actions/sign", {}, code="member.outstanding")
    second.call("POST", path + "/actions/contribute", {"opinion": "不除外心包炎", "view": "disagree"})
    first.call("POST", path + "/actions/sign", {}, code="opinion.disagreement")
    first.call("PUT", path + "/opinion", {"body": {"diagnosis": "冠心病", "disagreement": "成员认为不除外心包炎"}})
    signed = first.call("POST", path + "/actions/sign", {})
    checks.ok(signed["members"][0]["view"] == "disagree", "each one's view stays", signed["members"])
    asker.call("POST", path + "/actions/acknowledge", {"adopted": "yes", "told_patient": True})
    asker.call("POST", path + "/actions/follow-up", {"text": "复查心电图", "due_ms": int(time.time() * 1000) + 86_400_000})
    asker.call("GET", path + "/archive", code="archive.not-yet")
    asker.call("POST", path + "/actions/close", {})
    return path


def second_reader(checks, asker, first, second, picture):
    case, path = submitted(asker, "read", modality="imaging")
    asker.call("POST", path + "/actions/submit", {}, code="field.required")
    picture(asker, case)
    asker.call("POST", path + "/actions/submit", {})
    first.call("POST", path + "/actions/accept", {})
    first.call("PUT", path + "/opinion", {"body": {"diagnosis": "前壁心梗"}})
    first.call("POST", path + "/actions/sign", {}, code="opinion.second-reader")
    first.call("POST", path + "/actions/preliminary", {})
    asker.call("POST", path + "/actions/acknowledge-critical", {}, code="critical.none")
    checks.ok(second.call("GET", "/consultations?list=verify")["consultations"][0]["id"] == case, "it waits for the second reader")
    first.call("POST", path + "/actions/sign", {}, code="opinion.not-second-reader")
    signed = second.call("POST", path + "/actions/sign", {})
    checks.ok(signed["verifier"]["account"] == second.session["account"]["id"], "the second reader has signed", signed["verifier"])


def whole(checks, gateway, people, first, second, picture):
    clinician, asker = person(gateway, people, "demo.clinician1"), person(gateway, people, "demo.clinician4")
    for one in (clinician, asker, first, second):
        one.socket()
    one_click(checks, gateway, people, clinician, first, second)
    path = several_opinions(checks, asker, first, second)
    second_reader(checks, asker, first, second, picture)
    end = time.time() + 20
    while time.time() < end and asker.call("GET", path)["state"] != "archived":
        time.sleep(0.3)
    archive = asker.call("GET", path + "/archive")
    checks.ok(archive == first.call("GET", path + "/archive"), "both institutions read the same archive", archive["sha256"])
    reviewer = person(gateway, people, "demo.reviewer1")
    checks.ok(path.endswith(reviewer.call("GET", "/consultations?list=review")["consultations"][0]["id"]), "it is in the sample")
    reviewer.call("POST", path + "/actions/review", {"result": "good"})


def had_before(checks, clinician, second, case, patient):
    """The same patient again, taken by one who had nothing to do with the earlier one, but whose institution had."""
    made = clinician.call("POST", "/consultations", {"specialty": "cardiology", "patient": patient, "request": {"complaint": "胸闷", "question": "复诊？"}}, status=201)
    path, before = f"/consultations/{made['id']}", f"/consultations/{case}"
    for scope in ("consultation", "imaging"):
        clinician.call("PUT", f"{path}/consents/{scope}", {"party": "patient", "given": True, "relation": "self", "method": "written", "text_version": "1"})
    clinician.call("GET", path + "/earlier", code="consultation.not-yet")
    clinician.call("POST", path + "/actions/submit", {})
    own = clinician.call("GET", path + "/earlier")
    checks.ok([(e["id"], e["by"], e["whole"]) for e in own["earlier"]] == [(case, "institution", True)] and own["identified"], "the patient's earlier one, whole for who asked then", own["earlier"])
    second.call("GET", path + "/earlier", code="consultation.unknown")
    second.call("GET", before + "/opinions", code="consultation.unknown")
    second.call("POST", path + "/actions/accept", {})
    found = second.call("GET", path + "/earlier")["earlier"]
    checks.ok([(e["id"], e["by"], e["whole"]) for e in found] == [(case, "institution", False)], "who has taken it sees the earlier one in part", found)
    opinions = second.call("GET", before + "/opinions")["opinions"]
    checks.ok(opinions[-1]["version"] == found[0]["opinion_version"] and opinions[-1]["body"]["diagnosis"] == found[0]["diagnosis"], "reads its opinions", len(opinions))
    files = second.call("GET", before + "/attachments")["attachments"]
    checks.ok(files and [f["id"] for f in files] == [f["id"] for f in found[0]["attachments"]] and found[0]["files_shared"], "and the list of its files", len(files))
    second.call("GET", before, code="consultation.unknown")
    clinician.call("POST", path + "/actions/withdraw", {"reason_code": "solved"})
    clinician.call("GET", path + "/earlier", code="consultation.over")
    second.call("GET", before + "/opinions", code="consultation.unknown")


def left_behind(checks, gateway, people, first, second, picture):
    """The consultant's account is closed before the opinion is signed: the coordinator names a colleague, who signs an own one."""
    asker, coordinator = (person(gateway, people, f"demo.{login}") for login in ("clinician4", "coordinator1"))
    case, path = submitted(asker, "read", modality="imaging")
    picture(asker, case)
    asker.call("POST", path + "/actions/submit", {})
    second.call("POST", path + "/actions/accept", {})
    second.call("PUT", path + "/opinion", {"body": {"diagnosis": "待查"}})
    seen = coordinator.call("GET", path)
    checks.ok(seen["unattended"] is None and coordinator.call("GET", "/consultations?list=unattended")["consultations"] == [], "while the account is open nothing is unattended", seen["unattended"])
    gateway.run("disable", os.path.join(gateway.build, "consultctl"), "user", "disable", second.demo["account"]["login"], "--data", gateway.data)
    listed = coordinator.call("GET", "/consultations?list=unattended")["consultations"]
    checks.ok([(c["id"], c["unattended"]) for c in listed] == [(case, "consultant")] and "take-over" in listed[0]["actions"], "its consultant cannot act any more: the coordinator is shown it", listed)
    checks.ok(coordinator.call("GET", path)["unattended"] == "consultant", "on its page too")
    coordinator.call("GET", path + "/people?for=enlist", code="consultation.not-possible")
    colleague = first.session["account"]["id"]
    found = [p["account"] for p in coordinator.call("GET", path + "/people?for=take-over&search=" + quote(first.session["practitioner"]["name_en"]))["invitees"]]
    everybody = [p["account"] for p in coordinator.call("GET", path + "/people?for=take-over")["invitees"]]
    checks.ok(found == [colleague] and colleague in everybody and second.session["account"]["id"] not in everybody, "whom to name, without the one whose account is closed", everybody)
    coordinator.call("POST", path + "/actions/take-over", {"reason_code": "account-closed", "account": second.session["account"]["id"]}, code="take-over.not-possible")
    coordinator.call("POST", path + "/actions/take-over", {"reason_code": "account-closed", "account": colleague})
    told = first.ws.receive("case.reminder", where=lambda m: m["consultation"] == case)
    checks.ok(told is not None and told["what"] == "put-in-charge", "the colleague is told", told)
    checks.ok(coordinator.call("GET", path)["unattended"] is None, "and it is attended again")
    first.call("POST", path + "/actions/sign", {}, code="opinion.not-own")
    first.call("PUT", path + "/opinion", {"body": {"diagnosis": "前壁心梗"}})
