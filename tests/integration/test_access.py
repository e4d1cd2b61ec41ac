#!/usr/bin/python3
"""Who may see and do what: every route x every person x every state of a consultation, over the real interface, against the
tables of lib/access_table.py. They are written from the rules, not from the answers; which roles and relations may use a route at all is
read from gateway/access.def, which is the whole set of routes (unit test of gateway/access.h). What is allowed and would change the state
is tried last, on consultations of its own."""
import hashlib
import itertools
import json
import os
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from access_table import (  # noqa: E402
    ACTIONS, BODY, GUARDED, LED, OF_A_CASE, REFER, REFERRALS, REFERRAL_STATES, RIGHTS, ROLES, ROUTES, STATES, STATES_OF, WRITERS, by_role, expected,
    expected_action, expected_consent, expected_referral, fits)
from gateway import PYDICOM, Checks, Gateway, WebSocket  # noqa: E402

# ---- the world ----

def world(gateway):
    """The demonstration network and the people that it lacks."""
    demo = gateway.demo
    login = {"requester": "demo.clinician1", "clinician elsewhere": "demo.clinician2", "consultant": "demo.specialist1", "guest": "demo.specialist2", "offered": "demo.specialist7",
             "specialist elsewhere": "demo.specialist5", "coordinator elsewhere": "demo.coordinator", "operator": "demo.operator", "admin": "demo.admin",
             "receiver": "demo.referrals", "receiver elsewhere": "demo.referrals2"}
    new = [("colleague", "DEMO-TOWN-1", "clinician", None), ("observer", "DEMO-CITY-1", "clinician", None), ("declined", "DEMO-CITY-1", "specialist", "cardiology"),
           ("coordinator asking", "DEMO-TOWN-1", "coordinator", None), ("coordinator answering", "DEMO-CITY-1", "coordinator", None),
           ("approver asking", "DEMO-TOWN-1", "approver", None), ("reviewer asking", "DEMO-TOWN-1", "reviewer", None), ("manager", "DEMO-CITY-1", "manager", None),
           ("manager elsewhere", "DEMO-COMMUNITY", "manager", None)]
    for i, (person, organisation, role, specialty) in enumerate(new):
        login[person] = f"demo.access{i}"
        demo["practitioners"].append(
            {"code": f"DEMO-A-{i}", "organisation": organisation, "name_zh": f"示范人员{i}", "name_en": f"Demo Person {i}", "title": "attending",
             "licence_no": f"DEMO-LIC-A{i}", "licensed_since": "2010-01-01", **({"specialties": [specialty]} if specialty else {}),
             "account": {"login": login[person], "roles": [role], "password": "demo-consult"}})
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=gateway.data, encoding="utf-8") as file:
        json.dump(demo, file, ensure_ascii=False)
        file.flush()
        gateway.run("import", os.path.join(gateway.build, "consultctl"), "import", file.name, "--data", gateway.data)
    return login


class Case:
    """A consultation brought into a state by its own people."""

    def __init__(self, state, attach=True, declines=True):
        requester, consultant = as_(people["requester"]), as_(people["consultant"])
        self.id = self.want(requester.draft(), 201)["id"]
        if attach:
            self.upload = self.want(requester.upload(self.id, os.path.join(PYDICOM, "CT_small.dcm")), 200)
            self.attachment = self.upload["attachment"]["id"] if isinstance(self.upload["attachment"], dict) else self.upload["attachment"]
        if state == "draft":
            return
        for scope in ("consultation", "imaging", "recording"):
            self.want(requester.consent(self.id, scope), 200)
        self.want(requester.act(self.id, "submit"), 200)
        if declines:
            self.want(as_(people["declined"]).act(self.id, "decline", **BODY["decline"]), 200)
        if state == "withdrawn":
            self.want(requester.act(self.id, "withdraw"), 200)
        if state in ("offered", "withdrawn"):
            return
        self.want(consultant.act(self.id, "accept"), 200)
        self.want(requester.act(self.id, "invite", **BODY["uninvite"]), 200)
        self.want(requester.consent(self.id, "teaching"), 200)
        self.want(consultant.act(self.id, "admit-observer", **BODY["dismiss-observer"]), 200)
        if state == "accepted":
            return
        self.want(consultant.consent(self.id, "recording", True, "consultant"), 200)
        self.join(requester, consultant)
        if state == "in-session":
            return
        self.want(consultant.act(self.id, "end"), 200)
        self.want(consultant.put(f"{API}/consultations/{self.id}/opinion", {"body": {"diagnosis": "x"}}), 200)
        if state == "awaiting-opinion":
            return
        self.want(consultant.act(self.id, "sign"), 200)
        if state == "signed":
            return
        self.want(requester.act(self.id, "acknowledge", **BODY["acknowledge"]), 200)
        self.want(requester.act(self.id, "close"), 200)

    @staticmethod
    def want(answer, status):
        if answer[0] != status:
            raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
        return answer[1]

    def join(self, *clients):
        for client in clients:
            ws = WebSocket(client)
            ws.send({"type": "room.join", "consultation": self.id})
            if ws.receive("room.state", "error")["type"] != "room.state":
                raise RuntimeError("room.join")
            sockets.append(ws)

    def recording(self):
        rows = gateway.sql("SELECT id FROM recording WHERE consultation_id=?", self.id)
        return rows[0]["id"] if rows else None


def referral_in(state):
    """A referral of REQUESTER's to CONSULTANT's institution; its last step is without what would take it further by accident."""
    requester, receiver = as_(people["requester"]), as_(people["receiver"])
    city = Case.want(receiver.get(f"{API}/session"), 200)["organisation"]["id"]
    made = Case.want(requester.post(f"{API}/referrals", {
        "to_organisation": city, "department": "cardiology", "summary": "x", "diagnosis": "x", "patient": {"name": "示范患者丁", "sex": "male"},
        "consent": {"referral": True, "sharing": True, "relation": "self", "method": "written"}}), 201)["id"]
    steps = [("sent", requester, "send", {}), ("accepted", receiver, "accept", {"at_ms": int(time.time() * 1000) + 3600000}), ("arrived", receiver, "arrive", {}),
             ("returned", receiver, "return-message", {"outcome": "improved", "diagnosis": "x", "advice": "x"})]
    if state != "draft":
        Case.want(requester.request("PATCH", f"{API}/referrals/{made}", {"reason_code": "severe"}), 200)
    for reached, client, action, body in steps[:REFERRAL_STATES.index(state)]:
        Case.want(client.post(f"{API}/referrals/{made}/actions/{action}", body), 200)
    return made


def referral_matrix():
    """Everybody, every state, every action; what is allowed and would change the state is tried on a referral of its own."""
    wrong, count, alone = [], 0, []
    cases = {state: referral_in(state) for state in REFERRAL_STATES}

    def one(what, wanted, client, method, path, body=None):
        nonlocal count
        count += 1
        status, answer = client.request(method, path, body)
        if not fits(status, answer, wanted):
            wrong.append(f"{what}: {wanted} expected, {status} {answer.get('code', '') if isinstance(answer, dict) else ''}")

    for state, id in cases.items():
        path = f"{API}/referrals/{id}"
        for person in ROLES:
            client = as_(people[person])
            one(f"{person}, {state}, GET", expected_referral(person, state, REFER, REFERRAL_STATES, None), client, "GET", path)
            one(f"{person}, {state}, way", expected_referral(person, state, REFER, REFERRAL_STATES, None), client, "GET", path + "/way")
            one(f"{person}, {state}, PATCH", expected_referral(person, state, WRITERS, {"draft"}, "sender"), client, "PATCH", path, {"summary": "y"})
            for action, (states, who) in REFERRALS.items():
                wanted = expected_referral(person, state, WRITERS, states, who)
                if wanted == "allowed" and action in ("withdraw", "arrive", "acknowledge-return"):
                    alone.append((person, state, action))
                else:
                    one(f"{person}, {state}, {action}", wanted, client, "POST", f"{path}/actions/{action}", {})
    for person, state, action in alone:
        one(f"{person}, {state}, {action}", "allowed", as_(people[person]), "POST", f"{API}/referrals/{referral_in(state)}/actions/{action}", {})
    for w in wrong[:40]:
        print("     ", w)
    checks.ok(not wrong and count > 700 and len(alone) == 5, "referrals: every person x state x action as the table says", f"{count} requests, {len(wrong)} wrong")
    still = {state: gateway.sql("SELECT state FROM referral WHERE id=?", id)[0]["state"] for state, id in cases.items()}
    checks.ok(all(state == now for state, now in still.items()), "and what was refused has changed nothing", still)


def referral_images(case):
    """What a referral shares can be looked at by the department that receives it, while it stands."""
    requester, receiver = as_(people["requester"]), as_(people["receiver"])   # theirs have been idle for the whole matrix
    city = Case.want(receiver.get(f"{API}/session"), 200)["organisation"]["id"]
    look = lambda person: as_(people[person]).get(f"{API}/attachments/{case.attachment}/content")[0]  # noqa: E731
    made = Case.want(requester.post(f"{API}/referrals", {
        "consultation": case.id, "to_organisation": city, "department": "cardiology", "reason_code": "severe", "summary": "x", "diagnosis": "x",
        "consent": {"referral": True, "sharing": True, "relation": "self", "method": "written"}}), 201)
    checks.ok(case.attachment in [d.get("attachment") for d in made["done"]], "the referral brings the images along", made["done"])
    got = [look("receiver")]
    Case.want(requester.post(f"{API}/referrals/{made['id']}/actions/send"), 200)
    got += [look("receiver"), look("receiver elsewhere")]
    Case.want(requester.post(f"{API}/referrals/{made['id']}/actions/withdraw"), 200)
    got.append(look("receiver"))
    checks.ok(got == [404, 200, 404, 404], "the receiving department looks at them from send to withdraw, no other does", got)


API = "/api/v1"
SHA = hashlib.sha256(b"access").hexdigest()
checks, sockets = Checks(), []
gateway = Gateway("--connections_per_address", "200", "--idle_timeout_s", "600")
login = world(gateway)
with sqlite3.connect(f"{gateway.data}/consult.db") as db:        # nothing is drawn for the quality review: who reviews is nobody here
    db.execute("UPDATE agreement SET terms = json_set(terms, '$.review_percent', 0)")
gateway.start()


def as_(client):
    """The same session on a connection of its own: clients are not shared between threads."""
    copy = gateway.client()
    copy.cookie, copy.csrf = client.cookie, client.csrf
    return copy


def request_of(key, case):
    """A request that is harmless where it is allowed."""
    method, pattern = key
    if "/uploads/{id}" in pattern:
        path = f"/uploads/{case.upload['id']}" + ("?offset=999999" if method == "PUT" else "")
    elif "/attachments/{id}" in pattern:
        path = pattern.replace("{id}", case.attachment)
    elif "/recordings/{id}" in pattern:
        path = pattern.replace("{id}", case.recording() or "")
    else:
        path = pattern.replace("{id}", case.id).replace("{version}", "1")
    body = {"/consultations/{id}/uploads": {"name": "a.jpg", "bytes": 6, "sha256": SHA}, "/consultations/{id}": {}, "/uploads/{id}": b"x",
            "/consultations/{id}/opinion": {"body": {"diagnosis": "y"}}}.get(pattern) if method in ("POST", "PUT", "PATCH") else None
    return method, API + path, body


def probe(person, state, case):
    """All that one person asks in one state; returns what did not fit, the count, and the allowed actions to be tried elsewhere."""
    client, wrong, count, todo = as_(people[person]), [], 0, []

    def one(what, wanted, method, path, body):
        nonlocal count
        count += 1
        status, answer = client.request(method, path, body)
        if not fits(status, answer, wanted):
            wrong.append(f"{person}, {state}, {what}: {wanted} expected, {status} {answer.get('code', '') if isinstance(answer, dict) else ''}")

    for key in ROUTES:
        if not key[1].startswith(OF_A_CASE) or "{action}" in key[1] or "{scope}" in key[1] or ("recordings/{id}" in key[1] and case.recording() is None):
            continue
        wanted = expected(person, state, key)
        if key[0] == "DELETE" and wanted == "allowed":
            todo.append(("DELETE", None))
            continue
        one(" ".join(key), wanted, *request_of(key, case))
    for party in ("patient", "consultant"):
        one(f"consent of the {party}", expected_consent(person, state, party), "PUT", f"{API}/consultations/{case.id}/consents/teaching",
            {"party": party, "given": True, "relation": "self", "method": "written", "text_version": "1"})
    for action in ACTIONS:
        wanted = expected_action(person, state, action)
        if wanted == "allowed" and action in GUARDED:
            one(action, f"409 {GUARDED[action]}", "POST", f"{API}/consultations/{case.id}/actions/{action}", BODY.get(action, {}))
        elif wanted == "allowed":
            todo.append(("POST", action))
        else:
            one(action, wanted, "POST", f"{API}/consultations/{case.id}/actions/{action}", BODY.get(action, {}))
    return wrong, count, [(person, state, *t) for t in todo]


appointments = itertools.count()


def allowed(job):
    """What is allowed is done, on a consultation of its own."""
    person, state, method, action = job
    case = Case(state, attach=method == "DELETE")
    client = as_(people[person])
    if method == "DELETE":
        status, body = client.request("DELETE", f"{API}/attachments/{case.attachment}")
    else:
        if action == "start":
            case.join(as_(people["requester"]), as_(people["consultant"]))   # the second one's joining starts it already
            return None if gateway.sql("SELECT state FROM consultation WHERE id=?", case.id)[0]["state"] == "in-session" else f"{job}: not begun"
        if action == "submit":
            Case.want(client.consent(case.id, "consultation"), 200)
        body = BODY.get(action, {})
        if action == "take-over":
            body = {**body, **(BODY["account of a specialist"] if state == "awaiting-opinion" else BODY["invite"])}
        if action == "schedule":                                             # one after the other: they are the same people's
            body = {"from_ms": body["from_ms"] + 3600000 * next(appointments)}
        status, body = client.act(case.id, action, **body)
    return None if status in (200, 204) else f"{job}: {status} {body}"


# Sign-in and sign-out are tried by themselves.
APART = {("POST", "/session"), ("DELETE", "/session")}
HARMLESS = {("PATCH", "/session"): {"language": "xx"}, ("POST", "/verify/document"): b"x", ("POST", "/referrals"): {"nonsense": 1}}  # a body that changes nothing even for whom it may; else {}, which lacks what is needed


def everybody(what, wanted_by, method, path, body=None, **more):
    """One request of everybody; wanted_by(person) says what is expected."""
    wrong = []
    for person in ROLES:
        status, answer = as_(people[person]).request(method, path, body, **more)
        if not fits(status, answer, wanted_by(person)):
            wrong.append(f"{person}: {wanted_by(person)} expected, {status}")
    checks.ok(not wrong, f"{what}: {len(ROLES)} people", "; ".join(wrong))


try:
    checks.ok(len(ROUTES) == len(RIGHTS) >= 25 and set(STATES_OF) <= set(ROUTES), "the table of rights", f"{len(ROUTES)} routes")
    people = {"nobody": gateway.client()}
    for person, name in login.items():
        people[person] = gateway.client()
        Case.want(people[person].sign_in(name, "demo-consult"), 200)
    checks.ok(set(people) == set(ROLES), "everybody is signed in", len(people))
    for action, person in (("invite", "colleague"), ("uninvite", "guest"), ("admit-observer", "declined"), ("dismiss-observer", "observer")):
        BODY[action] = {"account": Case.want(people[person].get(f"{API}/session"), 200)["account"]["id"]}
    BODY["account of a specialist"] = {"account": Case.want(people["declined"].get(f"{API}/session"), 200)["account"]["id"]}
    for person in ("consultant", "offered", "declined", "specialist elsewhere"):
        Case.want(people[person].put(f"{API}/duty", {"on_duty": True}), 200)

    # Routes about no consultation.
    role = lambda key: lambda person: by_role(person, ROUTES[key][0]) or "allowed"  # noqa: E731
    free = [row for row in RIGHTS if "{" not in row.path and row.key not in APART]
    for row in free:
        everybody(f"{row.method} {row.path}", role(row.key), row.method, API + row.path, HARMLESS.get(row.key, {}) if row.body else None)
    led = gateway.sql("SELECT id FROM partnership WHERE code='DEMO-URBAN'")[0]["id"]
    member = gateway.sql("SELECT id FROM organisation WHERE code='DEMO-COMMUNITY'")[0]["id"]
    for row in (row for row in RIGHTS if row.path.startswith("/partnerships/")):
        path = API + row.path.replace("{id}", led).replace("{organisation}", member)
        everybody(f"{row.method} {row.path}", lambda person: by_role(person, row.roles) or LED[person], row.method, path, {} if row.body else None, headers={"If-Match": "*"})  # noqa: B023
    clean = gateway.client()
    Case.want(clean.sign_in(login["operator"], "demo-consult"), 200)
    checks.ok(clean.request("DELETE", API + "/session")[0] == 204 and gateway.client().request("DELETE", API + "/session")[0] == 401, "DELETE /session")

    # Shifts of the roster: of whom, by whom. A specialist's own bookable times, everything by the coordinator of the institution.
    account = Case.want(people["consultant"].get(f"{API}/session"), 200)["account"]["id"]
    soon, hour = int(time.time() * 1000) + 3600000, 3600000
    for kind, planners in (("duty", {"coordinator answering"}), ("on-call", {"coordinator answering"}), ("bookable", {"coordinator answering", "consultant"})):
        shift = {"account": account, "kind": kind, "from_ms": soon, "until_ms": soon + hour}
        planner = lambda person: by_role(person, {"specialist", "coordinator"}) or ("201" if person in planners else "403")  # noqa: E731
        wrong = []
        for person in ROLES:
            status, answer = as_(people[person]).request("POST", f"{API}/duty/shifts", shift)
            if not fits(status, answer, planner(person)):
                wrong.append(f"{person}: {planner(person)} expected, {status}")
            if status == 201:
                for other in [p for p in ROLES if p not in planners] + [person]:
                    inside = other in ("consultant", "guest", "offered", "declined", "coordinator answering")
                    wanted = by_role(other, {"specialist", "coordinator"}) or ("204" if other == person else "403" if inside else "404")
                    gone, why = as_(people[other]).request("DELETE", f"{API}/duty/shifts/{answer['id']}")
                    if not fits(gone, why, wanted):
                        wrong.append(f"DELETE by {other}: {wanted} expected, {gone}")
        checks.ok(not wrong, f"shifts of the kind {kind}: {len(ROLES)} people", "; ".join(wrong))
    seen = {person: {p["account"] for p in Case.want(as_(people[person]).get(f"{API}/duty/roster"), 200)["people"]}
            for person in ("consultant", "declined", "coordinator answering", "coordinator asking", "specialist elsewhere", "coordinator elsewhere")}
    checks.ok({p for p, ids in seen.items() if account in ids} == {"consultant", "declined", "coordinator answering"}, "the roster is of the own institution",
              {p: len(ids) for p, ids in seen.items()})

    # The matrix.
    began = time.time()
    cases = {}
    with ThreadPoolExecutor(4) as pool:
        for state, case in zip(STATES, pool.map(Case, STATES)):
            cases[state] = case
    checks.ok(len(gateway.sql("SELECT DISTINCT state FROM consultation")) == len(STATES), "a consultation in each state", f"{time.time() - began:.1f} s")
    recorded = [state for state in STATES if cases[state].recording() is not None]
    checks.ok(recorded == ["in-session", "awaiting-opinion", "signed", "closed"], "a recording where there was a session", recorded)
    with ThreadPoolExecutor(6) as pool:
        jobs = [(person, state) for state in STATES for person in ROLES]
        results = list(pool.map(lambda j: probe(j[0], j[1], cases[j[1]]), jobs))
    wrong, total, todo = [w for r in results for w in r[0]], sum(r[1] for r in results), [t for r in results for t in r[2]]
    for w in wrong[:40]:
        print("     ", w)
    checks.ok(not wrong and total > 2000, "every person x state x route as the table says", f"{total} requests, {len(wrong)} wrong, {time.time() - began:.1f} s")
    still = {state: gateway.sql("SELECT state FROM consultation WHERE id=?", case.id)[0]["state"] for state, case in cases.items()}
    checks.ok(all(state == now for state, now in still.items()), "and nothing that was refused has changed a state", still)
    with ThreadPoolExecutor(4) as pool:
        wrong = [w for w in pool.map(allowed, todo) if w]
    checks.ok(not wrong and len(todo) > 25, "every allowed action succeeds", f"{len(todo)} actions, {len(wrong)} wrong: {wrong[:5]}, {time.time() - began:.1f} s")

    referral_matrix()
    everybody("DELETE /places/{id}", lambda person: by_role(person, {"referrals"}) or "404", "DELETE", f"{API}/places/" + "0" * 32)
    referral_images(cases["closed"])

    # Images follow the consent of the patient, at once; the requesting institution keeps its own.
    case = cases["signed"]
    for given, wanted in [(False, 403), (True, 200)]:
        Case.want(people["requester"].consent(case.id, "imaging", given), 200)
        for kind in ("thumbnail", "rendered", "content"):
            path = f"{API}/attachments/{case.attachment}/{kind}"
            got = {person: as_(people[person]).get(path)[0] for person in ("requester", "coordinator asking", "consultant", "coordinator answering", "offered")}
            checks.ok(got == {"requester": 200, "coordinator asking": 200, "consultant": wanted, "coordinator answering": wanted, "offered": 404},
                      f"{kind} with the consent {'given' if given else 'withdrawn'}", got)

    # Rooms: the WebSocket knows the same people.
    got = {}
    for person in ROLES:
        if person == "nobody":
            continue
        ws = WebSocket(people[person])
        ws.send({"type": "room.join", "consultation": cases["in-session"].id})
        got[person] = (ws.receive("room.state", "error", timeout=5) or {}).get("type")
        ws.send({"type": "chat.say", "consultation": cases["in-session"].id, "text": "x"})
        said = ws.receive("chat.said", "error", timeout=5) or {}
        got[person] = got[person] if (said.get("type") == "chat.said") == (got[person] == "room.state") else f"chat: {said}"
        ws.close()
    checks.ok(all((kind == "room.state") == (person in ("requester", "consultant", "guest")) for person, kind in got.items()), "only the two parties and their guest join the room", got)

    # Identifiers, keys and tokens of others.
    requester, stranger = people["requester"], people["clinician elsewhere"]
    for path in ["consultations/" + "0" * 32, "consultations/../consultations", "consultations/" + cases["draft"].id.upper(), "attachments/%00/content",
                 "recordings/" + "f" * 32 + "/content", f"uploads/{cases['draft'].id}", f"attachments/{cases['draft'].id}/content"]:
        status, _ = requester.get(f"{API}/{path}")
        checks.ok(status in (400, 404), f"an id that is none: {path[:40]}", status)
    key = {"Idempotency-Key": "access-key-0123456789"}
    made = Case.want(requester.request("POST", API + "/consultations", {"specialty": "cardiology"}, key), 201)
    again = requester.request("POST", API + "/consultations", {"specialty": "cardiology"}, key)
    other = stranger.request("POST", API + "/consultations", {"specialty": "cardiology"}, key)
    checks.ok(again[1]["id"] == made["id"] and other[0] == 201 and other[1]["id"] != made["id"], "the same Idempotency-Key of another account is another key", other[0])
    requester.off_record = True
    for what, body in [("state", {"state": "signed"}), ("version", {"version": 99}), ("requester", {"requester_id": "0" * 32}), ("number", {"number": "C-1"}),
                       ("consultant", {"consultant": {"account": "0" * 32}}), ("consent_deferred", {"consent_deferred": "x"})]:
        before = gateway.sql("SELECT * FROM consultation WHERE id=?", made["id"])[0]
        status, _ = requester.request("PATCH", f"{API}/consultations/{made['id']}", body)
        after = gateway.sql("SELECT * FROM consultation WHERE id=?", made["id"])[0]
        same = {k: v for k, v in before.items() if k != "version"} == {k: v for k, v in after.items() if k != "version"}
        checks.ok(same and after["version"] - before["version"] <= 1, f"a member that is not the client's to set: {what}", status)
    requester.off_record = False
    checks.ok(requester.request("PATCH", f"{API}/consultations/{made['id']}", {"urgency": "urgent"}, {"If-Match": '"999"'})[0] == 412, "a stale If-Match changes nothing")

    # CSRF: every route that changes anything wants the token of this very session.
    wrong = []
    for method, pattern in sorted(ROUTES):
        if method == "GET" or ROUTES[method, pattern][0] is None:  # without an account there is nothing to guard
            continue
        path = API + pattern.replace("{action}", "submit").replace("{scope}", "imaging").replace("{organisation}", "0" * 32).replace("{id}", cases["draft"].id)
        for token in (None, "", "0" * 64, stranger.csrf, requester.csrf[:-1]):
            client = as_(requester)
            client.csrf = None
            status, body = client.request(method, path, None if method == "DELETE" else b"x" if pattern == "/uploads/{id}" else {}, {"X-CSRF-Token": token} if token is not None else {})
            if status != 403 or body["code"] != "session.csrf":
                wrong.append(f"{method} {pattern} {token}: {status}")
    checks.ok(not wrong, "without the right X-CSRF-Token nothing changes", wrong)
    wrong = [f"{method} {site}" for method in ("POST", "PUT", "PATCH", "DELETE") for site in ("cross-site", "same-site")
             if as_(requester).request(method, API + "/session", None if method == "DELETE" else {}, {"Sec-Fetch-Site": site})[0] not in (403, 405)]
    checks.ok(not wrong, "a request from another site is refused, the sign-in too", wrong)
    form = gateway.client()
    status, _ = form.request("POST", API + "/session", b'{"login":"demo.clinician1","password":"demo-consult"}', {"Content-Type": "text/plain"})
    checks.ok(status == 415 and "set-cookie" not in form.headers, "a sign-in by a form of another site is no sign-in", status)
finally:
    for ws in sockets:
        ws.close()
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
checks.end()
