#!/usr/bin/python3
"""500 simultaneous accepts of one offer: one winner, and every other is told who; all over TLS through the real interface."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, in_threads  # noqa: E402

ACCEPTS = 500
checks = Checks()
gateway = Gateway("--connections_per_address", str(ACCEPTS + 50), "--header_timeout_s", "60").start()  # the race is meant, not the wait for it
try:
    clinician = gateway.signed_in(gateway.people("clinician")[0])
    specialists = [gateway.signed_in(p) for p in gateway.people("specialist", "cardiology")]
    for s in specialists:
        checks.ok(s.put("/api/v1/duty", {"on_duty": True})[0] == 200, "on duty")
    consultation = clinician.submitted()
    checks.ok(consultation["state"] == "offered", "the consultation is offered", consultation["state"])
    eligible = [s for s in specialists if s.get(f"/api/v1/consultations/{consultation['id']}")[0] == 200]
    checks.ok(len(eligible) >= 2, "offered to more than one", f"{len(eligible)} of {len(specialists)} cardiologists")

    def accept(i):
        source = eligible[i % len(eligible)]
        client = gateway.client()
        client.cookie, client.csrf = source.cookie, source.csrf
        client.get("/api/v1/session")  # the TLS connection stands before the race begins
        return client.act(consultation["id"], "accept")

    answers = in_threads(ACCEPTS, accept)
    broken = [a for a in answers if not isinstance(a, tuple)]
    won = [a for a in answers if isinstance(a, tuple) and a[0] == 200]
    lost = [a for a in answers if isinstance(a, tuple) and a[0] == 409]
    busy = [a for a in answers if isinstance(a, tuple) and a[0] == 503]
    checks.ok(not broken, "every accept is answered", f"{len(broken)} without an answer: {broken[:2]}")
    winners = {a[1]["consultant"]["account"] for a in won}
    hands = {i % len(eligible) for i, a in enumerate(answers) if isinstance(a, tuple) and a[0] == 200}
    checks.ok(len(winners) == 1 and len(hands) == 1, "exactly one specialist wins (and may repeat it)", f"{len(winners)} of {len(eligible)}, {len(won)} x 200")
    checks.ok(len(lost) > 0 and len(won) + len(lost) + len(busy) == ACCEPTS, "every accept of the others gets 409 (or 503 under overload)", f"{len(lost)} x 409, {len(busy)} x 503")
    told = [a for a in lost if a[1].get("code") == "consultation.already-accepted"]
    checks.ok(len(told) == len(lost), "and are told who accepted it", lost[0][1] if lost else "")
    row = gateway.sql("SELECT state, consultant_id FROM consultation WHERE id=?", consultation["id"])[0]
    checks.ok(row["state"] == "accepted" and row["consultant_id"] is not None, "the store has one consultant", row["state"])
    accepts = gateway.sql("SELECT count(*) AS n FROM audit WHERE consultation_id=? AND to_state='accepted'", consultation["id"])
    checks.ok(accepts[0]["n"] == 1, "the audit trail has one acceptance")
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("ERROR: AddressSanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-800:] if "Sanitizer" in log else "")
checks.end()
