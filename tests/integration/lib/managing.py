"""The manager of a partnership by the document's words: members, agreements, what-if, the statement of activity."""
from person import Person, checks

# The demonstration has no manager where the remote network is led.
LEADER = {"code": "DEMO-D-manager", "organisation": "DEMO-PROVINCE", "name_zh": "示范人员 manager", "name_en": "Demo manager", "title": "attending", "licence_no": "DEMO-LIC-D-manager",
          "licensed_since": "2010-01-01", "account": {"login": "demo.duty.manager", "roles": ["manager"], "password": "demo-consult"}}


def statement(g, sender, receiver):
    """The network's statement for its manager, after one patient went up and came back, and the way down was refused."""
    leader = Person(g, LEADER).sign_in()
    led = next(p["id"] for p in leader.call("GET", "/partnerships")["partnerships"] if p["code"] == "DEMO-REMOTE")
    activity = leader.call("GET", f"/partnerships/{led}/activity")
    pairs = {(r["from"]["id"], r["to"]["id"], r["direction"]): tuple(r[n] for n in ("sent", "arrived", "returned", "refused")) for r in activity["referrals"]}
    town, city = (p.session["organisation"]["id"] for p in (sender, receiver))
    checks.ok(pairs == {(town, city, "up"): (1, 1, 1, 0), (city, town, "down"): (1, 0, 0, 1)}, "the statement counts the referrals both ways", pairs)
    checks.ok((activity["total"]["referred_up"], activity["total"]["referred_down"]) == (1, 1), "and adds them up", activity["total"])


def managing(g):
    """A manager of a partnership, by the document's words."""
    manager = Person(g, g.people("manager")[0]).sign_in()
    found = manager.call("GET", "/organisations?search=demo")["organisations"]
    led = next(p["id"] for p in manager.call("GET", "/partnerships")["partnerships"] if p["lead"]["id"] == manager.session["organisation"]["id"])
    path = f"/partnerships/{led}"
    whole = manager.call("GET", path)
    member = next(m for m in whole["members"] if m["role"] == "member")
    manager.call("PATCH", path, {}, code="request.precondition-required")
    manager.call("PATCH", path, {}, code="partnership.stale", If_Match='"0"')
    manager.call("PATCH", path, {"money": "free"}, code="field.invalid", If_Match="*")
    whole = manager.call("PATCH", path, {"money": "per-service"}, If_Match=f'"{whole["version"]}"')
    whole = manager.call("PUT", f"{path}/members/{member['id']}", {"role": "member", "since": member["since"]}, If_Match=f'"{whole["version"]}"')
    manager.call("PUT", f"{path}/members/{'0' * 32}", {}, code="organisation.unknown", If_Match="*")
    clauses = [{"number": "1.1", "member": whole["members"][0]["code"], "act": "consult", "kinds": ["live", "read"], "text_zh": "条款", "text_en": "clause"}]
    agreement = {"signed_on": "2026-01-01", "valid_from": "2026-01-01", "valid_until": "2036-01-01", "services": ["live", "read"], "terms": {"session_minutes": 40}, "clauses": clauses}
    whole = manager.call("POST", path + "/agreements", agreement, status=201, If_Match=f'"{whole["version"]}"')
    checks.ok(whole["agreements"][0]["clauses"] == clauses and whole["agreements"][0]["in_force"] and whole["overridden"] == ["money"], "the agreement is as it was sent", whole["agreements"][0]["version"])
    answer = manager.call("GET", f"{path}/what-if?requester={member['id']}&specialty=cardiology&kind=live&urgency=routine&act=consult")
    checks.ok(answer["allowed"] and answer["rows"][0]["route"]["clause"]["number"] == "1.1", "what-if names the clause", answer["zh"])
    activity = manager.call("GET", f"{path}/activity")
    checks.ok(activity["partnership"]["id"] == led and activity["money"] == whole["money"] and len(activity["money_changes"]) == 1, "the statement of activity, with the money's switch", activity["total"])
    other = next(p["id"] for p in manager.call("GET", "/partnerships")["partnerships"] if p["id"] != led)
    manager.call("GET", f"/partnerships/{other}", code="partnership.not-lead")
    manager.call("GET", "/partnerships/" + "0" * 32, code="partnership.unknown")
    checks.ok({m["code"] for m in whole["members"]} <= {o["code"] for o in found}, "members are among the organisations", len(found))
