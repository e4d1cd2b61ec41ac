"""Who may do what with a consultation, as the documents say it (proto/signal/README.md, gateway/README.md, gateway/partnership/README.md);
written from them and not from the code. Everything here is a pure function of names."""

# ---- states ----

WAITING = {"pending-approval", "submitted", "triaged", "offered"}
RUNNING = {"accepted", "scheduled", "ready", "in-session", "interrupted"}
UNTAKEN = WAITING | {"draft", "returned", "withdrawn", "rejected", "expired", "discarded"}  # as the cases of these tests come there: before somebody took it
OVER_UNHEARD = {"withdrawn", "rejected", "expired", "cancelled", "no-show", "failed", "discarded", "entered-in-error"}
REPORTED = {"reporting", "awaiting-opinion", "opinion-draft", "signed", "acknowledged", "referral-open", "follow-up"}
BEFORE_OPINION = {"draft", "returned"} | WAITING | RUNNING | {"reporting", "awaiting-opinion"}

# ---- relations ----


def relations(person, case, rule=None):
    """person: name, role, place (R asks, C answers, L leads, U is in no partnership with R); case: mode, state, kind, second, verified.
    rule: why the partnership refuses by now; then who is asked, and is no party, has no part in it any more."""
    found, taken = set(), case.state not in UNTAKEN
    name, role, place, state = person.name, person.role, person.place, case.state
    if name == "requester":
        found.add("requester")
    if name == "consultant" and taken:
        found.add("consultant")
    if name in ("consultant", "candidate") and state == "offered" and not rule:   # on duty, on the specialty, has not declined
        found.add("candidate")
    if role == "coordinator" and state not in ("draft", "discarded"):
        asked = (place == "C" and state == "offered") or ((place == "L" or (place == "C" and case.mode == "remote-network")) and state in WAITING)   # L leads, C is a hub
        if place == "R" or (place == "C" and taken) or (asked and not rule):
            found.add("coordinator")
    if role == "approver" and place == "R" and state == "pending-approval":
        found.add("approver")
    if role == "reviewer" and place in ("R", "C") and state in ("closed", "archived"):   # the agreements of these tests have all in the sample
        found.add("reviewer")
    if name == "member" and case.kind == "mdt" and taken:
        found.add("member")
    if name == "verifier" and case.second and (state == "opinion-draft" or case.verified):
        found.add("verifier")
    if name == "referrals C" and state == "referral-open":
        found.add("receiver")                                    # of the referral, and of the files that it brings
    if name == "guest" and state in RUNNING and case.kind != "read":
        found.add("guest")
    if name == "observer" and state in RUNNING and case.kind != "read":
        found.add("observer")                                    # the patient has consented to teaching, and the consultant has admitted it
    return found


# ---- roles ----

CARE = {"clinician", "specialist", "coordinator", "approver", "reviewer"}
PARTIES = {"requester", "consultant"}
RECORD = PARTIES | {"coordinator", "verifier", "member", "reviewer"}
SEES = RECORD | {"guest", "candidate", "approver"}
IN_ROOM = SEES | {"observer"}                                      # that it is on; nothing of the patient

TOGETHER = RUNNING | {"awaiting-opinion"}
WRITTEN = {"reporting", "awaiting-opinion", "opinion-draft"}     # by the consultant; in the other states somebody waits for the requester
TAKEN_OVER = WAITING | WRITTEN | {"returned", "accepted", "scheduled", "signed", "acknowledged", "referral-open", "follow-up"}

# question: (roles, relations, states in which it is possible or None = all)
READS = {
    "see": (CARE, IN_ROOM, None),
    "attachments": (CARE, SEES, None),
    "upload state": (CARE, SEES, None),
    "thumbnail": (CARE | {"referrals"}, SEES | {"receiver"}, None),
    "file": (CARE | {"referrals"}, SEES | {"receiver"}, None),
    "opinions": (CARE, RECORD, None),
    "audit": (CARE, RECORD, None),
    "recordings": (CARE, RECORD, None),
    "archive": (CARE, RECORD, {"archived"}),
    "invitees": (CARE, PARTIES, RUNNING),
    "whom to ask": (CARE, {"consultant", "coordinator"}, TOGETHER),
    "who takes over": (CARE, {"coordinator"}, TAKEN_OVER),
    "earlier": (CARE, PARTIES | {"member"}, WAITING | RUNNING | REPORTED),
}
WRITES = {
    "edit": ({"clinician"}, {"requester"}, {"draft", "returned"}),
    "consent of the patient": ({"clinician", "specialist"}, {"requester"}, None),
    "consent of the consultant": ({"clinician", "specialist"}, {"consultant"}, None),
    "save the opinion": ({"specialist"}, {"consultant"}, RUNNING | {"reporting", "awaiting-opinion"}),
    "add a file": ({"clinician", "specialist"}, PARTIES, BEFORE_OPINION),
    "remove a file": ({"clinician"}, {"requester"}, {"draft", "returned"}),
}

BEFORE_SESSION = {"accepted", "scheduled", "ready"}
COORD = {"coordinator"}
ACTIONS = {  # action: (states, relations)
    "submit": ({"draft", "returned"}, {"requester"}),
    "renew": ({"expired"}, {"requester"}),
    "discard": ({"draft"}, {"requester"}),
    "approve": ({"pending-approval"}, {"approver"}),
    "triage": ({"submitted", "triaged", "offered"}, COORD),
    "reject": (WAITING, {"approver", "coordinator"}),
    "accept": ({"offered"}, {"candidate"}),
    "decline": ({"offered"}, {"candidate"}),
    "return": (WAITING | BEFORE_SESSION | {"reporting"}, {"approver", "candidate", "consultant", "coordinator"}),
    "withdraw": ({"returned", "reporting"} | WAITING | RUNNING, {"requester"}),
    "hand-over": (BEFORE_SESSION | {"reporting"}, {"consultant", "coordinator"}),
    "take-over": (TAKEN_OVER, COORD),
    "schedule": ({"accepted", "scheduled"}, {"consultant", "coordinator"}),
    "cancel": ({"scheduled"}, PARTIES | COORD),
    "start": (BEFORE_SESSION, PARTIES),
    "end": ({"in-session", "interrupted"}, PARTIES),
    "fail": (RUNNING, PARTIES | COORD),
    "reopen": ({"failed", "no-show", "cancelled"}, PARTIES | COORD),
    "convert": ({"reporting"}, {"consultant"}),
    "preliminary": ({"reporting", "awaiting-opinion"}, {"consultant"}),
    "revise": ({"opinion-draft"}, {"consultant", "verifier"}),
    "sign": ({"reporting", "awaiting-opinion", "opinion-draft"}, {"consultant", "verifier"}),
    "amend": ({"signed", "acknowledged", "follow-up", "closed", "archived"}, {"consultant"}),
    "acknowledge-critical": ({"opinion-draft", "signed"}, {"requester"}),
    "acknowledge": ({"signed"}, {"requester"}),
    "refer": ({"acknowledged", "follow-up"}, {"requester"}),
    "follow-up": ({"acknowledged", "follow-up"}, {"requester"}),
    "close": ({"acknowledged", "follow-up"}, {"requester"}),
    "review": ({"closed", "archived"}, {"reviewer"}),
    "mark-error": ({"signed", "acknowledged", "follow-up", "closed"}, {"requester"}),
    "enlist": (TOGETHER, {"consultant", "coordinator"}),
    "excuse": (TOGETHER, {"consultant", "coordinator", "member"}),
    "contribute": (TOGETHER, {"member"}),
    "invite": (RUNNING, PARTIES),
    "uninvite": (RUNNING, PARTIES | {"guest"}),
    "admit-observer": (RUNNING, {"consultant"}),
    "dismiss-observer": (RUNNING, PARTIES | {"observer"}),
}
NEEDS_RULES = {"submit", "renew", "triage", "hand-over", "convert", "accept"}  # asks the partnership again
QUESTIONS = [*READS, *WRITES, *ACTIONS]

# ---- the answer of a cell ----


def elsewhere(person, case):
    """Whose place it is, that institution's own coordinator says who takes it; each institution has one in these tests."""
    return person.place != ("C" if case.state in WRITTEN else "R")


def guard(action, case, found, person):
    """What else an action needs, as "status code"; None: nothing that is lacking in these cases."""
    if action == "take-over" and elsewhere(person, case):
        return "403 take-over.elsewhere"
    if action == "start":
        return "409 room.alone"
    if action in ("enlist", "excuse") and case.kind != "mdt":
        return "409 kind.not-mdt"
    if action == "acknowledge-critical":
        return "409 critical.none"
    if action == "sign" and case.second:
        if case.state == "reporting":
            return "409 opinion.second-reader"
        return None if "verifier" in found else "403 opinion.not-second-reader"
    if action == "sign" and case.kind == "mdt":
        return "409 member.outstanding"
    return None


def late(person, case):
    """Who was offered it and hears that it is too late, although it is nobody's business of theirs any more."""
    return person.name in ("consultant", "candidate") and case.was_offered


def expected_action(person, case, action, rule):
    found = relations(person, case, rule)
    if not found and rule and case.state == "offered" and action in ("accept", "decline") and late(person, case):
        return f"403 {rule}"                                     # the offer is still there, and the rules say why it is worth nothing
    if not found:
        return "409" if action in ("accept", "decline") and late(person, case) else "404"
    states, who = ACTIONS[action]
    if case.state not in states:
        if action == "accept" and "consultant" in found and case.state in ("accepted", "reporting"):
            return "repeated"                                    # the winner asks again
        return "409"
    if not who & found:
        return "403"
    if rule is not None and action in NEEDS_RULES:
        return f"403 {rule}"
    return guard(action, case, found, person) or "allowed"


def expected(person, case, question, rule=None):
    """"401", "403 session.role", "404", "403", "409", "STATUS code" or "allowed". rule: why the partnership refuses now, None: it does not."""
    if person.name == "nobody":
        return "401"
    if question in ACTIONS:
        return "403 session.role" if person.role not in CARE else expected_action(person, case, question, rule)
    roles, who, states = {**READS, **WRITES}[question]
    if person.role not in roles:
        return "403 session.role"
    found = relations(person, case, rule)
    if question != "see":
        found.discard("observer")                                # is a stranger to everything else
    if not found or (question in READS and not who & found):
        return "404"
    if question.startswith("consent") and not who & found:
        return "403"
    if question.startswith("consent") and case.state in OVER_UNHEARD:
        return "409"
    if states is not None and case.state not in states:
        return "409"
    if question == "whom to ask" and case.kind != "mdt":
        return "409 kind.not-mdt"
    if question == "who takes over" and elsewhere(person, case):
        return "403 take-over.elsewhere"
    return "allowed" if who & found else "403"


# ---- the record of one patient ----


def opens(reader, past, present, continuous, rule):
    """May the reader read the past one from the present one? reader: place, parts (relations to the present one); past: state, parties (places),
    consents (of the patient: consultation, imaging), patient; present: state, consents, deferred (a life in danger), patient. continuous: the partnership keeps one record.
    rule: why the partnership refuses today. "nothing", "opinions" or "opinions and files"."""
    treats = reader.parts & {"requester", "consultant", "member"} and present.state in WAITING | RUNNING | REPORTED
    told = past.signed and past.state != "entered-in-error"
    same = past.patient == present.patient and past.patient[1]
    agreed = "consultation" in past.consents and ("consultation" in present.consents or present.deferred)
    shown = reader.place in past.parties or (continuous and not rule)
    if not (treats and told and same and agreed and shown):
        return "nothing"
    return "opinions and files" if "imaging" in past.consents or reader.place == past.parties[0] else "opinions"


# ---- partnerships ----

REFUSALS = ["rule.partnership-inactive", "rule.membership-ended", "rule.no-agreement", "rule.agreement-not-in-force", "rule.service-not-agreed",
            "rule.specialty-not-covered", "rule.other-region"]  # in the order in which they are asked
OF_AGREEMENT = {"in force": None, "not begun": "rule.agreement-not-in-force", "expired": "rule.agreement-not-in-force", "none": "rule.no-agreement",
                "membership ended": "rule.membership-ended", "inactive": "rule.partnership-inactive"}


def expected_rule(mode, region, covered, agreement, kind, services):
    """None: the consultation may be asked for; else the code of the refusal."""
    wrong = {OF_AGREEMENT[agreement]} if OF_AGREEMENT[agreement] else set()
    if kind not in services:
        wrong.add("rule.service-not-agreed")
    if not covered:
        wrong.add("rule.specialty-not-covered")
    if region == "other" and mode in ("urban-group", "county-community"):   # alliance and network know no region
        wrong.add("rule.other-region")
    return next((r for r in REFUSALS if r in wrong), None)
