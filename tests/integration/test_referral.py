#!/usr/bin/python3
"""Referrals through the real gateway: up with a place and back down, many senders for one place, sender against receiver, the clock
over a kill -9 in the middle of a wait, and what the trail, the log and the metrics say afterwards. Deadlines are settings of seconds."""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket, in_threads  # noqa: E402

API = "/api/v1"
ACCEPT_S = 6
ARRIVAL_S = 6
SENDERS = 12
DUELS = 16
CONSENT = {"referral": True, "sharing": True, "relation": "self", "method": "written"}
RETURN = {"outcome": "improved", "diagnosis": "PCI 术后", "advice": "双联抗血小板 12 个月，社区随访血压"}


def want(answer, status):
    if answer[0] != status:
        raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
    return answer[1]


def by_login(login):
    return gateway.signed_in(next(p for p in gateway.demo["practitioners"] if p.get("account") and p["account"]["login"] == login))


def organisation(code):
    return gateway.sql("SELECT id FROM organisation WHERE code=?", code)[0]["id"]


def content(to, department, **more):
    return {"direction": "up", "urgency": "urgent", "to_organisation": to, "department": department, "reason_code": "severe", "summary": "胸痛 2 小时", "diagnosis": "急性心肌梗死",
            "patient": {"name": "示范患者戊", "sex": "female", "birth_date": "1958-03-04"}, "consent": CONSENT, **more}


def draft(client, to, department="cardiology", **more):
    return want(client.post(f"{API}/referrals", content(to, department, **more)), 201)


def act(client, id, action, **body):
    return client.post(f"{API}/referrals/{id}/actions/{action}", body)


def row(id):
    return gateway.sql("SELECT * FROM referral WHERE id=?", id)[0]


def place(id):
    return gateway.sql("SELECT * FROM place WHERE id=?", id)[0]


def bed(receiver, code, department="cardiology", **more):
    now = int(time.time() * 1000)
    return want(receiver.post(f"{API}/places", {"department": department, "code": code, "kind": "bed", "from_ms": now - 60000, "until_ms": now + 86400000, **more}), 201)["id"]


def until(what, condition, seconds):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def overdue(id):
    return [r["reason_code"] for r in gateway.sql("SELECT reason_code FROM referral_step WHERE referral_id=? AND event='overdue' ORDER BY seq", id)]


def metric(labels):
    text = gateway.client().get("/metrics")[1].decode()
    found = re.search(r"consult_referrals_total\{" + re.escape(labels) + r"\} (\d+)", text)
    return int(found.group(1)) if found else None


def up_and_down(clinician, receiver, town, city):
    """The whole way, over the targets that the rules name."""
    targets = want(clinician.get(f"{API}/referral-targets?direction=up&urgency=urgent"), 200)["targets"]
    names = [t["organisation"]["name_en"] for t in targets]
    checks.ok("Demo City First Hospital" in names and "Demo County Hospital" in names and "Demo Remote Township Health Centre" not in names, "a township refers up to county and city", names)
    cardiology = [d for t in targets for d in t["departments"] if t["organisation"]["id"] == city and d["code"] == "cardiology"]
    checks.ok(cardiology and cardiology[0]["places_free"] == 3, "with the places that are kept for referred patients", cardiology)
    beds = want(clinician.get(f"{API}/places?organisation={city}&department=cardiology"), 200)["places"]
    checks.ok(len(beds) == 3 and all(b["reserved"] and b["state"] == "free" for b in beds), "the one that is not reserved is not shown", len(beds))
    made = draft(clinician, city, place=beds[0]["id"])
    watch = WebSocket(receiver)
    want(act(clinician, made["id"], "send"), 200)
    told = watch.receive("referral.changed", timeout=5)
    checks.ok(told is not None and told["referral"] == made["id"] and told["state"] == "sent", "the receiving department is told at once", told)
    cardiology = [d for t in want(clinician.get(f"{API}/referral-targets?direction=up"), 200)["targets"] for d in t["departments"] if t["organisation"]["id"] == city and d["code"] == "cardiology"]
    checks.ok(cardiology[0]["places_free"] == 2, "one place fewer is offered")
    stale = receiver.request("POST", f"{API}/referrals/{made['id']}/actions/accept", {}, {"If-Match": f'"{made["version"]}"'})
    checks.ok(stale[0] == 412 and stale[1]["code"] == "referral.stale" and stale[1]["version"] == made["version"] + 1, "a stale If-Match changes nothing", stale[1].get("code"))
    fresh = receiver.request("POST", f"{API}/referrals/{made['id']}/actions/accept", {}, {"If-Match": f'"{made["version"] + 1}"'})
    checks.ok(fresh[0] == 200 and receiver.headers["etag"] == f'"{fresh[1]["version"]}"', "and a fresh one does", fresh[0])
    want(act(receiver, made["id"], "arrive"), 200)
    back = want(receiver.post(f"{API}/referrals", {"based_on": made["id"], "reason_code": "rehabilitation", "department": "rehabilitation", "summary": "术后康复", "diagnosis": "PCI 术后", "consent": CONSENT}), 201)
    want(act(receiver, made["id"], "return-message", **RETURN), 200)
    answer = want(clinician.get(f"{API}/referrals/{made['id']}"), 200)
    checks.ok(answer["answer"] == RETURN and "acknowledge-return" in answer["actions"], "the return message reaches the sender", answer["actions"])
    want(act(clinician, made["id"], "acknowledge-return"), 200)
    want(act(receiver, back["id"], "send"), 200)
    checks.ok(back["direction"] == "down" and [r["id"] for r in want(town.get(f"{API}/referrals?list=received"), 200)["referrals"]] == [back["id"]], "down again, to where the patient came from", back["direction"])
    want(act(town, back["id"], "accept", at_ms=int(time.time() * 1000) + 60000), 200)
    want(act(town, back["id"], "arrive"), 200)
    way = want(clinician.get(f"{API}/referrals/{made['id']}/way"), 200)
    got = [(e["organisation"]["level"], e["event"], e["direction"]) for e in way["events"]]
    checks.ok([g for g in got if g[1] in ("sent", "arrived")] == [("township", "sent", "up"), ("city", "arrived", "up"), ("city", "sent", "down"), ("township", "arrived", "down")],
              "the way up and down as one picture", got)
    watch.close()


def refused_by_rules(city):
    """Each with a control that the same content is taken where it is allowed (above)."""
    for login, direction, reason, to, code in [("demo.clinician5", "up", "acute", "DEMO-CITY-2", "rule.agreement-not-in-force"), ("demo.clinician1", "down", "follow-up", "DEMO-CITY-1", "rule.wrong-direction"),
                                               ("demo.clinician3", "up", "acute", "DEMO-PROVINCE", ""), ("demo.clinician4", "up", "acute", "DEMO-COUNTY", "rule.no-partnership")]:
        client = by_login(login)
        made = want(client.post(f"{API}/referrals", {**content(organisation(to), None), "direction": direction, "reason_code": reason}), 201)
        status, body = client.request("PATCH", f"{API}/referrals/{made['id']}", {"department": (gateway.sql("SELECT code FROM department WHERE organisation_id=?", organisation(to)) or [{"code": None}])[0]["code"]})
        want((status, body), 200)
        status, body = act(client, made["id"], "send")
        checks.ok((status, body.get("code", "")) == ((403, code) if code else (200, "")), f"{login} {direction} to {to}: {code or 'allowed'}", (status, body.get("code")))


def many_for_one(clinicians, receiver, city):
    one = bed(receiver, "唯一床位")
    made = [draft(clinicians[i % len(clinicians)], city, place=one)["id"] for i in range(SENDERS)]
    clients = [copy_of(clinicians[i % len(clinicians)]) for i in range(SENDERS)]
    results = in_threads(SENDERS, lambda i: act(clients[i], made[i], "send"))
    won = [i for i, r in enumerate(results) if not isinstance(r, Exception) and r[0] == 200]
    lost = [r[1].get("code") for i, r in enumerate(results) if i not in won and not isinstance(r, Exception)]
    checks.ok(len(won) == 1 and lost == ["place.taken"] * (SENDERS - 1), f"{SENDERS} senders for one place: one winner", (len(won), set(lost)))
    checks.ok(place(one)["referral_id"] == made[won[0]] and place(one)["state"] == "held", "the place is the winner's")
    checks.ok(all(row(m)["state"] == "draft" and row(m)["version"] == 1 for i, m in enumerate(made) if i not in won), "the others have not changed")
    want(act(clients[won[0]], made[won[0]], "withdraw"), 200)
    again = act(clients[(won[0] + 1) % SENDERS], made[(won[0] + 1) % SENDERS], "send")
    checks.ok(again[0] == 200, "a place that is given back can be had (control)", again[1].get("code"))
    want(act(clients[(won[0] + 1) % SENDERS], made[(won[0] + 1) % SENDERS], "withdraw"), 200)


def copy_of(client):
    copy = gateway.client()
    copy.cookie, copy.csrf = client.cookie, client.csrf
    return copy


def duels(clinician, receiver, city):
    """Withdrawal against acceptance in the same moment: one of them, and the place follows it."""
    wrong = []
    for n in range(DUELS):
        duel_bed = bed(receiver, f"对决 {n}")
        id = draft(clinician, city, place=duel_bed)["id"]
        want(act(clinician, id, "send"), 200)
        pair = (copy_of(clinician), copy_of(receiver))
        got = in_threads(2, lambda i: act(pair[i], id, ("withdraw", "accept")[i]))
        state, held = row(id)["state"], place(duel_bed)["state"]
        statuses = [g[0] for g in got]
        if (state, held) != ("withdrawn", "free") or statuses not in ([200, 409], [200, 200]):  # accepted first, or never
            wrong.append((state, held, statuses))
    checks.ok(not wrong, f"{DUELS} times withdraw against accept: withdrawn in the end, the place free", wrong)


def dead_until(ms, *clients):
    gateway.kill()
    time.sleep(max(0, ms / 1000 - time.time()) + 0.5)
    gateway.start()
    for client in clients:
        client.connection = None


def over_a_kill(clinician, receiver, coordinator, city):
    """Nobody answers; the gateway dies in the middle of the wait; the deadline passes while it is dead."""
    one = bed(receiver, "等待床位")
    id = draft(clinician, city, place=one)["id"]
    sent = want(act(clinician, id, "send"), 200)
    checks.ok(sent["deadline_ms"] - sent["sent_ms"] == ACCEPT_S * 1000 and overdue(id) == [], "before the deadline nobody is reminded (control)", overdue(id))
    dead_until(sent["deadline_ms"], clinician, receiver, coordinator)
    checks.ok(until("overdue", lambda: overdue(id) == ["accept-due"], 3), "right after the start it is overdue", overdue(id))
    checks.ok(row(id)["state"] == "sent" and place(one)["state"] == "held", "it waits on, and keeps its place", row(id)["state"])
    listening = [WebSocket(c) for c in (clinician, receiver, coordinator)]
    notices = [ws.receive("referral.changed", timeout=ACCEPT_S + 4) for ws in listening]
    checks.ok(all(n and n["referral"] == id and n.get("notice") == "accept-due" for n in notices), "sender, receiver and coordinator are told again", notices)
    checks.ok(want(coordinator.get(f"{API}/referrals?list=received"), 200)["referrals"][0]["overdue"], "the coordinator's list shows it as overdue")
    for ws in listening:
        ws.close()
    accepted = want(act(receiver, id, "accept"), 200)
    due = accepted["deadline_ms"]
    checks.ok(due - max(accepted["appointment_ms"], accepted["accepted_ms"]) == ARRIVAL_S * 1000 and place(one)["state"] == "taken", "accepted: the arrival has a deadline")
    dead_until(due, clinician, receiver, coordinator)
    checks.ok(until("lapse", lambda: row(id)["state"] == "lapsed", 3), "right after the start it has lapsed", row(id)["state"])
    checks.ok(place(one)["state"] == "free" and gateway.sql("SELECT COUNT(*) AS n FROM referral_timer WHERE referral_id=?", id)[0]["n"] == 0, "its place is free, nothing is waited for")
    mine = want(clinician.get(f"{API}/referrals?list=sent"), 200)["referrals"]
    checks.ok([r["end_code"] for r in mine if r["id"] == id] == ["not-arrived"], "the sender sees it in the worklist")
    audit = [r["action"] for r in gateway.sql("SELECT action FROM audit WHERE detail LIKE ? ORDER BY seq", f"%{id}%")]
    checks.ok(audit[:3] == ["referral.create", "referral.send", "referral.overdue"] and audit[-1] == "referral.lapse", "the trail tells it", audit)


def from_consultation(clinician, receiver, city):
    """The consultation waits while its referral is open, and goes on when the patient is refused or has arrived."""
    specialist = gateway.signed_in(gateway.people("specialist", "cardiology")[0])
    want(specialist.put(f"{API}/duty", {"on_duty": True}), 200)
    case = clinician.submitted()["id"]
    want(specialist.act(case, "accept"), 200)
    sockets = [WebSocket(c) for c in (clinician, specialist)]
    for ws in sockets:
        ws.send({"type": "room.join", "consultation": case})
        ws.receive("room.state")
    want(specialist.act(case, "end"), 200)
    want(specialist.put(f"{API}/consultations/{case}/opinion", {"body": {"diagnosis": "急性心肌梗死", "findings": "ST 段抬高"}}), 200)
    early = clinician.post(f"{API}/referrals", {"consultation": case})
    checks.ok((early[0], early[1]["code"]) == (409, "referral.not-yet"), "no referral from a consultation before its opinion", early[1]["code"])
    want(specialist.act(case, "sign"), 200)
    acknowledged = want(clinician.act(case, "acknowledge", adopted="yes", told_patient=True), 200)
    checks.ok("refer" in acknowledged["actions"], "the requester may refer", acknowledged["actions"])
    for reply, action, body, n in (("refused", "refuse", {"reason_code": "no-bed", "reason_text": "满员"}, 1), ("arrived", "arrive", {}, 2)):
        made = want(clinician.post(f"{API}/referrals", {"consultation": case, "to_organisation": city, "department": "cardiology", "reason_code": "severe", "consent": CONSENT}), 201)
        waits = want(clinician.act(case, "refer", referral=made["id"]), 200)
        checks.ok(waits["state"] == "referral-open" and row(made["id"])["state"] == "sent", "the consultation waits for its referral", waits["state"])
        if action == "arrive":
            want(act(receiver, made["id"], "accept", at_ms=int(time.time() * 1000) + 60000), 200)
        want(act(receiver, made["id"], action, **body), 200)
        state = gateway.sql("SELECT state FROM consultation WHERE id=?", case)[0]["state"]
        told = [r["reason_code"] for r in gateway.sql("SELECT reason_code FROM audit WHERE consultation_id=? AND action='consultation.settle' ORDER BY seq", case)]
        checks.ok(state == "acknowledged" and len(told) == n and told[-1] == reply, f"{reply}: it goes on", (state, told))
    stranger = clinician.act(case, "refer", referral="0" * 32)
    checks.ok((stranger[0], stranger[1]["code"]) == (404, "referral.unknown"), "a referral that is none", stranger[1]["code"])
    for ws in sockets:
        ws.close()


def figures_and_trail():
    checks.ok(metric('direction="up",state="lapsed"') == 1 and metric('direction="down",state="lapsed"') == 0, "counted by direction and state", metric('direction="up",state="lapsed"'))
    checked = gateway.run("check", os.path.join(gateway.build, "consultctl"), "check", "--data", gateway.data)
    checks.ok("0 faults" in checked or "no fault" in checked or "audit" in checked, "consultctl check holds", checked.strip()[-120:])


def with_coordinator():
    """The receiving hospital's coordinator, whom the demonstration data lack."""
    gateway.demo["practitioners"].append({"code": "DEMO-R-1", "organisation": "DEMO-CITY-1", "name_zh": "示范市院协调员", "name_en": "Demo City Coordinator", "title": "staff",
                                          "account": {"login": "demo.city-coordinator", "roles": ["coordinator"], "password": "demo-consult"}})
    path = os.path.join(gateway.data, "more.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(gateway.demo, file, ensure_ascii=False)
    gateway.run("import", os.path.join(gateway.build, "consultctl"), "import", path, "--data", gateway.data)


checks = Checks()
gateway = Gateway("--referral_accept_urgent_s", str(ACCEPT_S), "--referral_arrival_s", str(ARRIVAL_S), "--connections_per_address", "200")
with_coordinator()
gateway.start()
try:
    clinician, second, receiver, town, coordinator = (by_login(n) for n in ("demo.clinician1", "demo.clinician2", "demo.referrals", "demo.referrals3", "demo.city-coordinator"))
    city = organisation("DEMO-CITY-1")
    up_and_down(clinician, receiver, town, city)
    refused_by_rules(city)
    many_for_one([clinician, second], receiver, city)
    duels(clinician, receiver, city)
    from_consultation(clinician, receiver, city)
    over_a_kill(clinician, receiver, coordinator, city)
    figures_and_trail()
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2000:] if "Sanitizer" in log else "")
checks.ok("示范患者" not in log and "胸痛" not in log, "no patient in the log")
checks.end()
