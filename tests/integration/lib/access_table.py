"""Who may see and do what, as test_access.py expects it: the people, what they are to a consultation or a referral in each state, and what
each one is answered. Written from the rules (gateway/README.md, proto/signal/README.md), not from the answers; the roles and relations of a
route are those of gateway/access.def (rights.py)."""
import time

import rights

# ---- the people, and what they are to a consultation of ANNA's that BO accepts or accepted ----

ROLES = {"nobody": set(), "requester": {"clinician"}, "colleague": {"clinician"}, "clinician elsewhere": {"clinician"},
         "consultant": {"specialist"}, "guest": {"specialist"}, "observer": {"clinician"}, "offered": {"specialist"}, "declined": {"specialist"}, "specialist elsewhere": {"specialist"},
         "coordinator asking": {"coordinator"}, "coordinator answering": {"coordinator"}, "coordinator elsewhere": {"coordinator"},
         "approver asking": {"approver"}, "reviewer asking": {"reviewer"}, "manager": {"manager"}, "manager elsewhere": {"manager"},
         "operator": {"operator"}, "admin": {"admin"}, "receiver": {"referrals"}, "receiver elsewhere": {"referrals"}}
STATES = ["draft", "offered", "accepted", "in-session", "awaiting-opinion", "signed", "closed", "withdrawn"]
ON_STAGE = {"accepted", "in-session"}                            # GUEST is invited in accepted
HAS_CONSULTANT = {"accepted", "in-session", "awaiting-opinion", "signed", "closed"}


def relation(person, state):
    """What a person is to the consultation in that state: requester, consultant, candidate, coordinator or none."""
    if person == "requester":
        return "requester"
    if person == "consultant":
        return "consultant" if state in HAS_CONSULTANT else "candidate" if state == "offered" else "none"
    if person == "guest":
        return "guest" if state in ON_STAGE else "none"          # nothing is left of it when the session is over
    if person == "observer":
        return "observer" if state in ON_STAGE else "none"       # and to nothing but that it is on, and its own leaving
    if person == "offered":
        return "candidate" if state == "offered" else "none"     # it loses sight when another accepts
    if person == "coordinator asking":
        return "none" if state == "draft" else "coordinator"     # a draft is the clinician's own
    if person == "coordinator answering":                        # its specialist is offered it, or answers
        return "coordinator" if state == "offered" or state in HAS_CONSULTANT else "none"
    return "none"                                                # a colleague, a stranger, who declined, who runs the machine


# ---- the routes: who by role and who by relation is the table of rights that the server has; when, is said here ----

BEFORE_OPINION = {"draft", "offered", "accepted", "in-session", "awaiting-opinion"}
STATES_OF = {  # states in which somebody may; where it is not said: in all
    ("PATCH", "/consultations/{id}"): {"draft"},
    ("GET", "/consultations/{id}/invitees"): ON_STAGE,
    ("GET", "/consultations/{id}/earlier"): {"offered", "accepted", "in-session", "awaiting-opinion", "signed"},
    ("PUT", "/consultations/{id}/opinion"): {"accepted", "in-session", "awaiting-opinion"},
    ("POST", "/consultations/{id}/uploads"): BEFORE_OPINION,
    ("PUT", "/uploads/{id}"): BEFORE_OPINION,
    ("DELETE", "/attachments/{id}"): {"draft"},
}
RIGHTS = rights.rows()
# (method, path): (roles or None, relations, states)
ROUTES = {row.key: (None if row.public else row.roles, row.relations, STATES_OF.get(row.key)) for row in RIGHTS}
CARE = ROUTES[("GET", "/consultations/{id}")][0]
OF_A_CASE = ("/consultations/{", "/uploads/", "/attachments/", "/recordings/")
WRITERS = {"clinician", "specialist", "referrals"}               # of referrals
REFER = WRITERS | {"coordinator"}

# Referrals from REQUESTER's institution to CONSULTANT's: action: states in which it is possible, and who may then.
REFERRAL_STATES = ["draft", "sent", "accepted", "arrived", "returned"]
REFERRALS = {
    "send": ({"draft"}, "sender"),
    "withdraw": ({"draft", "sent", "accepted"}, "sender"),
    "accept": ({"sent"}, "receiver"),
    "refuse": ({"sent"}, "receiver"),
    "forward": ({"sent"}, "receiver"),
    "arrive": ({"accepted"}, "receiver"),
    "return-message": ({"arrived"}, "receiver"),
    "acknowledge-return": ({"returned"}, "sender"),
}


def referral_relation(person, state):
    if person == "requester":
        return "sender"
    if state == "draft":
        return "none"
    return "receiver" if person == "receiver" else "coordinator" if person in ("coordinator asking", "coordinator answering") else "none"


def expected_referral(person, state, roles, states, who):
    refused = by_role(person, roles)
    if refused:
        return refused
    related = referral_relation(person, state)
    if related == "none":
        return "404"
    if state not in states:
        return "409"
    return "allowed" if who is None or related == who else "403"

# action: {state: relations}
BOTH = {"requester", "consultant"}
ACTIONS = {
    "submit": {"draft": {"requester"}},
    "discard": {"draft": {"requester"}},
    "accept": {"offered": {"candidate"}},
    "decline": {"offered": {"candidate"}},
    "return": {"offered": {"candidate", "coordinator"}, "accepted": {"consultant", "coordinator"}},
    "withdraw": {state: {"requester"} for state in ("offered", "accepted", "in-session")},
    "start": {"accepted": BOTH},
    "end": {"in-session": BOTH},
    "sign": {"awaiting-opinion": {"consultant"}},
    "amend": {"signed": {"consultant"}, "closed": {"consultant"}},
    "acknowledge": {"signed": {"requester"}},
    "close": {},                                                 # only from acknowledged, which each run passes
    "fail": {state: BOTH | {"coordinator"} for state in ("accepted", "in-session")},
    "invite": {state: BOTH for state in ON_STAGE},
    "uninvite": {state: BOTH | {"guest"} for state in ON_STAGE},
    "admit-observer": {state: {"consultant"} for state in ON_STAGE},
    "dismiss-observer": {state: BOTH | {"observer"} for state in ON_STAGE},
    "renew": {}, "approve": {}, "cancel": {}, "reopen": {}, "convert": {}, "revise": {}, "refer": {}, "follow-up": {},   # from states that no case is in here
    "triage": {"offered": {"coordinator"}},
    "reject": {"offered": {"coordinator"}},
    "hand-over": {"accepted": {"consultant", "coordinator"}},
    "take-over": {"offered": {"coordinator"}, "accepted": {"coordinator"}, "awaiting-opinion": {"coordinator"}, "signed": {"coordinator"}},
    "schedule": {"accepted": {"consultant", "coordinator"}},
    "preliminary": {"awaiting-opinion": {"consultant"}},
    "acknowledge-critical": {"signed": {"requester"}},
    "review": {"closed": set()},                                 # nobody here reviews
    "mark-error": {"signed": {"requester"}, "closed": {"requester"}},
    **{action: {state: who for state in ("accepted", "in-session", "awaiting-opinion")} for action, who in
       (("enlist", {"consultant", "coordinator"}), ("excuse", {"consultant", "coordinator", "member"}), ("contribute", {"member"}))},
}
GUARDED = {"acknowledge-critical": "critical.none", "enlist": "kind.not-mdt", "excuse": "kind.not-mdt"}  # may be tried, and is refused for what the case is
BODY = {"decline": {"reason_code": "busy"}, "return": {"reason_code": "incomplete", "reason_text": "x"}, "fail": {"reason_code": "network"},
        "reject": {"reason_code": "x", "reason_text": "x"}, "hand-over": {"reason_code": "x"}, "take-over": {"reason_code": "x"}, "mark-error": {"reason_text": "x"},
        "schedule": {"from_ms": int(time.time() * 1000) + 86400000}, "excuse": {"reason_text": "x", "account": "0" * 32}, "enlist": {"account": "0" * 32},
        "amend": {"reason_text": "x"}, "acknowledge": {"adopted": "yes", "told_patient": True}}


# Of the partnership that the manager's institution leads: the one elsewhere is a member of it.
LED = {"manager": "allowed", "admin": "allowed", "manager elsewhere": "403"}


def by_role(person, roles):
    if roles is None:
        return None
    return "401" if person == "nobody" else None if ROLES[person] & roles else "403 session.role"


def expected(person, state, key):
    roles, relations, states = ROUTES[key]
    refused = by_role(person, roles)
    if refused:
        return refused
    related = relation(person, state)
    reading = key[0] == "GET"
    if related == "observer" and "observer" not in relations:
        return "404"                                             # a stranger to everything else
    if related == "none" or (reading and related not in relations):
        return "404"
    if states is not None and state not in states:
        return "409"
    return "allowed" if related in relations else "403"


def expected_action(person, state, action):
    refused = by_role(person, CARE)
    if refused:
        return refused
    related = relation(person, state)
    late = action in ("accept", "decline") and person in ("consultant", "offered") and state != "draft"
    if related == "none":                                        # who was asked is told that it is too late, and nothing more
        return "409" if late else "404"
    if action == "accept" and person == "consultant" and state == "accepted":
        return "allowed"                                         # the winner asks again
    allowed = ACTIONS[action].get(state)
    if allowed is None:
        return "409"
    if action == "take-over" and related == "coordinator":       # of the institution whose doctor it is
        return "allowed" if person == ("coordinator answering" if state == "awaiting-opinion" else "coordinator asking") else "403"
    return "allowed" if related in allowed else "403"


def expected_consent(person, state, party):
    refused = by_role(person, {"clinician", "specialist"})
    if refused:
        return refused
    related = relation(person, state)
    if related in ("none", "observer"):
        return "404"
    if related != {"patient": "requester", "consultant": "consultant"}[party]:
        return "403"
    return "409" if state == "withdrawn" else "allowed"


def fits(status, body, wanted):
    code = body.get("code", "") if isinstance(body, dict) else ""
    if wanted == "allowed":      # 422: admitted, the body was not to be taken; 409: admitted, but the piece is not the next, no recording yet
        return status in (200, 201, 204, 422) or (status == 409 and code in ("upload.offset", "recording.not-ready", "room.alone", "archive.not-yet")) \
            or (status == 404 and code in ("recording.no-poster", "opinion.unknown"))  # admitted, but nothing is signed yet
    if wanted == "404":          # as if it did not exist
        return status == 404 and code.split(".")[1:] == ["unknown"] and code != "opinion.unknown"
    if wanted == "401":
        return status == 401 and code == "session.required"
    if wanted == "403":
        return status == 403 and code != "session.role"
    return f"{status} {code}" == wanted if " " in wanted else str(status) == wanted and code not in ("upload.offset", "room.alone", "archive.not-yet")
