#!/usr/bin/python3
"""One record or released for each consultation: mode x type x switch x state of the earlier one x state of the present one x relation x consent
x identity x agreement, asked over the real interface of those who treat a patient now, against table.opens(). The present one is asked by
another institution and answered by another hospital than the earlier one; the controls are those who were there before."""
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, datetime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import table  # noqa: E402
import world  # noqa: E402
from cases import API, REASON, Person, want  # noqa: E402
from gateway import PYDICOM, Checks  # noqa: E402

checks = Checks()
LONG = 86400 * 20
TERMS = {"timers": {**{t: {"urgent": LONG} for t in ("offer-deadline", "accepted-deadline", "returned-close")}, "archive-due": {"urgent": LONG, "routine": 1}}}
# switch: None = as the type has it
GROUPS = [(mode, kind, None) for mode in world.MODES for kind in world.TYPES] + [("county-community", "close", "released"), ("specialty-alliance", "loose", "continuous")]
# who treats the patient: (name, place); where they sit decides what they were before
PEOPLE = [("past requester", "R1", "clinician"), ("past colleague", "R1", "clinician"), ("past consultant", "C", "specialist"), ("its colleague", "C", "specialist"),
          ("requester", "R2", "clinician"), ("bystander", "R2", "clinician"), ("consultant", "D", "specialist"), ("member", "D", "specialist")]
PAST = ["reporting", "signed", "acknowledged", "closed", "archived", "amended", "entered-in-error"]
PRESENT = ["draft", "offered", "accepted", "closed", "withdrawn"]
# name: (past state, present state, who asks now, who answers now, what is otherwise)
STORIES = {**{f"past {s}": (s, "accepted", "requester", "consultant", "") for s in PAST}, **{f"present {s}": ("signed", s, "requester", "consultant", "") for s in PRESENT},
           "the same hospital": ("signed", "accepted", "requester", "its colleague", ""), "the same township": ("signed", "accepted", "past colleague", "consultant", ""),
           "consent withdrawn then": ("signed", "accepted", "requester", "consultant", "past consultation"), "consent put off then": ("signed", "accepted", "requester", "consultant", "past deferred"), "a life in danger now": ("signed", "accepted", "requester", "consultant", "present deferred"),
           "consent withdrawn now": ("signed", "acknowledged", "requester", "consultant", "present consultation"),
           "images not shared": ("signed", "accepted", "requester", "consultant", "past imaging"), "images not shared, own": ("signed", "accepted", "past colleague", "consultant", "past imaging"),
           "another name": ("signed", "accepted", "requester", "consultant", "name"), "another number": ("signed", "accepted", "requester", "consultant", "number"),
           "another document": ("signed", "accepted", "requester", "consultant", "type"), "no number": ("signed", "accepted", "requester", "consultant", "none")}


class Reader:
    def __init__(self, place, parts):
        self.place, self.parts = place, parts


class Consultation:
    """A read, brought into its state; patient: (type, number, name)."""

    def __init__(self, people, asks, answers, state, patient, mdt=False, deferred=False):
        self.people, self.state, self.patient, self.signed = people, state, patient, False
        self.asks, self.answers = asks, answers
        self.consents = {"imaging"} if deferred else {"consultation", "imaging"}
        self.deferred = deferred  # stat: the patient's consent follows
        self.parties = (people[asks].place, people[answers].place)
        kind, number, name = patient
        client = people[asks].client()
        self.id = want(client.post(f"{API}/consultations", {
            "specialty": "cardiology", "urgency": "routine" if state == "archived" else "stat" if deferred else "urgent", "kind": "mdt" if mdt else "read", "target_organisation": people[answers].organisation,
            "patient": {"name": name, "sex": "female", "birth_date": "1961-07-02", "id_type": kind, **({"id_number": number} if number else {})},
            "request": {"complaint": "x", "question": "以前做过什么？", **({} if mdt else {"modality": "ecg"})},
            **({"consent_deferred": "昏迷，家属未到"} if deferred else {})}), 201)["id"]
        self.attachment = want(client.upload(self.id, os.path.join(PYDICOM, "CT_small.dcm")), 200)["attachment"]["id"]
        for scope in sorted(self.consents):
            want(client.consent(self.id, scope), 200)
        self.bring(state)

    def act(self, name, action, **body):
        return want(self.people[name].client().act(self.id, action, **{**REASON, **body}), 200)

    def sign(self):
        want(self.people[self.answers].client().put(f"{API}/consultations/{self.id}/opinion", {"body": {"findings": "x", "diagnosis": "陈旧性心梗"}}), 200)
        self.act(self.answers, "sign")
        self.signed = True

    def bring(self, state):
        if state == "draft":
            return
        self.act(self.asks, "submit")
        if state in ("offered", "withdrawn"):
            return self.act(self.asks, "withdraw") if state == "withdrawn" else None
        self.act(self.answers, "accept")
        if state in ("accepted", "reporting"):
            return None
        self.sign()
        if state == "amended":
            self.act(self.answers, "amend")
        if state == "entered-in-error":
            self.act(self.asks, "mark-error")
        if state in ("acknowledged", "closed", "archived"):
            self.act(self.asks, "acknowledge", adopted="yes", told_patient=True)
        if state in ("closed", "archived"):
            self.act(self.asks, "close")
        end = time.time() + 20
        while state == "archived" and want(self.people[self.asks].client().get(f"{API}/consultations/{self.id}"), 200)["state"] != state and time.time() < end:
            time.sleep(0.3)
        return None

    def withdraw_consent(self, scope):
        want(self.people[self.asks].client().consent(self.id, scope, False), 200)
        self.consents.discard(scope)


class Story:
    number = 0

    def __init__(self, people, name):
        past_state, present_state, asks, answers, other = STORIES[name]
        Story.number += 1
        patient = ("other", f"E-{Story.number:05d}", "示范患者己")
        changed = {"name": ("other", patient[1], "示范患者庚"), "number": ("other", patient[1] + "X", patient[2]), "type": ("passport", patient[1], patient[2])}.get(other, patient)
        if other == "none":
            patient = changed = ("none", None, patient[2])
        self.name = name
        self.past = Consultation(people, "past requester", "past consultant", past_state, patient, deferred=other == "past deferred")
        self.present = Consultation(people, asks, answers, present_state, changed, mdt=name == "past closed", deferred=other == "present deferred")
        if name == "past closed":
            self.present.act(answers, "enlist", account=people["member"].account)
        if other.startswith("past ") and not self.past.deferred:
            self.past.withdraw_consent(other[5:])
        if other.startswith("present ") and not self.present.deferred:
            self.present.withdraw_consent(other[8:])

    def parts(self, name):
        """Relations to the present one."""
        here = self.present
        taken = here.state not in ("draft", "offered", "withdrawn")
        return ({"requester"} if name == here.asks else set()) | ({"consultant"} if name == here.answers and taken else set()) | ({"member"} if name == "member" and self.name == "past closed" else set())


def network(now):
    d = world.Directory()
    groups = []
    for i, (mode, kind, scope) in enumerate(GROUPS):
        level = "county" if mode == "county-community" else "city"
        codes = {"R1": f"R1-{i}", "R2": f"R2-{i}", "C": f"C-{i}", "D": f"D-{i}", "L": f"L-{i}"}
        for place, code in codes.items():
            d.organisation(code, "township" if place[0] == "R" else level, world.SAME)
        for name, place, role in PEOPLE:
            d.person((i, name), codes[place], role, None if role == "clinician" else "cardiology")
        lead, member, own = world.member_roles(mode)
        more = {"record_scope": scope} if scope else {}
        agreement = world.agreement(ends=0, terms=TERMS, now=now)
        agreement["clauses"] = [{"number": "5.1", "member": None, "act": "see", "text_zh": "成员之间查阅病历"}]
        groups.append(d.partnership(f"G-{i}", mode, kind, [(codes["L"], lead), (codes["C"], member), (codes["D"], member), (codes["R1"], own), (codes["R2"], own)], agreements=[agreement], **more))
    return d, groups


def ask(story, person):
    """What this person gets of the past one, and what is never given this way."""
    client, at = person.client(), f"{API}/consultations/{story.past.id}"
    opinions, files = client.get(f"{at}/opinions"), client.get(f"{at}/attachments")
    listed = client.get(f"{API}/consultations/{story.present.id}/earlier")
    found = next((e for e in listed[1].get("earlier", []) if e["id"] == story.past.id), None) if listed[0] == 200 else None
    never = [client.get(f"{at}{path}")[0] for path in ("", "/audit", "/recordings", "/archive", "/way")] + [client.get(f"{API}/attachments/{story.past.attachment}/{what}")[0] for what in ("thumbnail", "content")]
    return opinions, files, listed, found, never


def fits(wanted, story, reader, answer):
    opinions, files, listed, found, never = answer
    may_list = bool(reader.parts) and story.present.state in table.WAITING | table.RUNNING | table.REPORTED
    right = [all(status == 404 for status in never), (listed[0] == 200) == may_list, (found is not None) == (wanted != "nothing")]
    if wanted == "nothing":
        return all(right + [opinions[0] == 404, files[0] == 404])
    if found is None or files[0] not in (200, 403):
        return False
    right += [opinions[0] == 200 and len(opinions[1]["opinions"]) >= 1 and "identity_salt" not in opinions[1]["opinions"][0], found["diagnosis"] == "陈旧性心梗" and not found["whole"]]
    if wanted == "opinions":
        return all(right + [files[0] == 403 and files[1]["code"] == "consent.imaging", found["attachments"] == [] and not found["files_shared"]])
    return all(right + [files[0] == 200 and len(files[1]["attachments"]) == 1 and found["attachments"] == files[1]["attachments"]])


def continuous(group):
    _, kind, scope = group
    return scope == "continuous" if scope else kind == "close"


def matrix(everybody, stories, what, rule, deny=()):
    """deny: places that the refusal is about; None: everybody."""
    wrong, count, opened = [], 0, 0

    def one(g):
        nonlocal count, opened
        for story in stories[g]:
            for name, place, _ in PEOPLE:
                if name in ("past requester", "past consultant"):
                    continue                                     # theirs it is, whatever is now: tests/domain/test_matrix.py
                reader = Reader(place, story.parts(name))
                wanted = table.opens(reader, story.past, story.present, continuous(GROUPS[g]), rule)
                answer = ask(story, everybody[g][name])
                count += 1
                opened += wanted != "nothing"
                if not fits(wanted, story, reader, answer):
                    wrong.append(f"{GROUPS[g]}, {story.name}, {name}: {wanted} expected; opinions {answer[0][0]}, files {answer[1][0]}, list {answer[2][0]} {answer[2][1].get('code', '')}, found {answer[3] is not None}, never {answer[4]}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(len(GROUPS))))
    for line in wrong[:20]:
        print("     ", line)
    checks.ok(not wrong and opened > 0 and opened < count, f"{what}: {count} cells, {opened} of them open", f"{len(wrong)} wrong")
    return count, wrong


def sentences(everybody, stories):
    """The clause is named where records are released, and it is the same sentence where nothing is kept back."""
    said = {}
    for g, group in enumerate(GROUPS):
        for name in ("past signed", "another number"):
            story = next(s for s in stories[g] if s.name == name)
            said[group, name] = want(everybody[g]["requester"].client().get(f"{API}/consultations/{story.present.id}/earlier"), 200)["basis"]
    checks.ok(all(said[g, "past signed"] == said[g, "another number"] for g in GROUPS), "what is said tells nobody whether anything is kept back")
    checks.ok(all(said[g, "past signed"]["continuous"] == continuous(g) for g in GROUPS), "the switch of the present one's partnership is told")
    released = [said[g, "past signed"] for g in GROUPS if not continuous(g)]
    checks.ok(all(b["code"] == "rule.record-released" and "（协议第5.1条）" in b["zh"] and "clause 5.1" in b["en"] for b in released), "released: with the clause", released[0]["zh"])


def trail(gateway, everybody, stories):
    g = next(i for i, group in enumerate(GROUPS) if continuous(group))
    story = next(s for s in stories[g] if s.name == "past signed")
    rows = gateway.sql("SELECT actor_id, detail FROM audit WHERE consultation_id=? AND action='earlier.read'", story.past.id)
    checks.ok({r["actor_id"] for r in rows} == {everybody[g][n].account for n in ("requester", "consultant")} and all(story.present.id in r["detail"] for r in rows),
              "each reading is in the trail of the earlier one, with the present one", len(rows))
    document = everybody[g]["consultant"].client().get(f"{API}/consultations/{story.past.id}/opinions/1/document")
    other = everybody[g]["bystander"].client().get(f"{API}/consultations/{story.past.id}/opinions/1/document")
    checks.ok(document[0] == 200 and document[1][:5] == b"%PDF-" and other[0] == 404, "the printed report too, and to nobody who does not treat the patient", (document[0], other[0]))


def a_wrong_table_is_seen(everybody, stories):
    kept = table.opens
    table.opens = lambda reader, past, present, one, rule: kept(reader, past, present, True, rule)
    ok, checks.ok = checks.ok, lambda *_: True
    wrong = matrix(everybody, stories, "", None)[1]
    table.opens, checks.ok = kept, ok
    checks.ok(len(wrong) > 0, "control: a table in which every partnership keeps one record is found out", len(wrong))


def main():
    began = time.time()
    clock = world.Clock((datetime.now(world.PLACE) + timedelta(days=1)).replace(hour=12, minute=0, second=0))
    d, partnerships = network(clock.now())
    gateway = world.start(d, "--created_per_day", "10000", "--connections_per_address", "1000", "--session_idle_s", "86400", "--session_absolute_s", "604800", "--accepted_s", "604800", environment=clock.environment)
    total = 0
    try:
        with ThreadPoolExecutor(4) as pool:
            made = dict(zip(d.people, pool.map(lambda key: Person(gateway, key[1], "", next(p for n, p, _ in PEOPLE if n == key[1]), d.people[key]), d.people)))
        everybody = [{name: made[g, name] for name, _, _ in PEOPLE} for g in range(len(GROUPS))]
        for group in everybody:
            for name in ("past consultant", "its colleague", "consultant"):
                want(group[name].client().put(f"{API}/duty", {"on_duty": True}), 200)
        with ThreadPoolExecutor(4) as pool:
            stories = list(pool.map(lambda group: [Story(group, name) for name in STORIES], everybody))
        print(f"      {sum(len(s) for s in stories) * 2} consultations, {time.time() - began:.0f} s", flush=True)
        total += matrix(everybody, stories, "mode x type x switch x states x relation x consent x identity", None)[0]
        sentences(everybody, stories)
        trail(gateway, everybody, stories)
        a_wrong_table_is_seen(everybody, stories)
        for what, rule, spoil in (("the partnership has ended", "rule.partnership-inactive", lambda p: p.update(active=False)),
                                  ("the first institution has left", "rule.membership-ended", lambda p: (p.update(active=True), p["members"][3].update(until=world.day(-1, clock.now())))),
                                  ("the present one has left", "rule.membership-ended", lambda p: (p["members"][3].pop("until"), [p["members"][n].update(until=world.day(-1, clock.now())) for n in (2, 4)]))):
            for partnership in partnerships:
                spoil(partnership)
            world.change(gateway, d)
            total += matrix(everybody, stories, what, rule)[0]
        for partnership in partnerships:
            for n in (2, 4):
                partnership["members"][n].pop("until")
        world.change(gateway, d)
        total += matrix(everybody, stories, "control: and again in force", None)[0]
        clock.set(clock.now().replace(hour=0, minute=0, second=5) + timedelta(days=1))
        end = time.time() + 30
        while time.time() < end and everybody[0]["requester"].client().get(f"{API}/consultations/{stories[0][1].past.id}/opinions")[0] == 200:
            time.sleep(0.2)                                      # until the gateway has looked at its clock
        total += matrix(everybody, stories, "the agreement ended yesterday", "rule.agreement-not-in-force")[0]
        print(f'figures: {{"cells": {total}, "groups": {len(GROUPS)}}}', flush=True)
    finally:
        clock.end()
        code, log = gateway.stop()
    checks.ok(code == 0, "SIGTERM ends it cleanly", code)
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    checks.end()


main()
