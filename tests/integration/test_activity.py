#!/usr/bin/python3
"""The activity statement of a partnership: some dozens of consultations and referrals are brought about over the real interface on two
days and under two versions of the agreement, counted here as they happen, and compared cell by cell with what the manager is shown.
An opinion amended on the second day is still one service of the first."""
import json
import os
import random
import sys
import time
from collections import Counter, defaultdict
from datetime import datetime, timedelta

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), folder) for folder in ("lib", "../domain")]
import world  # noqa: E402
from cases import Person, want  # noqa: E402
from gateway import PYDICOM, Checks, WebSocket  # noqa: E402

API = "/api/v1"
REASON = {"reason_code": "test", "reason_text": "说明"}
CONSENT = {"referral": True, "sharing": True, "relation": "self", "method": "written"}
LONG = 86400 * 20
TERMS = {"timers": {"offer-deadline": {"routine": 2, "urgent": LONG}, "returned-close": {"urgent": LONG, "routine": LONG}}}
COUNTS = ("signed", "in_error", "accepted", "accepted_in_time", "returned", "declined", "expired")
SECRET = "示范患者甲子"
checks, rng = Checks(), random.Random(int(os.environ.get("TEST_SEED", "20261127")))


def directory(now):
    d = world.Directory()
    for code, level in (("T1", "township"), ("T2", "township"), ("K", "county"), ("L", "county"), ("V", "county")):
        d.organisation(code, level, world.SAME)
    for name, code, role in (("t1", "T1", "clinician"), ("t2", "T2", "clinician"), ("k1", "K", "specialist"), ("k2", "K", "specialist"), ("l1", "L", "specialist"), ("l2", "L", "specialist"),
                             ("coordinator", "L", "coordinator"), ("manager", "L", "manager"), ("referrals", "L", "referrals"), ("other", "K", "manager"), ("stranger", "V", "manager"), ("admin", "V", "admin")):
        d.person(name, code, role, "cardiology" if role == "specialist" else None)
    d.department("L")
    agreement = world.agreement(terms=TERMS, receives="L", now=now)
    agreement["clauses"].append({"number": "4.2", "member": "T1", "act": "refer", "text_zh": "接收下转患者"})
    d.partnership("HOME", "county-community", "loose", [("L", "lead"), ("K", "member"), ("T1", "member"), ("T2", "member")], agreements=[agreement])
    d.data["departments"].append({"organisation": "T1", "code": "general", "name_zh": "全科", "name_en": "General"})
    d.partnership("AWAY", "remote-network", "close", [("V", "lead"), ("T2", "spoke")], agreements=[world.agreement(now=now)])
    return d


class Ledger:
    """What was done, by cell and by day."""

    def __init__(self):
        self.day, self.version = 0, 1
        self.cells = defaultdict(Counter)          # (day, version, requester, consultant, kind, urgency)
        self.waits = defaultdict(lambda: defaultdict(list))
        self.submitted, self.kept = Counter(), Counter()
        self.referrals = defaultdict(Counter)      # (day, version, from, to, direction)

    def note(self, case, consultant, *what):
        key = (self.day, case.version, case.requester, consultant, case.kind, case.urgency)
        self.cells[key].update(what)
        return key

    def of(self, days):
        """Cells of these days together."""
        cells, waits = defaultdict(Counter), defaultdict(lambda: defaultdict(list))
        for (day, *key), counter in self.cells.items():
            if day in days and sum(counter.values()):
                cells[tuple(key)].update(counter)
        for (day, *key), lists in self.waits.items():
            for name, values in lists.items():
                if day in days:
                    waits[tuple(key)][name] += values
        return cells, waits


class Case:
    def __init__(self, requester, asked, kind="read", urgency="urgent"):
        self.requester, self.asked, self.kind, self.urgency, self.version = requester.upper(), asked, kind, urgency, ledger.version
        self.who = people[requester].client()
        request = {"complaint": "x", "question": "x", **({"modality": "imaging"} if kind == "read" else {})}
        made = want(self.who.post(f"{API}/consultations", {"specialty": "cardiology", "urgency": urgency, "kind": kind, "request": request, "target_organisation": ids[asked],
                                                           "patient": {"name": SECRET, "sex": "female", "birth_date": "1961-07-02"}}), 201)
        self.id = made["id"]
        if kind == "read":
            want(self.who.upload(self.id, os.path.join(PYDICOM, "CT_small.dcm")), 200)
        for scope in ("consultation", "imaging"):
            want(self.who.consent(self.id, scope), 200)
        self.act(requester, "submit")
        ledger.submitted[ledger.day] += 1

    def act(self, name, action, **body):
        return want(people[name].client().act(self.id, action, **{**REASON, **body}), 200)

    def get(self):
        return want(self.who.get(f"{API}/consultations/{self.id}"), 200)

    def accept(self, name, late=False, since=None):
        self.act(name, "accept")
        now = self.get()
        key = ledger.note(self, self.asked, "accepted", *([] if late else ["accepted_in_time"]))
        ledger.waits[key]["acceptance"].append(now["accepted_ms"] - (since or now["submitted_ms"]))
        return now

    def opinion(self, name):
        want(people[name].client().put(f"{API}/consultations/{self.id}/opinion", {"body": {"findings": "x", "diagnosis": "x"}}), 200)

    def sign(self, name, error=False):
        self.opinion(name)
        self.act(name, "sign")
        now = self.get()
        key = ledger.note(self, self.asked, "in_error" if error else "signed")
        if error:
            self.act(self.requester.lower(), "mark-error")
        else:
            ledger.kept[ledger.day] += 1
            ledger.waits[key]["opinion"].append(now["signed_ms"] - now["submitted_ms"])

    def session(self, name):
        """A live one: both come, and it ends."""
        sockets = [WebSocket(people[who].client()) for who in (self.requester.lower(), name)]
        for ws in sockets:
            ws.send({"type": "room.join", "consultation": self.id})
            ws.receive("room.state")
        end = time.time() + 10
        while self.get()["state"] != "in-session" and time.time() < end:
            time.sleep(0.1)
        self.act(name, "end")
        for ws in sockets:
            ws.close()


def simple(requester, doctor):
    case = Case(requester, doctor[0].upper())
    case.accept(doctor)
    case.sign(doctor)
    return case


def live(requester, doctor):
    case = Case(requester, doctor[0].upper(), "live")
    case.accept(doctor)
    case.session(doctor)
    case.sign(doctor)


def returned_first(requester, doctor):
    """Sent back, submitted once more, and then done: one service; the times begin with the second submission."""
    case = Case(requester, doctor[0].upper())
    case.act(doctor, "return")
    ledger.note(case, case.asked, "returned")
    case.act(requester, "submit")
    case.accept(doctor)
    case.sign(doctor)


def sent_back_for_good(requester, doctor):
    case = Case(requester, doctor[0].upper())
    case.accept(doctor)
    case.act(doctor, "return")
    ledger.note(case, case.asked, "returned")


def declined_by_both(requester, doctor):
    """Two specialists of one hospital: it has declined once."""
    case = Case(requester, doctor[0].upper())
    for n in (1, 2):
        case.act(f"{doctor[0]}{n}", "decline")
    ledger.note(case, case.asked, "declined")
    case.act(requester, "withdraw")


def handed_over(requester, doctor):
    case = Case(requester, doctor[0].upper())
    case.accept(doctor)
    case.act(doctor, "hand-over")
    since = gateway.sql("SELECT at_ms FROM audit WHERE consultation_id=? AND action='consultation.hand-over'", case.id)[0]["at_ms"]
    other = doctor[0] + ("2" if doctor[1] == "1" else "1")
    case.accept(other, since=since)
    case.sign(other)


def in_error(requester, doctor):
    case = Case(requester, doctor[0].upper())
    case.accept(doctor)
    case.sign(doctor, error=True)


def referred_up(requester, doctor):
    case = simple(requester, doctor)
    case.act(requester, "acknowledge", adopted="yes", told_patient=True)
    answer = want(case.who.act(case.id, "refer", to_organisation=ids["L"], department="cardiology", reason_code="severe", consent=CONSENT), 200)
    ledger.kept[ledger.day] -= 1
    found = gateway.sql("SELECT id FROM referral WHERE consultation_id=?", case.id)[0]["id"]
    ledger.referrals[(ledger.day, case.version, case.requester, "L", "up")]["sent"] += 1
    return case, found, answer


def act_on_referral(name, referral, action, **body):
    return want(people[name].client().post(f"{API}/referrals/{referral}/actions/{action}", body), 200)


def referrals():
    """One goes through to its return message, one is refused, one only sent; and one back down."""
    for end in ("return", "refuse", "wait"):
        case, referral, _ = referred_up("t1", "l1")
        counter = ledger.referrals[(ledger.day, case.version, "T1", "L", "up")]
        if end == "return":
            act_on_referral("referrals", referral, "accept", at_ms=clock.now_ms() + 3600000)
            act_on_referral("referrals", referral, "arrive")
            act_on_referral("referrals", referral, "return-message", outcome="improved", diagnosis="x", advice="x")
            counter.update(["arrived", "returned"])
        elif end == "refuse":
            act_on_referral("referrals", referral, "refuse", reason_code="no-capacity", reason_text="无床")
            counter["refused"] += 1
    down = want(people["referrals"].client().post(f"{API}/referrals", {"direction": "down", "urgency": "routine", "to_organisation": ids["T1"], "department": "general", "reason_code": "convalescent",
                                                                       "summary": "x", "diagnosis": "x", "patient": {"name": SECRET, "sex": "female", "birth_date": "1961-07-02"}, "consent": CONSENT}), 201)
    act_on_referral("referrals", down["id"], "send")
    ledger.referrals[(ledger.day, ledger.version, "L", "T1", "down")]["sent"] += 1


def late_and_expired():
    """The agreement gives two seconds; a coordinator is alarmed, and after the second alarm it expires."""
    late, lost = Case("t1", "K", urgency="routine"), Case("t2", "L", urgency="routine")
    events = lambda case: [r["action"] for r in gateway.sql("SELECT action FROM audit WHERE consultation_id=?", case.id)]  # noqa: E731
    end = time.time() + 30
    while "consultation.escalate" not in events(late) and time.time() < end:
        time.sleep(0.1)
    late.accept("k1", late=True)
    late.sign("k1")
    while "consultation.expire" not in events(lost) and time.time() < end:
        time.sleep(0.2)
    ledger.note(lost, "L", "expired")
    checks.ok("consultation.expire" in events(lost), "what nobody took has expired")


def statement(first, last, who="manager"):
    return want(people[who].client().get(f"{API}/partnerships/{partnership}/activity?from={first}&to={last}"), 200)


def code_of(organisation):
    return organisation and codes[organisation["id"]]


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2] if values else None


def rows_of(answer):
    return {(r["agreement_version"], code_of(r["requester"]), code_of(r["consultant"]), r["kind"], r["urgency"]): r for r in answer["rows"]}


def differences(cells, shown):
    return [f"{key}: {dict(cells.get(key, {}))} expected, shown {({k: shown[key][k] for k in COUNTS} if key in shown else None)}"
            for key in set(cells) | set(shown) if key not in shown or any(shown[key][k] != cells.get(key, {}).get(k, 0) for k in COUNTS)]


def compare(what, answer, days):
    cells, waits = ledger.of(days)
    shown = rows_of(answer)
    wrong = differences(cells, shown)
    checks.ok(not wrong and len(answer["rows"]) == len(cells), f"{what}: every cell is as counted here", f"{len(cells)} cells{'; ' + '; '.join(wrong[:3]) if wrong else ''}")
    wrong = [key for key, row in shown.items() for name in ("acceptance", "opinion") if row[f"{name}_median_ms"] != lower_median(waits[key][name])]
    checks.ok(not wrong, f"{what}: and its medians", wrong[:3])
    total = {k: sum(c[k] for c in cells.values()) for k in COUNTS}
    checks.ok(all(answer["total"][k] == total[k] for k in COUNTS), f"{what}: the total is the sum", answer["total"])
    every = {name: [v for lists in waits.values() for v in lists[name]] for name in ("acceptance", "opinion")}
    checks.ok(all(answer["total"][f"{name}_median_ms"] == lower_median(values) for name, values in every.items()), f"{what}: its medians are those of all, not of the cells", {n: len(v) for n, v in every.items()})
    checks.ok((answer["total"]["submitted"], answer["total"]["kept"]) == (sum(ledger.submitted[d] for d in days), sum(ledger.kept[d] for d in days)), f"{what}: submitted, and kept without a referral up", answer["total"])
    expected = defaultdict(Counter)
    for (day, *key), counter in ledger.referrals.items():
        if day in days:
            expected[tuple(key)].update(counter)
    got = {(r["agreement_version"], code_of(r["from"]), code_of(r["to"]), r["direction"]): {k: r[k] for k in ("sent", "arrived", "returned", "refused") if r[k]} for r in answer["referrals"]}
    got = {k: v for k, v in got.items() if v}
    checks.ok(got == {k: dict(v) for k, v in expected.items()}, f"{what}: referrals by pair", got)
    up_down = [sum(c["sent"] for k, c in expected.items() if k[3] == direction) for direction in ("up", "down")]
    checks.ok([answer["total"]["referred_up"], answer["total"]["referred_down"]] == up_down, f"{what}: up and down", up_down)


def one_day(more):
    work = [rng.choice((simple, simple, simple, returned_first, sent_back_for_good, declined_by_both, handed_over, in_error)) for _ in range(more)]
    work += [simple, returned_first, sent_back_for_good, declined_by_both, handed_over, in_error, live]
    rng.shuffle(work)
    for what in work:
        what(rng.choice(("t1", "t2")), rng.choice(("k1", "k2", "l1", "l2")))
    return len(work)


def refused(day):
    path = f"{API}/partnerships/{partnership}/activity"
    for who, status, code in (("t1", 403, "session.role"), ("k1", 403, "session.role"), ("coordinator", 403, "session.role"), ("other", 403, "partnership.not-lead"), ("stranger", 404, "partnership.unknown")):
        answer = people[who].client().get(path)
        checks.ok((answer[0], answer[1]["code"]) == (status, code), f"{who} is refused: {code}", answer[0])
    checks.ok(people["nobody"].client().get(path)[0] == 401, "nobody is asked to sign in")
    checks.ok(people["admin"].client().get(path)[0] == 200, "an admin counts as a manager")
    for query, field in (("from=2026-02-30", "/from"), ("from=x", "/from"), ("to=1", "/to"), (f"from={day}&to={day - timedelta(days=1)}", "/to"), (f"from={day - timedelta(days=366)}&to={day}", "/to")):
        answer = people["manager"].client().get(f"{path}?{query}")
        checks.ok((answer[0], answer[1].get("field")) == (422, field), f"{query}: {field}", answer[0])
    checks.ok(people["manager"].client().get(f"{path}?from={day - timedelta(days=365)}&to={day}")[0] == 200, "control: a year is answered")


def main():
    global people, ids, codes, gateway, partnership, ledger, clock
    clock = world.Clock(datetime.now(world.PLACE).replace(hour=10, minute=0, second=0) + timedelta(days=1))
    d = directory(clock.now())
    gateway = world.start(d, "--session_idle_s", "86400", "--session_absolute_s", "604800", "--created_per_day", "1000", "--connections_per_address", "500", environment=clock.environment)
    try:
        people = {name: Person(gateway, name, entry["account"]["roles"][0], "", entry) for name, entry in d.people.items()}
        people["nobody"] = Person(gateway, "nobody", "", "")
        codes = {r["id"]: r["code"] for r in gateway.sql("SELECT id, code FROM organisation")}
        ids = {code: id for id, code in codes.items()}
        partnership = gateway.sql("SELECT id FROM partnership WHERE code='HOME'")[0]["id"]
        ledger = Ledger()
        for name in ("k1", "k2", "l1", "l2"):
            want(people[name].client().put(f"{API}/duty", {"on_duty": True}), 200)
        days = [clock.now().date(), clock.now().date() + timedelta(days=1)]
        amended = simple("t1", "k1")
        count = 3 + one_day(18)
        late_and_expired()
        referrals()
        first = statement(days[0], days[0])
        compare("the first day", first, {0})
        checks.ok((first["money"], first["money_changes"]) == ("per-service", []), "a loose partnership settles per service", first["money"])
        settled = Counter()
        for row in first["rows"]:
            settled[code_of(row["requester"]), code_of(row["consultant"])] += row["signed"]
        stored = Counter((codes[r["f"]], codes[r["t"]]) for r in gateway.sql("SELECT c.requester_organisation_id f, c.consultant_organisation_id t FROM consultation c WHERE c.state <> 'entered-in-error' AND "
                                                                             "EXISTS (SELECT 1 FROM opinion o WHERE o.consultation_id = c.id AND o.status = 'signed')"))
        checks.ok(+settled == stored, "signed services by pair are the consultations with a signed opinion", dict(stored))
        clock.jump(80000)  # the morning after, within the idle time of a session
        manager = people["manager"].client()
        end = time.time() + 30
        while want(manager.get(f"{API}/partnerships/{partnership}/activity"), 200)["to"] != str(days[1]) and time.time() < end:
            time.sleep(0.2)  # until the gateway has looked at its clock
        ledger.day, ledger.version = 1, 2
        whole = want(manager.get(f"{API}/partnerships/{partnership}"), 200)
        agreement = world.agreement(version=2, begins=0, terms=TERMS, receives="L", now=clock.now())
        whole = want(manager.request("POST", f"{API}/partnerships/{partnership}/agreements", {k: agreement[k] for k in agreement if k != "version"}, {"If-Match": f'"{whole["version"]}"'}), 201)
        want(manager.request("PATCH", f"{API}/partnerships/{partnership}", {"money": "pooled"}, {"If-Match": f'"{whole["version"]}"'}), 200)
        for name in ("k1", "k2", "l1", "l2"):
            want(people[name].client().put(f"{API}/duty", {"on_duty": True}), 200)
        amended.act("k1", "amend")
        amended.opinion("k1")
        amended.act("k1", "sign")
        count += one_day(6)
        second = statement(days[1], days[1])
        compare("the second day", second, {1})
        checks.ok({r["agreement_version"] for r in second["rows"]} == {2}, "under the second version")
        checks.ok(second["money"] == "pooled" and [c["money"] for c in second["money_changes"]] == ["pooled"], "pooled since today", second["money_changes"])
        again = statement(days[0], days[0])
        checks.ok((again["rows"], again["total"]) == (first["rows"], first["total"]), "the first day's statement is what it was, although an opinion was amended since")
        both = statement(days[0], days[1])
        compare("both days", both, {0, 1})
        checks.ok({r["agreement_version"] for r in both["rows"]} == {1, 2} and len(both["rows"]) == len(first["rows"]) + len(second["rows"]), "the two versions stay apart", len(both["rows"]))
        counted = ledger.of({0, 1})[0]
        some = rng.choice(sorted(counted))
        counted[some]["signed"] += 1
        checks.ok(len(differences(counted, rows_of(both))) == 1, "control: one service more in one cell is seen", some)
        before = statement(days[0] - timedelta(days=30), days[0] - timedelta(days=1))
        checks.ok(before["rows"] == [] and before["referrals"] == [] and before["total"]["signed"] == 0 and before["total"]["acceptance_median_ms"] is None, "control: nothing happened before")
        default = want(manager.get(f"{API}/partnerships/{partnership}/activity"), 200)
        checks.ok((default["from"], default["to"]) == (str(days[1].replace(day=1)), str(days[1])), "without dates: this month until today", default["from"])
        text = json.dumps(both, ensure_ascii=False)
        checks.ok(SECRET not in text and "1961" not in text and not any(r["number"] in text for r in gateway.sql("SELECT number FROM consultation")), "no patient and no case is in it", len(text))
        checks.ok(count >= 30, f"{count} consultations and more")
        refused(days[1])
    finally:
        clock.end()
        code, log = gateway.stop()
    checks.ok(code == 0, "SIGTERM ends it cleanly", code)
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    checks.end()


main()
