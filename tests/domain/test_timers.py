#!/usr/bin/python3
"""Every timer of consult_fsm.def in the running gateway: each is killed in its wait (kill -9) and fires after the restart, once, at its
time; and each fires at its own default time, not before and not twice, when the clock is set forward and back (libfaketime)."""
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world  # noqa: E402
from cases import API, Case, Person, Sockets, want  # noqa: E402
from gateway import ROOT, Checks  # noqa: E402

LATE_MS = 2500  # a round of the timers each second, and the time to look
checks = Checks()


def rules():
    """{name: (state, base, seconds when urgent, event or None, again)} of the table."""
    with open(os.path.join(ROOT, "gateway/consult/consult_fsm.def"), encoding="utf-8") as f:
        rows = re.findall(r'^CONSULT_TIMER\(\w+,\s*"([\w-]+)",\s*(\w+),\s*(\w+),\s*-?\d+,\s*(-?\d+),\s*-?\d+,\s*[\w()]+,\s*(\w+),\s*(true|false)\)', f.read(), re.M)
    return {name: (state.lower().replace("_", "-"), base, int(urgent), None if event == "REMIND" else event.lower(), again == "true") for name, state, base, urgent, event, again in rows}


RULES = rules()
BY_RESTART = {"overrun", "ready-call", "ready-missed"}  # a restart empties the rooms, and with them the states that these wait in
STATES = [("returned", "live"), ("pending-approval", "live"), ("submitted", "live"), ("offered", "live"), ("accepted", "live"), ("scheduled", "live"), ("ready", "live"),
          ("in-session", "live"), ("interrupted", "live"), ("reporting", "read"), ("awaiting-opinion", "live"), ("opinion-draft", "live"), ("signed", "live"), ("acknowledged", "live"),
          ("follow-up", "live"), ("closed", "live")]
APPOINTMENTS = {"appointment-day": 86400, "appointment-hour": 3600, "appointment-test": 900, "appointment-missed": 0}


class TimerCase(Case):
    opinion = {**Case.opinion, "critical": {"finding": "STEMI"}}

    def __init__(self, people, state, kind, sockets, now_ms, ahead_ms):
        self.now_ms, self.ahead_ms = now_ms, ahead_ms
        super().__init__(people, state, kind, sockets)

    def appointment_ms(self):
        return self.now_ms() + self.ahead_ms

    @property
    def later_ms(self):
        return self.ahead_ms


def network(terms):
    d = world.Directory()
    for code, level, region in (("R", "township", world.SAME), ("C", "city", "990103")):
        d.organisation(code, level, region)
    for name, role in (("requester", "clinician"), ("colleague", "clinician"), ("coordinator R", "coordinator"), ("approver R", "approver")):
        d.person(name, "R", role)
    for name in ("consultant", "declined"):
        d.person(name, "C", "specialist", "cardiology")
    d.person("guest", "C", "clinician")
    d.person("observer", "C", "clinician")
    # one partner for each appointment: two at one time are refused
    for i in range(len(APPOINTMENTS)):
        d.person(f"requester {i}", "R", "clinician")
        d.person(f"consultant {i}", "C", "specialist", "cardiology")
    d.partnership("P", "urban-group", "close", [("C", "lead"), ("R", "member")], agreements=[world.agreement(terms={"approval": True, "triage": True, **terms})])
    return d


def sign_in(gateway, d):
    roles = {"clinician": "clinician", "specialist": "specialist"}
    with ThreadPoolExecutor(4) as pool:
        people = dict(zip(d.people, pool.map(lambda n: Person(gateway, n, roles.get(d.people[n]["account"]["roles"][0], "x"), d.people[n]["organisation"], d.people[n]), d.people)))
    for name in ("consultant", "declined"):
        want(people[name].client().put(f"{API}/duty", {"on_duty": True}), 200)
    return people


def build(people, sockets, now_ms, ahead_ms):
    """A consultation in each state that has a timer; for the appointment one for each of its timers, so far ahead that the timer is due then."""
    cases = {state: TimerCase(people, state, kind, sockets, now_ms, ahead_ms) for state, kind in STATES if state != "scheduled"}
    for i, (name, ahead_s) in enumerate(APPOINTMENTS.items()):
        own = {**people, "requester": people[f"requester {i}"], "consultant": people[f"consultant {i}"]}
        want(own["consultant"].client().put(f"{API}/duty", {"on_duty": True}), 200)
        cases[name] = TimerCase(own, "scheduled", "live", sockets, now_ms, ahead_s * 1000 + ahead_ms)
        want(own["consultant"].client().put(f"{API}/duty", {"on_duty": False}), 200)
    return cases


def case_of(cases, name):
    return cases[name if name in APPOINTMENTS else RULES[name][0]]


def due_now(gateway):
    return {(r["consultation_id"], r["kind"]): r["due_ms"] for r in gateway.sql("SELECT consultation_id, kind, due_ms FROM consultation_timer")}


def fired(gateway, case, name, since_ms):
    """How often the timer has caused what it causes since then, by the audit trail; None for a reminder that leaves no row there."""
    _, _, _, event, _ = RULES[name]
    if event:
        return gateway.sql("SELECT count(*) AS n FROM audit WHERE consultation_id=? AND action=? AND actor_id IS NULL AND at_ms>?", case.id, f"consultation.{event}", since_ms)[0]["n"]
    overdue = gateway.sql("SELECT count(*) AS n FROM audit WHERE consultation_id=? AND action='consultation.overdue' AND reason_code=? AND at_ms>?", case.id, name, since_ms)[0]["n"]
    return overdue or None


# ---- killed in the wait ----

SHORT_S = 14  # reminders; what ends a state two seconds later, so that each is seen


def restarted():
    short = {name: {"urgent": SHORT_S + 2 * bool(RULES[name][3])} for name in RULES if RULES[name][1] in ("ENTRY", "CRITICAL")}
    gateway = world.start(network({"timers": {**short, "appointment-missed": {"urgent": 1}}}), "--interrupted_after_s", "1")
    sockets = Sockets()
    try:
        people = sign_in(gateway, network({}))
        cases = build(people, sockets, lambda: int(time.time() * 1000), SHORT_S * 1000)
        before = due_now(gateway)
        set_for = {name: before.get((case_of(cases, name).id, name)) for name in RULES}
        checks.ok(len(RULES) >= 29 and all(set_for.values()), f"{len(RULES)} timers run", [n for n, due in set_for.items() if not due])
        now = int(time.time() * 1000)
        checks.ok(min(due for n, due in set_for.items() if due) > now, "all of them are in their wait", f"{(min(set_for.values()) - now) / 1000:.1f} s left of the first")
        gateway.kill()
        killed_ms = int(time.time() * 1000)
        gateway.start()
        up_ms = int(time.time() * 1000)
        watch(gateway, cases, set_for, killed_ms, up_ms)
    finally:
        sockets.end()
        code, log = gateway.stop()
    checks.ok(code == 0 and "Sanitizer" not in log, "SIGTERM ends it cleanly", code)


def once_and_in_time(due, up_ms, at, count, then, comes_again):
    """Due and seen to have fired (at), with up_ms the end of the restart; count: how often by the audit trail; then: when it is due next."""
    in_time = max(due, up_ms - 1000) <= at <= max(due, up_ms) + LATE_MS
    return in_time and count in (None, 1) and (not comes_again or (then is not None and then >= due + 2000))


def controls():
    good = {"due": 100000, "up_ms": 90000, "at": 100500, "count": 1, "then": 114000, "comes_again": True}
    checks.ok(once_and_in_time(**good), "control: a timer that fires as it should")
    for what, change in (("too early", {"at": 99000}), ("too late", {"at": 103000}), ("twice", {"count": 2}), ("never", {"count": 0}), ("a reminder that does not come again", {"then": None})):
        checks.ok(not once_and_in_time(**{**good, **change}), f"control: {what} is seen")


def watch(gateway, cases, set_for, killed_ms, up_ms):
    """Looks ten times a second until every timer must have fired, and a little on."""
    seen, end = {}, max(due for n, due in set_for.items() if n not in BY_RESTART) + LATE_MS + 1500
    while time.time() * 1000 < end:
        now_due, now = due_now(gateway), int(time.time() * 1000)
        for name, due in set_for.items():
            if now_due.get((case_of(cases, name).id, name)) != due and name not in seen:
                seen[name] = (now, now_due.get((case_of(cases, name).id, name)))
        time.sleep(0.1)
    for name, (_, _, _, event, again) in RULES.items():
        case, due = case_of(cases, name), set_for[name]
        if name in BY_RESTART:
            checks.ok(name in seen and seen[name][0] <= up_ms + LATE_MS and fired(gateway, case, name, killed_ms) in (None, 0), f"{name}: nobody waits for it after the restart", seen.get(name))
            continue
        if name not in seen:
            checks.ok(False, f"{name}: fires after the restart")
            continue
        at, then = seen[name]
        right = once_and_in_time(due, up_ms, at, fired(gateway, case, name, killed_ms), then, event is None and again)
        checks.ok(right, f"{name}: fires after the restart, once, at its time", f"{(at - due) / 1000:+.1f} s")


# ---- the clock is set ----

def clock_set():
    clock = world.Clock()
    gateway = world.start(network({}), "--interrupted_after_s", "1", "--session_idle_s", "86400", "--session_absolute_s", "604800", environment=clock.environment)
    sockets = Sockets()
    try:
        people = sign_in(gateway, network({}))
        began_ms = clock.now_ms()
        cases = build(people, sockets, clock.now_ms, 60000)
        dues = {name: due_now(gateway).get((case_of(cases, name).id, name)) for name in RULES}
        defaults(gateway, cases, dues)
        checks.ok(all(dues.values()), f"{len(dues)} timers run", [n for n, due in dues.items() if not due])
        back(gateway, clock, cases, dues)
        for group in groups(dues):
            step(gateway, clock, cases, group, began_ms)
    finally:
        sockets.end()
        clock.end()
        code, log = gateway.stop()
    checks.ok(code == 0 and "Sanitizer" not in log, "SIGTERM ends it cleanly", code)


def defaults(gateway, cases, dues):
    wrong = []
    for name, (_, base, seconds, _, _) in RULES.items():
        row = gateway.sql("SELECT state_since_ms, scheduled_from_ms, critical_ms FROM consultation WHERE id=?", case_of(cases, name).id)[0]
        since = {"ENTRY": row["state_since_ms"], "APPOINTMENT": row["scheduled_from_ms"], "CRITICAL": row["critical_ms"]}.get(base)
        if since is not None and dues[name] != since + seconds * 1000:
            wrong.append(f"{name}: {(dues[name] or 0) - since} ms, {seconds} s in the table")
    checks.ok(not wrong, "each is set for the time of the table", wrong)


def unfired(gateway, cases, names_due):
    now = due_now(gateway)
    return [name for name, due in names_due.items() if now.get((case_of(cases, name).id, name)) != due]


def back(gateway, clock, cases, dues):
    clock.jump(-7200)
    time.sleep(2)
    checks.ok(not (early := unfired(gateway, cases, dues)), "the clock is set back two hours: nothing fires, nothing is lost", early)
    clock.jump(7200)


def groups(dues):
    """Timers that are due within ten seconds of each other, the first first."""
    made = []
    for name, due in sorted(dues.items(), key=lambda item: item[1]):
        if made and due - min(made[-1].values()) < 10000:
            made[-1][name] = due
        else:
            made.append({name: due})
    return made


def step(gateway, clock, cases, group, began_ms):
    first, last = min(group.values()), max(group.values())
    if clock.now_ms() < first - 4000:
        clock.jump((first - 3000 - clock.now_ms()) / 1000)
        time.sleep(0.3)
        early = unfired(gateway, cases, group)
        checks.ok(clock.now_ms() >= first or not early, f"{', '.join(group)}: not before", early)
    if clock.now_ms() < last + 500:
        clock.jump((last + 500 - clock.now_ms()) / 1000)
    end = time.time() + 6
    while time.time() < end and set(unfired(gateway, cases, group)) != set(group):
        time.sleep(0.1)
    late = [n for n in group if n not in unfired(gateway, cases, group)]
    time.sleep(1.2)  # one more round
    counts = {n: fired(gateway, case_of(cases, n), n, began_ms) for n in group}
    now = due_now(gateway)
    twice = [n for n, count in counts.items() if count not in (None, 1)]
    again = [n for n in group if RULES[n][3] is None and RULES[n][4] and (now.get((case_of(cases, n).id, n)) or 0) <= clock.now_ms()]
    checks.ok(not late and not twice and not again, f"{', '.join(group)}: at the time of the table, once", (late, twice, again))


controls()
restarted()
clock_set()
print(f'figures: {{"timers": {len(RULES)}}}', flush=True)
checks.end()
