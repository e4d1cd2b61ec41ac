"""A consultation in any state, brought there by its own people through the real interface; and the people, each with a connection for
every thread that speaks for them."""
import hashlib
import os
import threading
import time

import table
from gateway import PYDICOM, WebSocket

API = "/api/v1"
# Every state in which a consultation can rest, in the kinds that make a difference there.
CASES = [("draft", "live"), ("returned", "live"), ("pending-approval", "live"), ("submitted", "live"), ("offered", "live"), ("offered", "read"), ("accepted", "live"),
         ("accepted", "mdt"), ("scheduled", "live"), ("ready", "live"), ("in-session", "live"), ("in-session", "mdt"), ("interrupted", "live"), ("reporting", "read"),
         ("awaiting-opinion", "live"), ("awaiting-opinion", "mdt"), ("opinion-draft", "live"), ("opinion-draft", "read"), ("signed", "live"), ("signed", "read"),
         ("signed", "mdt"), ("acknowledged", "live"), ("referral-open", "live"), ("follow-up", "live"), ("closed", "live"), ("archived", "live"), ("withdrawn", "live"), ("rejected", "live"),
         ("expired", "live"), ("cancelled", "live"), ("no-show", "live"), ("failed", "live"), ("discarded", "live"), ("entered-in-error", "live")]
# Which urgency has the short times of the agreement (test_matrix.py): what waits for a timer.
URGENCY = {"expired": "routine", "no-show": "stat", "archived": "routine"}
REASON = {"reason_code": "test", "reason_text": "说明"}
SHA = hashlib.sha256(b"domain").hexdigest()
LATER_MS = 20 * 86400000


class Person:
    def __init__(self, gateway, name, role, place, entry=None):
        self.gateway, self.name, self.role, self.place = gateway, name, role, place
        self.local, self.account = threading.local(), None
        if entry:
            client = gateway.signed_in(entry)
            self.cookie, self.csrf, self.account, self.organisation = client.cookie, client.csrf, client.session["account"]["id"], client.session["organisation"]["id"]

    def client(self):
        """Of this thread."""
        if not hasattr(self.local, "client"):
            self.local.client = self.gateway.client()
            if self.account:
                self.local.client.cookie, self.local.client.csrf = self.cookie, self.csrf
        return self.local.client

    def __repr__(self):
        return f"{self.name}@{self.place}"


class Sockets:
    """Those who sit in rooms: their pings are answered until the end."""

    def __init__(self):
        self.open, self.lock, self.stop = [], threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def join(self, person, case):
        ws = WebSocket(person.client())
        ws.send({"type": "room.join", "consultation": case})
        answer = ws.receive("room.state", "error")
        if not answer or answer["type"] != "room.state":
            raise RuntimeError(f"{person}: room.join: {answer}")
        with self.lock:
            self.open.append(ws)
        return ws

    def leave(self, ws):
        with self.lock:
            self.open.remove(ws)
        ws.close()

    def run(self):
        while not self.stop.wait(5):
            with self.lock:
                for ws in self.open:
                    while ws.receive(timeout=0.001):
                        pass

    def end(self):
        self.stop.set()
        self.thread.join()
        for ws in self.open:
            ws.close()


def want(answer, *statuses):
    if answer[0] not in statuses:
        raise RuntimeError(f"{answer[0]} instead of {statuses}: {answer[1]}")
    return answer[1]


class Case:
    """people: by name, of one group. Raises when a legal step is refused."""

    opinion = {"findings": "x", "diagnosis": "x", "disagreement": "x"}
    later_ms = LATER_MS  # appointments and follow-ups, from now

    def __init__(self, people, state, kind, sockets, mode=""):
        self.people, self.state, self.kind, self.sockets, self.mode = people, state, kind, sockets, mode
        self.urgency = URGENCY.get(state, "urgent")
        self.second = kind == "read"                      # the agreement asks for a second reader of reads
        self.verified = (state, kind) == ("signed", "read")
        self.was_offered = False
        self.id = None
        self.begin()
        if not self.waiting() and not self.running():
            self.reported()
        self.wait(state)

    def __repr__(self):
        return f"{self.state} {self.kind}"

    def do(self, name, action, **body):
        return want(self.people[name].client().act(self.id, action, **{**REASON, **body}), 200)

    def wait(self, state, seconds=20):
        end = time.time() + seconds
        found = None
        while time.time() < end:
            found = want(self.people["requester"].client().get(f"{API}/consultations/{self.id}"), 200)["state"]
            if found == state:
                return
            time.sleep(0.2)
        raise RuntimeError(f"{self}: is {found}")

    def begin(self):
        requester = self.people["requester"].client()
        request = {"complaint": "x", "question": "x", **({"modality": "ecg"} if self.kind == "read" else {})}
        self.id = want(requester.post(f"{API}/consultations", {"specialty": "cardiology", "urgency": self.urgency, "kind": self.kind, "request": request,
                                                               "patient": {"name": "示范患者", "sex": "female", "birth_date": "1961-07-02"}}), 201)["id"]
        self.upload = want(requester.upload(self.id, os.path.join(PYDICOM, "CT_small.dcm")), 200)
        self.attachment = self.upload["attachment"]["id"]
        for scope in ("consultation", "imaging", "recording"):
            want(requester.consent(self.id, scope), 200)

    def offer(self):
        """Through approval and triage, where the request waits for them."""
        if self.do("requester", "submit")["state"] == "pending-approval":
            if self.state == "pending-approval":
                return
            self.do("approver R", "approve")
            if self.state == "submitted":
                return
            self.do("coordinator R", "triage")
        self.was_offered = True
        self.do("declined", "decline", reason_code="busy")

    def waiting(self):
        """Until somebody has it; True: it is there."""
        if self.state == "discarded":
            self.do("requester", "discard")
        if self.state in ("draft", "discarded"):
            return True
        self.offer()
        if self.state in ("pending-approval", "submitted", "offered", "expired"):
            return True
        if self.state == "returned":
            self.do("consultant", "return")
        elif self.state == "rejected":
            self.do("coordinator R", "reject")
        elif self.state == "withdrawn":
            self.do("requester", "withdraw")
        else:
            self.do("consultant", "accept")
            return False
        return True

    def running(self):
        """Accepted, until the session has ended."""
        if self.kind == "read":
            return self.state == "reporting" and bool(self.save())
        if self.kind == "mdt":
            self.do("consultant", "enlist", account=self.people["member"].account)
        self.do("requester", "invite", account=self.people["guest"].account)
        want(self.people["requester"].client().consent(self.id, "teaching"), 200)
        self.do("consultant", "admit-observer", account=self.people["observer"].account)
        if self.state in ("scheduled", "cancelled"):
            self.do("consultant", "schedule", from_ms=self.appointment_ms())
        if self.state in ("cancelled", "failed"):
            self.do("requester", "cancel" if self.state == "cancelled" else "fail")
        if self.state in ("accepted", "scheduled", "cancelled", "failed"):
            return True
        want(self.people["consultant"].client().consent(self.id, "recording", True, "consultant"), 200)
        first = self.sockets.join(self.people["requester"], self.id)
        if self.state in ("ready", "no-show"):
            return True
        second = self.sockets.join(self.people["consultant"], self.id)
        if self.state == "interrupted":
            self.sockets.leave(first)
        if self.state in ("in-session", "interrupted"):
            return True
        self.do("consultant", "end")
        self.sockets.leave(first)
        self.sockets.leave(second)
        return False

    slots, slot_lock = 0, threading.Lock()

    @staticmethod
    def now_ms():
        return int(time.time() * 1000)

    def appointment_ms(self):
        """An hour of its own, so that no appointment is in the way of another."""
        with Case.slot_lock:
            Case.slots += 1
            return self.now_ms() + self.later_ms + Case.slots * 3600000

    def save(self):
        return want(self.people["consultant"].client().put(f"{API}/consultations/{self.id}/opinion", {"body": self.opinion}), 200)

    def reported(self):
        self.save()
        if self.state == "awaiting-opinion":
            return
        if self.kind == "read" or self.state == "opinion-draft":
            self.do("consultant", "preliminary")
        if self.state == "opinion-draft":
            return
        if self.kind == "mdt":
            self.do("member", "contribute", opinion="x", view="agree")
        self.do("verifier" if self.kind == "read" else "consultant", "sign")
        if self.state == "entered-in-error":
            self.do("requester", "mark-error")
        if self.state in ("signed", "entered-in-error"):
            return
        self.do("requester", "acknowledge", adopted="yes", told_patient=True)
        if self.state == "referral-open":
            want(self.people["requester"].client().act(self.id, "refer", **self.body("refer", None)), 200)
        if self.state == "follow-up":
            self.do("requester", "follow-up", text="x", due_ms=self.now_ms() + self.later_ms)
        if self.state in ("closed", "archived"):
            self.do("requester", "close")

    # ---- what is asked of it ----

    def body(self, action, person):
        named = {"enlist": "member", "excuse": "member", "invite": "colleague", "uninvite": "guest",
                 "admit-observer": "declined", "dismiss-observer": "observer"}
        body = dict(REASON)
        if action == "refer":  # its reason is one of a referral's own
            return {"to_organisation": self.people["consultant"].organisation, "department": "cardiology", "reason_code": "severe",
                    "consent": {"referral": True, "sharing": True, "relation": "self", "method": "written"}}
        if action == "take-over":
            body["account"] = self.people["candidate" if self.state in table.WRITTEN else "colleague"].account
        if action in named:
            body["account"] = self.people[named[action]].account
        if action == "schedule":
            body["from_ms"] = self.appointment_ms()
        if action == "contribute":
            body.update(opinion="x", view="agree")
        if action == "acknowledge":
            body.update(adopted="yes", told_patient=True)
        if action == "follow-up":
            body.update(text="x", due_ms=self.now_ms() + self.later_ms)
        if action == "review":
            body.update(result="good")
        return body

    def ask(self, person, question):
        """(status, body) of one cell."""
        client, at = person.client(), f"{API}/consultations/{self.id}"
        if question in table.ACTIONS:
            return client.act(self.id, question, **self.body(question, person))
        consent = {"given": True, "relation": "self", "method": "written", "text_version": "1"}
        method, path, body = {
            "see": ("GET", at, None),
            "attachments": ("GET", f"{at}/attachments", None),
            "upload state": ("GET", f"{API}/uploads/{self.upload['id']}", None),
            "thumbnail": ("GET", f"{API}/attachments/{self.attachment}/thumbnail", None),
            "file": ("GET", f"{API}/attachments/{self.attachment}/content", None),
            "opinions": ("GET", f"{at}/opinions", None),
            "audit": ("GET", f"{at}/audit", None),
            "recordings": ("GET", f"{at}/recordings", None),
            "archive": ("GET", f"{at}/archive", None),
            "invitees": ("GET", f"{at}/invitees", None),
            "whom to ask": ("GET", f"{at}/people?for=enlist", None),
            "who takes over": ("GET", f"{at}/people?for=take-over", None),
            "earlier": ("GET", f"{at}/earlier", None),
            "edit": ("PATCH", at, {}),
            "consent of the patient": ("PUT", f"{at}/consents/teaching", {**consent, "party": "patient"}),
            "consent of the consultant": ("PUT", f"{at}/consents/teaching", {**consent, "party": "consultant"}),
            "save the opinion": ("PUT", f"{at}/opinion", {"body": {"findings": "x", "diagnosis": "y", "disagreement": "x"}}),
            "add a file": ("POST", f"{at}/uploads", {"name": "a.jpg", "bytes": 6, "sha256": SHA}),
            "remove a file": ("DELETE", f"{API}/attachments/{self.attachment}", None),
        }[question]
        return client.request(method, path, body)
