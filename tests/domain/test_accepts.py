#!/usr/bin/python3
"""500 accepts at the same moment by eight specialists, in each kind of consultation: one wins, once; every other is told who has it."""
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world  # noqa: E402
from gateway import PYDICOM, Checks, in_threads  # noqa: E402

ACCEPTS, SPECIALISTS = 500, 8
AFTER = {"live": "accepted", "read": "reporting", "mdt": "accepted"}  # a read is reported at once
checks = Checks()


def network():
    d = world.Directory()
    asking, asked = d.organisation("T", "township", world.SAME), d.organisation("C", "city", "990103")
    d.person("requester", asking, "clinician")
    for i in range(SPECIALISTS):
        d.person(f"specialist {i}", asked, "specialist", "cardiology")
    d.partnership("P", "urban-group", "close", [(asked, "lead"), (asking, "member")], agreements=[world.agreement()])
    return d


def submitted(requester, kind):
    request = {"complaint": "x", "question": "x", **({"modality": "ecg"} if kind == "read" else {})}
    status, made = requester.post("/api/v1/consultations", {"specialty": "cardiology", "urgency": "urgent", "kind": kind, "request": request,
                                                            "patient": {"name": "示范患者", "sex": "female", "birth_date": "1961-07-02"}})
    if status != 201:
        raise RuntimeError(f"{kind}: {status} {made}")
    if kind == "read":
        requester.upload(made["id"], os.path.join(PYDICOM, "CT_small.dcm"))
    requester.consent(made["id"])
    status, made = requester.act(made["id"], "submit")
    if status != 200 or made["state"] != "offered":
        raise RuntimeError(f"{kind}: {status} {made}")
    return made["id"]


def race(gateway, kind, case, sessions):
    def accept(i):
        client = gateway.client()
        client.cookie, client.csrf = sessions[i % SPECIALISTS].cookie, sessions[i % SPECIALISTS].csrf
        client.get("/api/v1/session")  # the TLS connection stands before the race begins
        for _ in range(20):
            answer = client.act(case, "accept")
            if answer[0] != 503:
                return answer
        return answer

    answers = in_threads(ACCEPTS, accept)
    broken = [a for a in answers if not isinstance(a, tuple)]
    checks.ok(not broken, f"{kind}: each of {ACCEPTS} accepts is answered", broken[:2])
    row = gateway.sql("SELECT state, consultant_id FROM consultation WHERE id=?", case)[0]
    winner = next((i for i, s in enumerate(sessions) if s.session["account"]["id"] == row["consultant_id"]), None)
    checks.ok(row["state"] == AFTER[kind] and winner is not None, f"{kind}: one of them has it", row)
    outcomes = Counter((i % SPECIALISTS == winner, a[0], a[1].get("code") if a[0] >= 400 else None) for i, a in enumerate(answers) if isinstance(a, tuple))
    lost = {key: n for key, n in outcomes.items() if not key[0]}
    checks.ok(set(lost) == {(False, 409, "consultation.already-accepted")}, f"{kind}: every accept of the others is refused: taken", lost)
    won = {key: n for key, n in outcomes.items() if key[0]}
    checks.ok(set(won) == {(True, 200, None)}, f"{kind}: the winner may repeat it", won)
    name = sessions[winner].session["practitioner"]["name_zh"] if winner is not None else ""
    told = [a[1] for a in answers if isinstance(a, tuple) and a[0] == 409]
    checks.ok(all(t.get("by_zh") == name and name in t["detail_zh"] and t.get("by_en") for t in told), f"{kind}: and each is told who has it", told[:1])
    accepts = gateway.sql("SELECT count(*) AS n FROM audit WHERE consultation_id=? AND action='consultation.accept'", case)[0]["n"]
    offers = gateway.sql("SELECT state, count(*) AS n FROM consultation_offer WHERE consultation_id=? GROUP BY state ORDER BY state", case)
    checks.ok(accepts == 1 and offers == [{"state": "gone", "n": SPECIALISTS - 1}, {"state": "won", "n": 1}], f"{kind}: accepted once, by one offer", (accepts, offers))
    return winner


def main():
    gateway = world.start(network(), "--connections_per_address", str(ACCEPTS + 50))
    try:
        sessions = [gateway.signed_in(p) for p in gateway.people("specialist")]
        requester = gateway.signed_in(gateway.people("clinician")[0])
        for session in sessions:
            session.put("/api/v1/duty", {"on_duty": True})
        for kind in AFTER:
            case = submitted(requester, kind)
            seen = [s.get(f"/api/v1/consultations/{case}")[0] for s in sessions]
            checks.ok(seen == [200] * SPECIALISTS, f"{kind}: offered to all eight", seen)
            winner = race(gateway, kind, case, sessions)
            seen = [s.get(f"/api/v1/consultations/{case}")[0] for s in sessions]
            checks.ok(seen == [200 if i == winner else 404 for i in range(SPECIALISTS)], f"{kind}: only the winner sees it now", seen)
    finally:
        code, log = gateway.stop()
    checks.ok(code == 0, "SIGTERM ends it cleanly", code)
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-800:] if "Sanitizer" in log else "")
    print(f'figures: {{"accepts": {ACCEPTS * len(AFTER)}, "kinds": {len(AFTER)}}}', flush=True)
    checks.end()


main()
