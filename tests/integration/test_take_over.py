#!/usr/bin/python3
"""An account is closed while its owner has to act: the coordinator sees it, two of them name a colleague at once, the gateway is killed
(kill -9) in between, and the colleague brings the case to its end. The consultant's place with a draft and a second reader, then the
requester's after the decision; the printed report names who wrote and who decided."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, Checks, Gateway, WebSocket, in_threads  # noqa: E402

API = "/api/v1"
checks = Checks()
NEW = [("colleague", "DEMO-TOWN-1", "示范全科医师八", "clinician", None), ("town", "DEMO-TOWN-1", "示范镇院协调员", "coordinator", None),
       ("second", "DEMO-CITY-1", "示范心内专家九", "specialist", "cardiology"), ("late", "DEMO-CITY-1", "示范心内医师十", "specialist", "cardiology")]


def want(answer, status=200):
    if answer[0] != status:
        raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
    return answer[1]


def ctl(gateway, *words):
    done = subprocess.run([os.path.join(gateway.build, "consultctl"), *words, "--data", gateway.data], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def world(gateway):
    demo = gateway.demo
    for i, (name, organisation, name_zh, role, specialty) in enumerate(NEW):
        demo["practitioners"].append({"code": f"DEMO-N-{i}", "organisation": organisation, "name_zh": name_zh, "name_en": f"Demo {name}", "title": "attending", "licence_no": f"DEMO-LIC-N{i}",
                                      "licensed_since": "2026-01-01" if name == "late" else "2010-01-01", **({"specialties": [specialty]} if specialty else {}),
                                      "account": {"login": f"demo.{name}", "roles": [role], "password": "demo-consult"}})
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=gateway.data, encoding="utf-8") as file:
        json.dump(demo, file, ensure_ascii=False)
        file.flush()
        gateway.run("import", os.path.join(gateway.build, "consultctl"), "import", file.name, "--data", gateway.data)
    gateway.start()


def sign_in(gateway, login):
    client = gateway.client()
    client.session = want(client.sign_in(login, "demo-consult"))
    client.account = client.session["account"]["id"]
    return client


def listed(client, name):
    return {c["id"]: c for c in want(client.get(f"{API}/consultations?list={name}&limit=100"))["consultations"]}


def reported(clinician, specialist):
    """A read with a draft of the opinion."""
    made = want(clinician.post(f"{API}/consultations", {"specialty": "cardiology", "urgency": "urgent", "kind": "read", "patient": {"name": "示范患者（演示）", "sex": "female", "birth_date": "1961-02-03"},
                                                        "request": {"complaint": "胸痛", "question": "诊断？", "modality": "ecg"}}), 201)
    for scope in ("consultation", "imaging"):
        want(clinician.consent(made["id"], scope))
    want(clinician.upload(made["id"], f"{PYDICOM}/CT_small.dcm"))
    want(clinician.act(made["id"], "submit"))
    want(specialist.act(made["id"], "accept"))
    want(specialist.put(f"{API}/consultations/{made['id']}/opinion", {"body": {"findings": "ST 段抬高", "diagnosis": "心肌梗死"}}))
    return made["id"]


def two_at_once(gateway, case, people, first, second):
    """Two coordinators of the hospital name different colleagues, both having read the same version: one is told to read anew."""
    version = want(people[0].get(f"{API}/consultations/{case}"))["version"]
    names = [first, second]
    answers = [None, None]

    def one(i):
        copy = gateway.client()
        copy.cookie, copy.csrf = people[i].cookie, people[i].csrf
        answers[i] = copy.request("POST", f"{API}/consultations/{case}/actions/take-over", {"reason_code": "account-closed", "account": names[i].account}, {"If-Match": f'"{version}"'})

    in_threads(2, one)
    won = [i for i in (0, 1) if answers[i][0] == 200]
    lost = [i for i in (0, 1) if answers[i][0] == 412]
    checks.ok(len(won) == 1 and len(lost) == 1, "two coordinators at once: one has done it, the other reads anew", [a[0] for a in answers])
    return names[won[0]]


def consultants_place(gateway, clinician, specialist, coordinators, colleagues):
    case = reported(clinician, specialist)
    path = f"{API}/consultations/{case}"
    checks.ok(case not in listed(coordinators[0], "unattended"), "control: while the account is open the case is nobody's concern")
    code, said = ctl(gateway, "user", "disable", "demo.specialist1")
    checks.ok(code == 0, "the consultant's account is closed", said)
    found = listed(coordinators[0], "unattended")
    checks.ok(found.get(case, {}).get("unattended") == "consultant" and "take-over" in found[case]["actions"], "it stands in the coordinator's list, and says whose account it is", found.get(case))
    people = want(coordinators[0].get(f"{path}/people?for=take-over"))["invitees"]
    names = {p["name_zh"] for p in people}
    checks.ok("示范心内专家九" in names and "示范心内主任七（审核医师）" in names and "示范心内医师十" not in names and "示范心内专家一" not in names,
              "whom to name: colleagues on the specialty, not the one without three years of licence, not the one whose account is closed", sorted(names))
    sockets = [WebSocket(c) for c in colleagues]
    gateway.kill()
    gateway.start()
    sockets = [WebSocket(c) for c in colleagues]
    checks.ok(case in listed(coordinators[0], "unattended"), "after a kill it stands there still")
    winner = two_at_once(gateway, case, coordinators, *colleagues)
    told = sockets[colleagues.index(winner)].receive("case.reminder", timeout=5)
    checks.ok(told and told["what"] == "put-in-charge" and told["consultation"] == case, "the colleague is told", told)
    gateway.kill()
    gateway.start()
    checks.ok(case in listed(winner, "assigned") and case not in listed(coordinators[0], "unattended"), "after another kill it is the colleague's, and no coordinator's concern any more")
    seen = want(winner.get(path))
    checks.ok(seen["state"] == "reporting" and seen["opinion"]["author"]["name_zh"] == "示范心内专家一", "the draft is there, under its author's name", seen["opinion"]["author"])
    status, refused = winner.act(case, "sign")
    checks.ok(status == 422 and refused["code"] == "opinion.not-own", "what somebody else wrote cannot be signed", refused.get("code"))
    want(winner.put(f"{path}/opinion", {"body": {"findings": "ST 段抬高", "diagnosis": "急性心肌梗死"}}))
    want(winner.act(case, "sign"))
    versions = want(winner.get(f"{path}/opinions"))["opinions"]
    checks.ok([(v["status"], v["author"]["account"] == winner.account) for v in versions] == [("draft", False), ("signed", True)], "two versions, each its author's", [(v["version"], v["status"]) for v in versions])
    audit = [r for r in want(coordinators[0].get(f"{path}/audit"))["audit"] if r["action"] == "consultation.take-over"]
    checks.ok(len(audit) == 1 and audit[0]["reason_code"] == "account-closed" and audit[0]["detail"]["to"] == winner.account, "one row in the audit trail: who, why, from whom to whom", audit)
    for ws in sockets:
        ws.close()
    return case, winner


def requesters_place(gateway, case, clinician, town, colleague, coordinator):
    path = f"{API}/consultations/{case}"
    want(clinician.get(path))  # on a new connection: the gateway was killed
    want(clinician.act(case, "acknowledge", adopted="yes", told_patient=True))
    code, said = ctl(gateway, "user", "disable", "demo.clinician1")
    checks.ok(code == 0, "the requester's account is closed after the decision", said)
    checks.ok(listed(town, "unattended").get(case, {}).get("unattended") == "requester" and case not in listed(coordinator, "unattended"), "the township's coordinator sees it, the hospital's need not")
    status, refused = coordinator.act(case, "take-over", reason_code="left", account=colleague.account)
    checks.ok(status == 403 and refused["code"] == "take-over.elsewhere", "and may not name anybody there", refused.get("code"))
    want(town.act(case, "take-over", reason_code="left", account=colleague.account))
    gateway.kill()
    gateway.start()
    checks.ok(case in listed(colleague, "mine"), "the colleague has it, through a kill")
    version = max(v["version"] for v in want(colleague.get(f"{path}/opinions"))["opinions"])
    status, pdf = colleague.get(f"{path}/opinions/{version}/document")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(pdf)
        file.flush()
        text = re.sub(r"\s+", "", subprocess.run(["pdftotext", "-layout", file.name, "-"], capture_output=True, text=True, timeout=60).stdout)
        verified, said = ctl(gateway, "verify", file.name)
    checks.ok(status == 200 and "示范全科医师一" in text and "示范全科医师八" not in text, "the printed decision names who decided, not who has the case now", status)
    checks.ok(verified == 0, "and the report verifies", said[-200:])
    want(colleague.act(case, "close"))
    checks.ok(case in listed(colleague, "history"), "the colleague closes it")


def main():
    gateway = Gateway()
    world(gateway)
    try:
        clinician, specialist, colleague, town = (sign_in(gateway, f"demo.{n}") for n in ("clinician1", "specialist1", "colleague", "town"))
        coordinators = [sign_in(gateway, "demo.coordinator1"), sign_in(gateway, "demo.coordinator2")]
        colleagues = [sign_in(gateway, "demo.specialist7"), sign_in(gateway, "demo.second")]
        want(specialist.put(f"{API}/duty", {"on_duty": True}))
        case, _ = consultants_place(gateway, clinician, specialist, coordinators, colleagues)
        requesters_place(gateway, case, clinician, town, colleague, coordinators[0])
        code, said = ctl(gateway, "check")
        checks.ok(code == 0, "consultctl check: the chain, the keys and the files hold", said[-300:])
    finally:
        code, log = gateway.stop()
    checks.ok(code == 0 and "Sanitizer" not in log, "SIGTERM ends it cleanly", code)


main()
checks.end()
