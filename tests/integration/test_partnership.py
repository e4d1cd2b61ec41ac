#!/usr/bin/python3
"""Partnerships as data that acts: the manager of the lead reads and changes switches, members and agreements over the real interface; what
the rules then let people do is asked of /reach, of what-if and of real consultations. A former partner loses new access at once and
keeps what it was party to. Each refusal has a control that goes through."""
import datetime
import hashlib
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway, in_threads  # noqa: E402

API = "/api/v1"
checks = Checks()
gateway = Gateway()
TODAY = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date()   # China Standard Time
YESTERDAY, TOMORROW = TODAY - datetime.timedelta(days=1), TODAY + datetime.timedelta(days=1)
TABLES = ("partnership", "partnership_member", "partnership_specialty", "partnership_region", "agreement", "agreement_service")
AGREEMENT = {"signed_on": "2026-01-02", "valid_from": "2026-01-02", "valid_until": "2036-12-31", "services": ["live", "read", "mdt", "teaching"]}


def prepare():
    """Managers at other institutions, and a cardiologist whose licence is too young."""
    demo = gateway.demo
    young = (TODAY - datetime.timedelta(days=400)).isoformat()
    for i, (organisation, roles, more) in enumerate([("DEMO-COMMUNITY", ["manager"], {}), ("DEMO-TOWN-3", ["manager"], {}), ("DEMO-CITY-1", ["manager"], {}),
                                                     ("DEMO-CITY-1", ["specialist"], {"specialties": ["cardiology"], "licensed_since": young})]):
        demo["practitioners"].append({"code": f"DEMO-M-{i}", "organisation": organisation, "name_zh": f"示范人员{i}", "name_en": f"Demo Person {i}", "title": "staff",
                                      "licence_no": f"DEMO-LIC-M{i}", **more, "account": {"login": f"demo.m{i}", "roles": roles, "password": "demo-consult"}})
    with tempfile.NamedTemporaryFile("w", suffix=".json", dir=gateway.data, encoding="utf-8") as file:
        json.dump(demo, file, ensure_ascii=False)
        file.flush()
        gateway.run("import", os.path.join(gateway.build, "consultctl"), "import", file.name, "--data", gateway.data)


def person(login):
    client = gateway.client()
    status, body = client.sign_in(login, "demo-consult")
    if status != 200:
        raise RuntimeError(f"{login}: {status} {body}")
    return client


def organisation(code):
    return gateway.sql("SELECT id FROM organisation WHERE code=?", code)[0]["id"]


def partnership(code):
    return gateway.sql("SELECT id FROM partnership WHERE code=?", code)[0]["id"]


def snapshot():
    rows = [gateway.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest(), gateway.sql("SELECT COUNT(*) AS n FROM audit WHERE action LIKE 'partnership.%'")[0]["n"]


def code_of(answer):
    return answer.get("code") if isinstance(answer, dict) else None


class Work:
    """One manager's work on one partnership: every change names the version that was read last."""

    def __init__(self, client, code):
        self.client, self.path = client, f"{API}/partnerships/{partnership(code)}"
        self.read()

    def read(self):
        status, self.whole = self.client.get(self.path)
        if status != 200:
            raise RuntimeError(f"{self.path}: {status} {self.whole}")
        return self.whole

    def send(self, method, path, body, version=None):
        version = self.whole["version"] if version is None else version
        return self.client.request(method, self.path + path, body, {"If-Match": f'"{version}"'})

    def change(self, method, path, body):
        """A change that must succeed."""
        status, answer = self.send(method, path, body)
        if status not in (200, 201):
            raise RuntimeError(f"{method} {path} {body}: {status} {answer}")
        self.whole = answer
        return answer

    def agree(self, **more):
        return self.change("POST", "/agreements", {**AGREEMENT, **more})

    def member(self, code, until=None, role="member", since="2021-01-01"):
        return self.change("PUT", f"/members/{organisation(code)}", {"role": role, "since": since, **({"until": str(until)} if until else {})})

    def what_if(self, requester=None, **query):
        query = {**({"requester": organisation(requester)} if requester else {}), **query}
        status, answer = self.client.get(self.path + "/what-if?" + "&".join(f"{k}={v}" for k, v in query.items()))
        if status != 200:
            raise RuntimeError(f"what-if {query}: {status} {answer}")
        return answer

    def row(self, requester, whom, **query):
        wanted = organisation(whom)
        return next((r for r in self.what_if(requester, **query)["rows"] if r["organisation"]["id"] == wanted), None)


def reading(urban, others):
    whole = urban.whole
    status, answer = urban.client.get(urban.path)
    checks.ok(status == 200 and urban.client.headers["etag"] == f'"{whole["version"]}"', "the manager of the lead reads all of it; the ETag is the version", urban.client.headers.get("etag"))
    checks.ok([m["code"] for m in whole["members"]] == ["DEMO-CITY-1", "DEMO-COMMUNITY"] and [a["version"] for a in whole["agreements"]] == [2, 1], "members and every version")
    checks.ok([a["in_force"] for a in whole["agreements"]] == [True, False], "of two in force the newest counts", [a["in_force"] for a in whole["agreements"]])
    clauses = whole["agreements"][0]["clauses"]
    checks.ok([(c["number"], c["member"], c["act"]) for c in clauses] == [("2.1", None, None), ("3.1", "DEMO-CITY-1", "report"), ("4.1", "DEMO-COMMUNITY", "refer"), ("5.1", None, "see")],
              "clauses are data", clauses)
    checks.ok(whole["agreements"][1]["clauses"] == [{"number": "1", "member": None, "act": None, "text_zh": "牵头医院负责会诊质量（演示）"}], "an older list of texts is one of general clauses")
    checks.ok((whole["record_scope"], whole["money"], whole["governance"], whole["overridden"]) == ("continuous", "pooled", "lead", []), "a close partnership has the three switches by its type")
    for who, wanted, code in others:
        for method, path, body in (("GET", "", None), ("PATCH", "", {}), ("GET", "/what-if?specialty=cardiology", None), ("POST", "/agreements", {}), ("PUT", f"/members/{'0' * 32}", {})):
            status, answer = who.request(method, urban.path + path, body, {"If-Match": "*"})
            checks.ok((status, code_of(answer)) == (wanted, code), f"{method} {path or '/'} of another: {code}", status)


def two_editors(urban, second):
    before = urban.whole["version"]
    second.read()
    urban.change("PATCH", "", {"name_en": "Demo City Medical Group A"})
    state = snapshot()
    status, answer = second.send("PATCH", "", {"name_en": "Demo City Medical Group B"})
    checks.ok(status == 412 and answer["code"] == "partnership.stale" and answer["version"] == before + 1 and snapshot() == state, "the second of two editors is told, and changes nothing", answer.get("version"))
    second.read()
    second.change("PATCH", "", {"name_en": "Demo City Medical Group"})
    checks.ok(second.whole["version"] == before + 2, "having read it anew, the second one goes through", second.whole["version"])
    status, answer = second.client.request("PATCH", second.path, {"name_en": "X"})
    checks.ok(status == 428 and answer["code"] == "request.precondition-required", "without If-Match: 428", status)
    urban.read()
    version = urban.whole["version"]
    copies = [person("demo.manager") for _ in range(6)]
    answers = in_threads(6, lambda i: copies[i].request("POST", urban.path + "/agreements", AGREEMENT, {"If-Match": f'"{version}"'})[0])
    checks.ok(sorted(answers) == [201] + [412] * 5, "of six at once one writes the next version", answers)
    checks.ok([a["version"] for a in urban.read()["agreements"]] == [3, 2, 1], "and there is one more")


def bad_input(urban):
    member = f"/members/{organisation('DEMO-COMMUNITY')}"
    lead = f"/members/{organisation('DEMO-CITY-1')}"
    clause = {"number": "1", "text_zh": "条款"}
    bad = [("PATCH", "", {"name_zh": ""}, "/name_zh"), ("PATCH", "", {"name_zh": None}, "/name_zh"), ("PATCH", "", {"name_en": "x" * 201}, "/name_en"), ("PATCH", "", {"mode": "urban-group"}, "/mode"),
           ("PATCH", "", {"record_scope": "some"}, "/record_scope"), ("PATCH", "", {"money": 1}, "/money"), ("PATCH", "", {"governance": "king"}, "/governance"),
           ("PATCH", "", {"active": "no"}, "/active"), ("PATCH", "", {"specialties": "cardiology"}, "/specialties"), ("PATCH", "", {"specialties": ["cardiology", "magic"]}, "/specialties/1"),
           ("PATCH", "", {"specialties": ["cardiology", "cardiology"]}, "/specialties/1"), ("PATCH", "", {"regions": ["9901", "990"]}, "/regions/1"),
           ("PATCH", "", {"name_zh": "好", "regions": ["abcd"]}, "/regions/0"),
           ("PUT", member, {"role": "spoke", "since": "2021-01-01"}, "/role"), ("PUT", member, {"role": "lead", "since": "2021-01-01"}, "/role"), ("PUT", member, {"since": "2021-01-01"}, "/role"),
           ("PUT", member, {"role": "member"}, "/since"), ("PUT", member, {"role": "member", "since": "2021-02-30"}, "/since"),
           ("PUT", member, {"role": "member", "since": "2021-01-01", "until": "2020-12-31"}, "/until"), ("PUT", member, {"role": "member", "since": "2021-01-01", "end": "x"}, "/end"),
           ("PUT", lead, {"role": "member", "since": "2021-01-01"}, "/role"), ("PUT", lead, {"role": "lead", "since": "2021-01-01", "until": "2027-01-01"}, "/until"),
           ("POST", "/agreements", {k: v for k, v in AGREEMENT.items() if k != "signed_on"}, "/signed_on"), ("POST", "/agreements", {**AGREEMENT, "valid_from": "soon"}, "/valid_from"),
           ("POST", "/agreements", {**AGREEMENT, "valid_until": "2025-12-31"}, "/valid_until"), ("POST", "/agreements", {**AGREEMENT, "services": []}, "/services"),
           ("POST", "/agreements", {**AGREEMENT, "services": ["live", "phone"]}, "/services/1"), ("POST", "/agreements", {**AGREEMENT, "version": 9}, "/version"),
           ("POST", "/agreements", {**AGREEMENT, "document_sha256": "AB"}, "/document_sha256"), ("POST", "/agreements", {**AGREEMENT, "terms": {"speed": 1}}, "/terms/speed"),
           ("POST", "/agreements", {**AGREEMENT, "terms": {"session_minutes": 1}}, "/terms/session_minutes"),
           ("POST", "/agreements", {**AGREEMENT, "terms": {"timers": {"offer-deadline": {"soon": 5}}}}, "/terms/timers/offer-deadline/soon"),
           ("POST", "/agreements", {**AGREEMENT, "clauses": [clause, clause]}, "/clauses/1/number"), ("POST", "/agreements", {**AGREEMENT, "clauses": [{**clause, "member": "DEMO-TOWN-1"}]}, "/clauses/0/member"),
           ("POST", "/agreements", {**AGREEMENT, "clauses": [{**clause, "act": "cure"}]}, "/clauses/0/act"), ("POST", "/agreements", {**AGREEMENT, "clauses": [{**clause, "act": "see", "kinds": ["live"]}]}, "/clauses/0/kinds"),
           ("POST", "/agreements", {**AGREEMENT, "clauses": [{"number": "1"}]}, "/clauses/0/text_zh")]
    before = snapshot()
    wrong = []
    for method, path, body, field in bad:
        status, answer = urban.send(method, path, body)
        if (status, answer.get("field")) != (422, field) or not answer.get("detail_zh") or not answer.get("detail_en"):
            wrong.append(f"{method} {path[:9]} {json.dumps(body)[:60]}: {status} {answer.get('field')}, {field} expected")
    checks.ok(not wrong, f"{len(bad)} faults: 422 with the field", wrong)
    for path, code in ((f"/members/{'0' * 32}", "organisation.unknown"), ("/members/x", "organisation.unknown")):
        status, answer = urban.send("PUT", path, {"role": "member", "since": "2021-01-01"})
        checks.ok((status, code_of(answer)) == (404, code), f"an institution that is none: {code}", status)
    for query, field in (("specialty=magic", "/specialty"), ("", "/specialty"), ("specialty=cardiology&kind=phone", "/kind"), ("specialty=cardiology&act=cure", "/act"),
                         ("specialty=cardiology&urgency=soon", "/urgency"), ("specialty=cardiology&date=2026-02-30", "/date"), (f"specialty=cardiology&requester={organisation('DEMO-TOWN-1')}", "/requester")):
        status, answer = urban.client.get(urban.path + "/what-if?" + query)
        checks.ok((status, answer.get("field")) == (422, field), f"what-if with a wrong {field}", status)
    checks.ok(snapshot() == before, "and nothing has changed, no audit row was written")
    urban.change("PATCH", "", {"specialties": ["cardiology", "radiology"], "regions": ["9901", "990103"]})
    checks.ok(snapshot()[0] != before[0] and urban.whole["specialties"] == ["cardiology", "radiology"] and urban.whole["regions"] == ["9901", "990103"], "control: a good change is seen by that comparison")
    urban.change("PATCH", "", {"specialties": [], "regions": ["9901"]})


def clauses_act(urban, clinician):
    def reach():
        return clinician.get(API + "/reach?specialty=cardiology&kind=live")[1]

    urban.agree()
    row = urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology")
    checks.ok(row["allowed"] and row["route"]["agreement_version"] == urban.whole["agreements"][0]["version"] and row["route"]["clause"] is None and reach()["allowed"],
              "without a clause the mode allows it; what-if and the clinician's reach agree", row["zh"])
    urban.agree(clauses=[{"number": "3.1", "member": "DEMO-CITY-1", "act": "consult", "kinds": ["read"], "text_zh": "市一院只承担阅片会诊", "text_en": "City 1 only reads"}])
    row, now = urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology"), reach()
    checks.ok(not row["allowed"] and row["code"] == "rule.clause-kind" and row["zh"].endswith("（协议第3.1条）。") and row["en"].endswith("(clause 3.1 of the agreement).") and row["route"]["clause"]["text_en"] == "City 1 only reads",
              "a clause that keeps the member to reads refuses a live one, and is named", row["zh"])
    checks.ok(not now["allowed"] and (now["code"], now["zh"], now["en"]) == (row["code"], row["zh"], row["en"]), "the clinician is told the same", now["zh"])
    checks.ok(urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology", kind="read")["route"]["clause"]["number"] == "3.1", "a read is allowed, by that clause")
    status, made = clinician.draft()
    clinician.consent(made["id"])
    status, answer = clinician.act(made["id"], "submit")
    checks.ok(status == 403 and answer["code"] == "rule.clause-kind", "and a real consultation is refused for it", status)
    urban.agree()
    status, answer = clinician.act(made["id"], "submit")
    checks.ok(reach()["allowed"] and status == 200, "control: a newer version without it lets the same one through", status)
    clinician.act(made["id"], "withdraw")
    urban.agree(services=["read"])
    checks.ok(urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology")["code"] == "rule.service-not-agreed" and not reach()["allowed"], "a newer version replaces the older one also where it grants less")
    urban.agree(valid_from=str(TOMORROW))
    checks.ok([a["in_force"] for a in urban.whole["agreements"]][:2] == [False, True] and not reach()["allowed"], "one that begins tomorrow does not count yet")
    checks.ok(urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology", date=str(TOMORROW))["allowed"], "what-if of tomorrow knows it")
    urban.agree()


def acts(urban, specialist):
    clauses = [{"number": "3.1", "member": "DEMO-CITY-1", "act": "report", "text_zh": "影像中心为成员出具报告"},
               {"number": "4.1", "member": "DEMO-COMMUNITY", "act": "refer", "text_zh": "接收下转"}, {"number": "5.1", "act": "see", "text_zh": "连续记录"}]
    urban.agree(clauses=clauses)
    up, down = ("DEMO-COMMUNITY", "DEMO-CITY-1"), ("DEMO-CITY-1", "DEMO-COMMUNITY")
    for what, pair, query, wanted in [("the reading centre reports for its member", up, {"act": "report", "specialty": "radiology"}, "3.1"), ("the community receives from the city", down, {"act": "refer-down"}, "4.1"),
                                      ("the city receives from the community", up, {"act": "refer-up"}, None), ("the city teaches", up, {"act": "teach", "specialty": "cardiology"}, None),
                                      ("one sees the other's record", down, {"act": "see"}, "5.1")]:
        row = urban.row(*pair, **query)
        checks.ok(row["allowed"] and (row["route"]["clause"] or {}).get("number") == wanted, f"{what}{f', by clause {wanted}' if wanted else ', by the mode'}", row["zh"])
    for what, pair, query, code in [("a community does not read for the city", down, {"act": "report", "specialty": "radiology"}, "rule.wrong-direction"), ("nobody refers down to the city", up, {"act": "refer-down"}, "rule.wrong-direction"),
                                    ("the city asks no community", down, {"specialty": "cardiology"}, "rule.wrong-direction")]:
        row = urban.row(*pair, **query)
        checks.ok(not row["allowed"] and row["code"] == code, what, row["code"])
    whole = urban.change("PATCH", "", {"record_scope": "released"})
    row = urban.row(*down, act="see")
    checks.ok(whole["overridden"] == ["record_scope"] and not row["allowed"] and row["code"] == "rule.record-released" and "第5.1条" in row["zh"], "released: nobody sees the record of another, whatever a clause says", row["zh"])
    whole = urban.change("PATCH", "", {"record_scope": None, "money": "per-service", "governance": "each-hop"})
    checks.ok(urban.row(*down, act="see")["allowed"] and (whole["record_scope"], whole["money"], whole["governance"], whole["overridden"]) == ("continuous", "per-service", "each-hop", ["money", "governance"]),
              "control: null is the type's own again; the other two are the partnership's", whole["overridden"])
    urban.change("PATCH", "", {"money": None, "governance": None})
    answer = urban.what_if("DEMO-COMMUNITY", specialty="cardiology")
    on_duty = answer["rows"][0]["on_duty"]
    checks.ok(answer["licences"] == {"organisation": organisation("DEMO-CITY-1"), "with": 2, "without": 1}, "of the best one: who has the three years, and who has not", answer["licences"])
    specialist.put(API + "/duty", {"on_duty": True})
    checks.ok((on_duty, urban.what_if("DEMO-COMMUNITY", specialty="cardiology")["rows"][0]["on_duty"]) == (0, 1), "who is on duty is counted now", on_duty)
    checks.ok(urban.row(*up, specialty="cardiology", date="2020-06-01")["code"] == "rule.membership-ended", "before the membership nothing is allowed")


def network(admin):
    """The remote network as its admin sees it: referral only by clause, the reason of each institution that is refused."""
    remote = Work(admin, "DEMO-REMOTE")
    answer = remote.what_if("DEMO-TOWN-1", specialty="cardiology")
    names = {r["organisation"]["name_en"]: r for r in answer["rows"]}
    allowed = [r["allowed"] for r in answer["rows"]]
    checks.ok(answer["allowed"] and allowed == sorted(allowed, reverse=True) and len(names) == 6, "the township's whole reach, the allowed ones first", {n: r["code"] for n, r in names.items()})
    checks.ok(names["Demo County Hospital"]["code"] == "rule.no-consultant" and names["Demo Second City Central Hospital"]["code"] == "rule.no-consultant"
              and names["Demo West Township Health Centre"]["code"] in ("rule.wrong-direction", "rule.wrong-level"), "and why not the others")
    checks.ok(names["Demo City First Hospital"]["route"]["clause"]["number"] == "3.1", "by which clause", names["Demo City First Hospital"]["zh"])
    up, down = (("DEMO-TOWN-1", "DEMO-CITY-1", "refer-up"), ("DEMO-TOWN-1", "DEMO-PROVINCE", "refer-up")), (("DEMO-CITY-1", "DEMO-TOWN-1", "refer-down"), ("DEMO-TOWN-2", "DEMO-CITY-1", "refer-down"))

    def outcomes():
        rows = [remote.row(a, b, act=act) for a, b, act in up + down]
        return [(r["route"]["clause"] or {}).get("number", "mode") if r["allowed"] else r["code"] for r in rows]

    checks.ok(outcomes() == ["4.1", "4.1", "4.1", "rule.wrong-direction"], "a clause for all lets members refer up and down, not the wrong way", outcomes())
    services = {"services": ["live", "read", "teaching"], "valid_until": "2026-12-31"}
    remote.agree(**services, clauses=[{"number": "4.1", "member": "DEMO-CITY-1", "act": "refer", "text_zh": "市第一医院接收上转患者"}])
    checks.ok(outcomes() == ["4.1", "rule.no-clause", "rule.no-clause", "rule.wrong-direction"], "one that names a member lets that one receive, and no other", outcomes())
    remote.agree(**services)
    checks.ok(outcomes() == ["rule.no-clause"] * 3 + ["rule.wrong-direction"], "without one nobody refers in a remote network", outcomes())
    remote.agree(**services, clauses=[{"number": "4.1", "act": "refer", "text_zh": "双向转诊"}])
    dermatology = remote.what_if("DEMO-TOWN-1", specialty="dermatology")
    checks.ok(not dermatology["allowed"] and dermatology["code"] == "rule.no-consultant" and dermatology["licences"] is None, "a resident of dermatology is nobody to ask", dermatology["zh"])


def former_partner(urban, clinician, specialist):
    """Membership ends: no new access from that moment; what they were party to stays readable to both."""
    urban.agree()
    accepted, offered = clinician.submitted(), clinician.submitted()
    checks.ok(specialist.act(accepted["id"], "accept")[0] == 200, "while it is a member: asked and accepted")
    checks.ok(specialist.get(f"{API}/consultations/{offered['id']}")[0] == 200, "and offered")
    urban.member("DEMO-COMMUNITY", until=YESTERDAY)
    acts_refused = {act: urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", act=act, specialty="cardiology")["code"] for act in ("consult", "see", "refer-up", "refer-down", "teach", "report")}
    checks.ok(set(acts_refused.values()) == {"rule.membership-ended"}, "every act is refused from the next day on", acts_refused)
    checks.ok(urban.row("DEMO-COMMUNITY", "DEMO-CITY-1", specialty="cardiology", date=str(YESTERDAY))["allowed"], "control: on the last day it was allowed")
    reach = clinician.get(API + "/reach?specialty=cardiology")[1]
    checks.ok(not reach["allowed"] and reach["code"] == "rule.membership-ended" and reach["routes"] == [], "the former partner reaches nobody", reach["zh"])
    status, made = clinician.draft()
    clinician.consent(made["id"])
    status, answer = clinician.act(made["id"], "submit")
    checks.ok((status, code_of(answer)) == (403, "rule.membership-ended"), "asks nothing new", status)
    status, answer = specialist.act(offered["id"], "accept")
    checks.ok(status in (403, 404, 409), "what was offered cannot be accepted any more", f"{status} {code_of(answer)}")
    for who, name in ((clinician, "asked"), (specialist, "answers")):
        got = {path: who.get(f"{API}/consultations/{accepted['id']}{path}")[0] for path in ("", "/opinions", "/audit", "/attachments", "/recordings")}
        checks.ok(set(got.values()) == {200}, f"the record stays readable to the one that {name}", got)
    checks.ok(specialist.put(f"{API}/consultations/{accepted['id']}/opinion", {"body": {"diagnosis": "高血压"}})[0] == 200, "and the duty that was taken on is carried out")
    whole = urban.read()
    checks.ok([(m["code"], m["current"]) for m in whole["members"]] == [("DEMO-CITY-1", True), ("DEMO-COMMUNITY", False)], "the manager sees a former member")
    urban.member("DEMO-COMMUNITY", until=TODAY)
    checks.ok(clinician.get(API + "/reach?specialty=cardiology")[1]["allowed"], "control: a last day of today still lets it ask")
    urban.member("DEMO-COMMUNITY")
    checks.ok(clinician.act(made["id"], "submit")[0] == 200, "control: a member again, the same request goes through")
    urban.change("PATCH", "", {"active": False})
    checks.ok(clinician.get(API + "/reach?specialty=cardiology")[1]["code"] == "rule.partnership-inactive" and clinician.get(f"{API}/consultations/{accepted['id']}")[0] == 200,
              "a partnership that has ended: nothing new, the record stays")
    urban.change("PATCH", "", {"active": True})
    checks.ok(clinician.get(API + "/reach?specialty=cardiology")[1]["allowed"], "control: active again")


def new_member(urban):
    urban.member("DEMO-TOWN-1", since=str(TODAY))
    row = urban.row("DEMO-TOWN-1", "DEMO-CITY-1", specialty="radiology")
    checks.ok([m["code"] for m in urban.whole["members"]] == ["DEMO-CITY-1", "DEMO-COMMUNITY", "DEMO-TOWN-1"] and row["allowed"] and row["route"]["partnership"]["mode"] == "urban-group", "a new member may ask from its first day", row["zh"])
    row = urban.row("DEMO-TOWN-1", "DEMO-COMMUNITY", act="refer-down")
    checks.ok(row["code"] == "rule.wrong-direction", "and is bound by the mode", row["code"])
    clause = [{"number": "9", "member": "DEMO-TOWN-1", "act": "refer", "text_zh": "条款"}]
    checks.ok(urban.agree(clauses=clause)["agreements"][0]["clauses"][0]["member"] == "DEMO-TOWN-1", "a clause may bind it now")


def picker(manager, clinician):
    status, answer = manager.get(API + "/organisations?search=east")
    checks.ok(status == 200 and [o["code"] for o in answer["organisations"]] == ["DEMO-TOWN-1", "DEMO-VILLAGE"] and not answer["more"], "organisations by a part of the name", [o["code"] for o in answer["organisations"]])
    checks.ok(len(clinician.get(API + "/organisations")[1]["organisations"]) == 10 and clinician.get(API + "/organisations?search=%25")[1]["organisations"] == [], "all without a search; a percent sign is a letter")
    checks.ok([o["code"] for o in manager.get(API + "/organisations?search=%E8%A5%BF%E9%95%87")[1]["organisations"]] == ["DEMO-TOWN-2"], "in Chinese too")


def audited(urban):
    rows = gateway.sql("SELECT action, actor_id, detail FROM audit WHERE action LIKE 'partnership.%' ORDER BY seq")
    versions = [json.loads(r["detail"])["version"] for r in rows if json.loads(r["detail"])["partnership"] == urban.whole["id"]]
    checks.ok(versions == list(range(versions[0], urban.whole["version"] + 1)), "every version of it has its audit row", f"{versions[0]}..{versions[-1]}")
    checks.ok({r["action"] for r in rows} == {"partnership.edit", "partnership.member", "partnership.agreement"} and all(r["actor_id"] for r in rows), "of three kinds, with who did it", len(rows))
    agreed = next(json.loads(r["detail"]) for r in rows if r["action"] == "partnership.agreement")
    checks.ok({"agreement", "agreement_version", "valid_from", "valid_until"} <= set(agreed), "with what was done", sorted(agreed))


try:
    prepare()
    gateway.start()
    manager, admin, clinician, specialist = (person(p) for p in ("demo.manager", "demo.admin", "demo.clinician4", "demo.specialist1"))
    urban = Work(manager, "DEMO-URBAN")
    reading(urban, [(clinician, 403, "session.role"), (person("demo.m0"), 403, "partnership.not-lead"), (person("demo.m1"), 404, "partnership.unknown"), (gateway.client(), 401, "session.required")])
    checks.ok(manager.get(f"{API}/partnerships/{partnership('DEMO-REMOTE')}")[1]["code"] == "partnership.not-lead" and manager.get(f"{API}/partnerships/{'0' * 32}")[0] == 404, "a member's manager does not manage")
    checks.ok(admin.get(urban.path)[0] == 200, "an admin may too")
    two_editors(urban, Work(person("demo.m2"), "DEMO-URBAN"))
    urban.read()
    bad_input(urban)
    clauses_act(urban, clinician)
    acts(urban, specialist)
    network(admin)
    former_partner(urban, clinician, specialist)
    new_member(urban)
    picker(manager, clinician)
    audited(urban)
finally:
    code, log = gateway.stop()
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
checks.end()
