#!/usr/bin/python3
"""The access matrix: mode x type x region x specialty x agreement x kind, and mode x type x role x relation x state x question x agreement,
asked over the real interface of people who are signed in, against table.py. Every state, relation and question meets at least once;
in which partnership, by which of several people and what else is drawn (TEST_SEED); TEST_DOMAIN=--full asks all cells."""
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import table  # noqa: E402
import world  # noqa: E402
from cases import API, CASES, Case, Person, Sockets, want  # noqa: E402
from gateway import PYDICOM, Checks  # noqa: E402

FULL = "--full" in os.environ.get("TEST_DOMAIN", "")
SEED = int(os.environ.get("TEST_SEED", "20261127"))
THREADS = 6
LONG = 86400 * 20
WAITS = ("offer-deadline", "ready-missed", "triage-deadline", "accepted-deadline", "appointment-missed", "interrupted-hold", "returned-close")
TERMS = {"approval": True, "triage": True, "second_reader": ["read"], "review_percent": 100,
         "timers": {**{t: {"urgent": LONG, "stat": LONG} for t in WAITS}, "offer-deadline": {"urgent": LONG, "stat": LONG, "routine": 5}, "ready-missed": {"urgent": LONG, "routine": LONG, "stat": 2},
                    "archive-due": {"urgent": LONG, "stat": LONG, "routine": 1}}}
checks, rng = Checks(), random.Random(SEED)


# ---- the world ----

AT_R = [("requester", "clinician"), ("colleague", "clinician"), ("coordinator R", "coordinator"), ("approver R", "approver"), ("reviewer R", "reviewer"), ("manager R", "manager"),
        ("referrals R", "referrals")]
AT_C = [("consultant", "specialist"), ("candidate", "specialist"), ("declined", "specialist"), ("verifier", "specialist"), ("member", "specialist"), ("guest", "clinician"), ("observer", "clinician"),
        ("coordinator C", "coordinator"), ("reviewer C", "reviewer"), ("approver C", "approver"), ("manager C", "manager"), ("referrals C", "referrals")]
AT_L = [("coordinator L", "coordinator"), ("reviewer L", "reviewer"), ("manager L", "manager")]
AT_U = [("clinician U", "clinician"), ("specialist U", "specialist"), ("coordinator U", "coordinator"), ("approver U", "approver"), ("reviewer U", "reviewer"),
        ("operator", "operator"), ("admin", "admin")]
ON_DUTY = {"consultant", "candidate", "declined", "specialist U"}
OF_COORDINATORS = {"see", "triage", "reject", "hand-over"}  # asked in each mode: which institutions have a say in it depends on that
GROUPS = [(mode, kind) for mode in world.MODES for kind in world.TYPES]


def staff(d, place, organisation, people):
    for name, role in people:
        specialty = None if role != "specialist" else "neurology" if name == "member" else "cardiology"
        d.person((place, organisation, name), organisation, role, specialty, "chief" if name == "verifier" else "attending")


def network(now):
    """One asking institution for each mode and type; those that answer and lead are shared by what the mode asks of them."""
    d = world.Directory()
    places = {}
    for shape, level, region in (("county", "county", world.SAME), ("city", "city", "990103"), ("away", "city", "880103")):
        places[shape] = (d.organisation(f"C-{shape}", level, region), d.organisation(f"L-{shape}", level, region))
        staff(d, "C", f"C-{shape}", AT_C)
        staff(d, "L", f"L-{shape}", AT_L)
        d.department(f"C-{shape}")
    d.organisation("U", "city", "990103")
    staff(d, "U", "U", AT_U)
    shapes = {"county-community": "county", "urban-group": "city", "specialty-alliance": "away", "remote-network": "away"}
    groups = []
    for mode, kind in GROUPS:
        asking = d.organisation(f"R-{mode}-{kind}", "township", world.SAME)
        staff(d, "R", asking, AT_R)
        asked, leading = places[shapes[mode]]
        lead, member, own = world.member_roles(mode)
        partnership = d.partnership(f"{mode}-{kind}", mode, kind, [(leading, lead), (asked, member), (asking, own)],
                                    agreements=[world.agreement(ends=0, terms=TERMS, receives=asked, now=now)])  # its last day is this one
        groups.append((f"{mode} {kind}", partnership, {"R": asking, "C": asked, "L": leading, "U": "U"}))
    return d, groups, cells_of_rules(d, now)


def cells_of_rules(d, now):
    """One institution asks 192 others, each of which it knows by one partnership only."""
    asking = d.organisation("ASK", "township", world.SAME)
    d.person("asks", asking, "clinician")
    ends = {"in force": {}, "not begun": {"begins": 5}, "expired": {"ends": -1}, "membership ended": {}, "inactive": {}}
    cells = []
    for mode in world.MODES:
        for kind in world.TYPES:
            for region in ("same", "other"):
                for covered in (True, False):
                    for state in table.OF_AGREEMENT:
                        code = f"X{len(cells)}"
                        level = "county" if mode == "county-community" else "city"
                        asked = d.organisation(code, level, world.SAME if region == "same" else world.OTHER)
                        d.person(code, asked, "specialist", "cardiology", account=False)
                        lead, _, own = world.member_roles(mode)
                        until = world.day(-2, now) if state == "membership ended" else None
                        d.partnership(code, mode, kind, [(asked, lead), (asking, own, until)], specialties=["cardiology" if covered else "neurology"],
                                      active=state != "inactive",
                                      agreements=[] if state == "none" else [world.agreement(services=("live", "read"), now=now, **ends[state])])
                        cells.append((mode, kind, region, covered, state, code))
    return cells


def sign_in(gateway, d, groups):
    """Everybody of each group by name; who stands in several is the same person."""
    wanted = {key: entry for key, entry in d.people.items() if isinstance(key, tuple)}
    roles = dict(AT_R + AT_C + AT_L + AT_U)
    with ThreadPoolExecutor(4) as pool:
        made = dict(zip(wanted, pool.map(lambda key: Person(gateway, key[2], roles[key[2]], key[0], wanted[key]), wanted)))
    for key, person in made.items():
        if key[2] in ON_DUTY:
            want(person.client().put(f"{API}/duty", {"on_duty": True}), 200)
    nobody = Person(gateway, "nobody", "", "")
    return [{"nobody": nobody, **{key[2]: p for key, p in made.items() if key[1] == places[key[0]]}} for _, _, places in groups]


# ---- the rules ----

def ask_rules(gateway, d, cells):
    asks = Person(gateway, "asks", "clinician", "R", d.people["asks"])
    ids = {r["code"]: r["id"] for r in gateway.sql("SELECT id, code FROM organisation")}
    wrong, outcomes = [], Counter()

    def one(job):
        (mode, kind, region, covered, state, code), service = job
        rule = table.expected_rule(mode, region, covered, state, service, ("live", "read"))
        client = asks.client()
        request = {"complaint": "x", "question": "x", **({"modality": "ecg"} if service == "read" else {})}
        made = want(client.post(f"{API}/consultations", {"specialty": "cardiology", "urgency": "urgent", "kind": service, "target_organisation": ids[code], "request": request,
                                                         "patient": {"name": "x", "sex": "male", "birth_date": "1950-01-01"}}), 201)
        want(client.consent(made["id"]), 200)
        if service == "read":
            want(client.upload(made["id"], os.path.join(PYDICOM, "CT_small.dcm")), 200)
        status, answer = client.act(made["id"], "submit")
        outcomes[rule or "allowed"] += 1
        if rule is None:
            used = answer.get("partnership") or {}
            good = status == 200 and answer["state"] == "offered" and used.get("mode") == mode and used.get("type") == kind and used.get("agreement_version") == 1
        else:
            good = status == 403 and answer["code"] == rule and gateway_state(client, made["id"]) == "draft"
        if not good:
            wrong.append(f"{mode}, {kind}, region {region}, specialty {'covered' if covered else 'not covered'}, agreement {state}, {service}: "
                         f"{rule or 'allowed'} expected, {status} {answer.get('code', answer.get('state'))}")

    jobs = [(cell, service) for cell in cells for service in ("live", "read", "mdt")]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, jobs))
    report("mode x type x region x specialty x agreement x kind", len(jobs), wrong)
    checks.ok(set(outcomes) == {"allowed", *table.REFUSALS}, "every answer of the rules was among them", dict(outcomes))
    return len(jobs)


def gateway_state(client, case):
    return want(client.get(f"{API}/consultations/{case}"), 200)["state"]


# ---- the cells ----

def report(what, count, wrong):
    for line in wrong[:40]:
        print("     ", line)
    checks.ok(count > 0 and not wrong, f"{what}: {count} cells", f"{len(wrong)} wrong")


def fits(status, answer, wanted):
    code = answer.get("code", "") if isinstance(answer, dict) else ""
    if wanted in ("allowed", "repeated"):
        return status in (200, 201, 204)
    if wanted == "401":
        return status == 401 and code == "session.required"
    if wanted == "404":
        return status == 404 and code.endswith(".unknown")
    if wanted == "403":
        return status == 403 and code in ("consultation.not-yours", "consent.not-yours")
    if wanted == "409":
        return status == 409 and code.split(".")[0] in ("consultation", "archive", "duty")
    return f"{status} {code}" == wanted


def changes(question, wanted):
    """Would the cell move the consultation on, or take its file away?"""
    return wanted == "allowed" and (question in table.ACTIONS or question == "remove a file")


def draw(groups, questions, rule, enough):
    """Cells (group, person, case key, question): one for every state, kind, relations, role gate and question, and more at random up to enough."""
    classes = {}
    for g, (_, people, cases) in enumerate(groups):
        for key, case in cases.items():
            for name, person in people.items():
                for question in questions:
                    wanted = table.expected(person, case, question, rule)
                    if not changes(question, wanted):
                        sort = (key, question, frozenset(table.relations(person, case, rule)), wanted, case.mode if person.role == "coordinator" and question in OF_COORDINATORS else "")
                        classes.setdefault(sort, []).append((g, name, key, question))
    every = [cell for cells in classes.values() for cell in cells]
    if FULL:
        return every
    chosen = {rng.choice(cells) for cells in classes.values()}
    chosen |= set(rng.sample(every, min(len(every), max(0, enough - len(chosen)))))
    return sorted(chosen)


def probe(groups, cells, rule):
    """Asks the cells; those of one person one after the other on one connection."""
    wrong, by_person = [], {}
    for g, name, key, question in cells:
        by_person.setdefault((g, name), []).append((key, question))

    def one(job):
        (g, name), asked = job
        label, people, cases = groups[g]
        for key, question in asked:
            case, person = cases[key], people[name]
            wanted = table.expected(person, case, question, rule)
            status, answer = case.ask(person, question)
            if not fits(status, answer, wanted):
                wrong.append(f"{label}, {case}, {person}, {question}: {wanted} expected, {status} {answer.get('code', answer.get('state', '')) if isinstance(answer, dict) else ''}")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, by_person.items()))
    return wrong


def unmoved(gateway, groups):
    now = {r["id"]: r["state"] for r in gateway.sql("SELECT id, state FROM consultation")}
    moved = [f"{label}, {case}: {now[case.id]}" for label, _, cases in groups for case in cases.values() if now[case.id] != case.state]
    checks.ok(not moved, "and nothing that was refused has moved a consultation", moved[:5])


def matrix(gateway, groups, what, questions, rule, enough):
    cells = draw(groups, questions, rule, enough)
    report(what, len(cells), probe(groups, cells, rule))
    unmoved(gateway, groups)
    return len(cells)


# ---- what is allowed is done, each on a consultation of its own ----

def allowed_cells(groups):
    """One of each (state, kind, question, relation); in whichever group."""
    found = {}
    for g, (_, people, cases) in enumerate(groups):
        for key, case in cases.items():
            for name, person in people.items():
                for question in table.QUESTIONS:
                    if changes(question, table.expected(person, case, question)):
                        for relation in table.relations(person, case):
                            found.setdefault((key, question, relation), []).append((g, name))
    return sorted((key, question, relation, *rng.choice(who)) for (key, question, relation), who in found.items())


def do_allowed(groups, sockets):
    wrong = []

    def one(cell):
        key, question, relation, g, name = cell
        label, people, _ = groups[g]
        case = Case(people, *key, sockets, GROUPS[g][0])
        wanted = table.expected(people[name], case, question)
        status, answer = case.ask(people[name], question)
        if not fits(status, answer, wanted):
            wrong.append(f"{label}, {case}, {people[name]} as {relation}, {question}: {status} {answer}")

    cells = allowed_cells(groups)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, cells))
    report("what is allowed is done", len(cells), wrong)
    return len(cells)


# ---- control ----

def a_wrong_table_is_seen(groups):
    """The same questions against a table in which a candidate may read the audit, and a reviewer is nobody."""
    kept = dict(table.READS)
    table.READS["audit"] = (table.CARE, table.SEES, None)
    table.READS["see"] = (table.CARE, table.IN_ROOM - {"coordinator"}, None)
    cells = [(g, name, key, q) for g, name, key, q in draw(groups[:1], ["audit", "see"], None, 0)]
    wrong = probe(groups[:1], cells, None)
    table.READS.update(kept)
    checks.ok(any("audit" in w for w in wrong) and any("see" in w for w in wrong), "control: a table that is wrong in two cells is found out", f"{len(wrong)} of {len(cells)}")


def main():
    began = time.time()
    clock = world.Clock((datetime.now(world.PLACE) + timedelta(days=1)).replace(hour=12, minute=0, second=0))  # noon: the day does not end meanwhile
    d, found, rules = network(clock.now())
    gateway = world.start(d, "--connections_per_address", "2000", "--created_per_day", "100000", "--interrupted_after_s", "1", "--session_idle_s", "86400", "--session_absolute_s", "604800",
                          "--interrupted_hold_s", "86400", "--accepted_s", "604800", environment=clock.environment)
    sockets = Sockets()
    total = 0
    try:
        everybody = sign_in(gateway, d, found)
        print(f"      {len(d.people)} people signed in, {time.time() - began:.0f} s", flush=True)
        total += ask_rules(gateway, d, rules)
        with ThreadPoolExecutor(4) as pool:
            jobs = [(g, key) for g in range(len(found)) for key in CASES]
            made = list(pool.map(lambda job: Case(everybody[job[0]], *job[1], sockets, GROUPS[job[0]][0]), jobs))
        groups = [(found[g][0], everybody[g], {key: case for (h, key), case in zip(jobs, made) if h == g}) for g in range(len(found))]
        checks.ok(len(made) == len(GROUPS) * len(CASES), f"{len(made)} consultations, in each mode and type one in each state", f"{time.time() - began:.0f} s")
        total += matrix(gateway, groups, "mode x type x role x relation x state x question", table.QUESTIONS, None, 9000)
        a_wrong_table_is_seen(groups)
        total += do_allowed(groups, sockets)
        print(f"      {time.time() - began:.0f} s", flush=True)
        again = ["see", "decline", "opinions", *sorted(table.NEEDS_RULES), "schedule"]  # what was begun goes on between the parties; who is asked is out, and what asks the partnership again is refused
        for what, rule, spoil in (("membership ended", "rule.membership-ended", lambda p: p["members"][2].update(until=world.day(-1, clock.now()))),
                                  ("partnership inactive", "rule.partnership-inactive", lambda p: (p["members"][2].pop("until"), p.update(active=False)))):
            for _, partnership, _ in found:
                spoil(partnership)
            world.change(gateway, d)
            total += matrix(gateway, groups, f"after it was accepted: {what}", again, rule, 0)
        for _, partnership, _ in found:
            partnership.update(active=True)
        world.change(gateway, d)
        total += matrix(gateway, groups, "and again in force", sorted(table.NEEDS_RULES), None, 0)
        clock.set(clock.now().replace(hour=0, minute=0, second=5) + timedelta(days=1))
        total += matrix(gateway, groups, "after it was accepted: agreement expired", again, "rule.agreement-not-in-force", 0)
        checks.ok(total >= 5000, f"{total} cells in all, seed {SEED}", f"{time.time() - began:.0f} s")
        print(f'figures: {{"cells": {total}, "of_rules": {len(rules) * 3}, "consultations": {len(made)}, "people": {len(d.people)}, "seed": {SEED}}}', flush=True)
    finally:
        sockets.end()
        clock.end()
        code, log = gateway.stop()
    checks.ok(code == 0, "SIGTERM ends it cleanly", code)
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    checks.end()


main()
