#!/usr/bin/python3
"""Duty and roster over the real interface: a pause ends by its time, a shift's reminder comes once and not again after a kill, a
hand-over leaves nobody missing, a last session's end ends duty and its pause, an imported plan is there, concurrent planners get one
shift. Every claim about what does not happen has its control beside it."""
import json
import os
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, WebSocket, in_threads  # noqa: E402

API, HOUR = "/api/v1", 3600000
checks = Checks()


def person(code, roles, organisation="DEMO-CITY-1"):
    return {"code": f"DEMO-D-{code}", "organisation": organisation, "name_zh": f"示范人员{code}", "name_en": f"Demo {code}", "title": "attending",
            "licence_no": f"DEMO-LIC-D-{code}", "licensed_since": "2010-01-01", "specialties": ["cardiology"],
            "account": {"login": f"demo.duty.{code}", "roles": roles, "password": "demo-consult"}}


def local(ms):
    return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(ms / 1000 + 8 * 3600))


def import_file(g, content):
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=g.data, encoding="utf-8") as file:
        json.dump({"format": "consult-gateway-import-1", "demonstration": True, **content}, file)
        file.flush()
        return g.run("import", os.path.join(g.build, "consultctl"), "import", file.name, "--data", g.data)


def want(answer, status):
    if answer[0] != status:
        raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
    return answer[1]


def now():
    return int(time.time() * 1000)


def audit(g, action):
    return [(row["actor_id"], row["reason_code"], json.loads(row["detail"])) for row in g.sql("SELECT * FROM audit WHERE action=? ORDER BY seq", action)]


def state_of(g, account):
    return g.sql("SELECT on_duty, pause, pause_until_ms FROM duty WHERE account_id=?", account)[0]


def signed_in(g, login):
    client = g.client()
    want(client.sign_in(login, "demo-consult"), 200)
    client.account = client.session["account"]["id"]
    return client


def imported_plan(g, coordinator, one, two):
    roster = want(coordinator.get(f"{API}/duty/roster"), 200)
    kinds = sorted((s["account"], s["kind"]) for s in roster["shifts"])
    checks.ok(kinds == sorted([(one.account, "on-call"), (two.account, "duty")]), "the imported shifts are in the roster", kinds)
    people = {p["account"]: p for p in roster["people"]}
    checks.ok(people[two.account]["absent"] and not people[one.account]["absent"], "planned but absent is shown, on call is not absence")
    want(two.put(f"{API}/duty", {"on_duty": True}), 200)
    people = {p["account"]: p for p in want(coordinator.get(f"{API}/duty/roster"), 200)["people"]}
    checks.ok(people[two.account]["planned"] and not people[two.account]["absent"], "who came is not absent")
    want(two.put(f"{API}/duty", {"on_duty": False}), 200)


def pause_by_time(g, one):
    """The shortest pause is a minute: once seen to last, its end is set back in the row, which is what a minute does."""
    want(one.put(f"{API}/duty", {"on_duty": True}), 200)
    paused = want(one.put(f"{API}/duty", {"pause": "break", "pause_minutes": 1}), 200)
    checks.ok(paused["pause"] == "break" and 50000 < paused["pause_until_ms"] - now() <= 60000, "a break of a minute")
    time.sleep(3)
    checks.ok(state_of(g, one.account)["pause"] == "break", "it lasts while its time is not over")
    ws = WebSocket(one)
    with sqlite3.connect(f"{g.data}/consult.db", timeout=10) as db:
        db.execute("UPDATE duty SET pause_until_ms=? WHERE account_id=?", (now() - 1, one.account))
    message = ws.receive("duty.changed", timeout=8)
    checks.ok(message is not None and state_of(g, one.account) == {"on_duty": 1, "pause": None, "pause_until_ms": None}, "and ends by itself, still on duty", state_of(g, one.account))
    checks.ok([(a[0], a[1]) for a in audit(g, "duty.resume")] == [(None, "time")], "by the system, in the audit trail", audit(g, "duty.resume"))
    ws.close()


def reminder_once(g, coordinator, two):
    ws = WebSocket(two)
    shift = want(coordinator.post(f"{API}/duty/shifts", {"account": two.account, "kind": "duty", "from_ms": now() + 2 * HOUR, "until_ms": now() + 3 * HOUR}), 201)
    checks.ok(ws.receive("duty.reminder", timeout=4) is None, "no reminder before the shift begins")
    want(coordinator.request("DELETE", f"{API}/duty/shifts/{shift['id']}"), 204)
    want(coordinator.request("DELETE", f"{API}/duty/shifts/{g.sql('SELECT id FROM duty_shift WHERE account_id=? AND kind=?', two.account, 'duty')[0]['id']}"), 204)
    begin = now() + 1500
    shift = want(coordinator.post(f"{API}/duty/shifts", {"account": two.account, "kind": "duty", "from_ms": begin, "until_ms": now() + HOUR}), 201)
    message = ws.receive("duty.reminder", timeout=8)
    checks.ok(message is not None and message["shift"] == shift["id"] and now() >= begin, "a reminder when it begins", message)
    checks.ok(ws.receive("duty.reminder", timeout=4) is None, "once")
    ws.close()
    late = want(coordinator.post(f"{API}/duty/shifts", {"account": coordinator.other.account, "kind": "duty", "from_ms": now() + 1000, "until_ms": now() + HOUR}), 201)
    g.kill()
    time.sleep(1.5)
    g.start()
    for client in (two, coordinator, coordinator.other):
        client.connection = None
    row = g.sql("SELECT reminded_ms FROM duty_shift WHERE id=?", shift["id"])[0]
    deadline = time.time() + 8
    while time.time() < deadline and g.sql("SELECT reminded_ms FROM duty_shift WHERE id=?", late["id"])[0]["reminded_ms"] is None:
        time.sleep(0.2)
    checks.ok(g.sql("SELECT reminded_ms FROM duty_shift WHERE id=?", late["id"])[0]["reminded_ms"] is not None, "one that came due while the gateway was down is looked at after it")
    ws = WebSocket(two)
    checks.ok(ws.receive("duty.reminder", timeout=4) is None and g.sql("SELECT reminded_ms FROM duty_shift WHERE id=?", shift["id"])[0] == row, "none again after a kill")
    checks.ok(shift["id"] in [s["id"] for s in want(two.get(f"{API}/duty"), 200)["shifts"]], "GET /duty still shows the shift that runs")
    ws.close()


def handed_over(g, one, two):
    """one is on call, two hands over: two stays until one comes."""
    want(one.put(f"{API}/duty", {"on_duty": False}), 200)
    want(two.put(f"{API}/duty", {"on_duty": True}), 200)
    answer = want(two.post(f"{API}/duty/hand-over", {"to": one.account}), 200)
    checks.ok(answer["on_duty"] and answer["hand_over"]["person"]["account"] == one.account, "who hands over stays on duty until the other comes")
    want(one.put(f"{API}/duty", {"on_duty": False}), 200)
    checks.ok(want(two.get(f"{API}/duty"), 200)["hand_over"] is None and state_of(g, two.account)["on_duty"] == 1, "a refusal leaves duty where it was")
    want(two.post(f"{API}/duty/hand-over", {"to": one.account}), 200)
    want(one.put(f"{API}/duty", {"on_duty": True}), 200)
    checks.ok((state_of(g, one.account)["on_duty"], state_of(g, two.account)["on_duty"]) == (1, 0), "the other comes: never nobody, never both for long")
    checks.ok([a[1] for a in audit(g, "duty.hand-over")] == ["asked", "declined", "asked", "taken"], "each step in the audit trail", [a[1] for a in audit(g, "duty.hand-over")])


def last_session(g, one):
    want(one.put(f"{API}/duty", {"pause": "pause"}), 200)
    second = signed_in(g, "demo.duty.one")
    want(second.request("DELETE", f"{API}/session"), 204)
    checks.ok(state_of(g, one.account)["on_duty"] == 1, "another session of the same person keeps duty")
    want(one.request("DELETE", f"{API}/session"), 204)
    checks.ok(state_of(g, one.account) == {"on_duty": 0, "pause": None, "pause_until_ms": None}, "the last one ends duty and its pause", state_of(g, one.account))
    checks.ok(audit(g, "duty.off")[-1][1] == "signed-out", "with its reason", audit(g, "duty.off")[-1])


def one_of_many(g, coordinator, two):
    begin = now() + 48 * HOUR
    clients = []
    for _ in range(8):
        copy = g.client()
        copy.cookie, copy.csrf = coordinator.cookie, coordinator.csrf
        clients.append(copy)
    answers = in_threads(8, lambda i: clients[i].post(f"{API}/duty/shifts", {"account": two.account, "kind": "duty", "from_ms": begin + i, "until_ms": begin + HOUR}))
    codes = sorted(a[0] for a in answers)
    made = next(a[1]["id"] for a in answers if a[0] == 201)
    checks.ok(codes == [201] + [409] * 7 and all(a[1]["shift"] == made for a in answers if a[0] == 409), "of eight overlapping shifts at once one is made, the others name it", codes)
    rows = g.sql("SELECT COUNT(*) AS n FROM duty_shift WHERE from_ms >= ?", begin)[0]["n"]
    checks.ok(rows == 1, "and one row is there", rows)


def main():
    g = Gateway()
    import_file(g, {"practitioners": [person("one", ["specialist"]), person("two", ["specialist"]), person("coordinator", ["coordinator"])]})
    begin = now() - HOUR
    plan = [{"login": "demo.duty.one", "kind": "on-call", "specialty": "cardiology", "partnership": "DEMO-REMOTE", "from": local(begin), "until": local(begin + 24 * HOUR)},
            {"login": "demo.duty.two", "kind": "duty", "from": local(begin), "until": local(begin + 2 * HOUR)}]
    for _ in range(2):
        checks.ok("2 shifts" in import_file(g, {"shifts": plan}), "consultctl imports shifts, again without a second row")
    try:
        import_file(g, {"shifts": [{**plan[1], "from": local(begin + HOUR)}]})
        checks.ok(False, "an overlapping shift is refused by the import")
    except RuntimeError as error:
        checks.ok("/shifts/0" in str(error), "an overlapping shift is refused by the import")
    g.start()
    try:
        one, two, coordinator = (signed_in(g, f"demo.duty.{name}") for name in ("one", "two", "coordinator"))
        coordinator.other = one
        imported_plan(g, coordinator, one, two)
        pause_by_time(g, one)
        reminder_once(g, coordinator, two)
        handed_over(g, one, two)
        last_session(g, one)
        one_of_many(g, coordinator, two)
    finally:
        code, log = g.stop()
    checks.ok(code == 0, "SIGTERM ends it cleanly", code)
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    checks.end()


main()
