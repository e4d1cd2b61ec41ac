"""A person at the interface, and the own WebSocket: every answer and every message is held against the document (document.py). Whoever
uses it shares `checks` and `document`, so that at the end the document's words that nothing has met can be named."""
import time

from document import Document
from gateway import Checks, WebSocket

API = "/api/v1"
checks = Checks()
document = Document()


class Person:
    def __init__(self, gateway, demo):
        self.client, self.demo = gateway.client(), demo

    def call(self, method, path, body=None, status=None, code=None, **headers):
        """One call; checks status, members and code against the document. Returns the body."""
        known = document.find_call(method, path)
        got, answer = self.client.request(method, path if path.startswith("/api") else API + path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        faults = [] if known or code else [f"{method} {path} is no call of the document"]
        if got >= 400:
            faults += document.problem(got, answer)
            if got in (429, 503) and not self.client.headers.get("retry-after", "").isdigit():
                faults.append("no Retry-After")
            if self.client.headers.get("content-type") != "application/problem+json":
                faults.append("no problem+json")
        elif known:
            faults += self.good(known, got, answer)
        wanted = status if status is not None else 200 if code is None else int(document.codes[code])
        if got != wanted:
            faults.append(f"status {got}, {wanted} expected: {answer if not isinstance(answer, bytes) else answer[:100]}")
        if code is not None and isinstance(answer, dict) and answer.get("code") != code:
            faults.append(f"code {answer.get('code')}, {code} expected")
        checks.ok(not faults, f"{method} {path.split('?')[0][:60]}{' -> ' + code if code else ''}", "; ".join(faults[:4]))
        return answer

    def good(self, known, got, answer):
        document.met_calls.add(known)
        status, name = document.calls[known]
        if got == 304 or got == 206:
            return []
        faults = [] if got == status or (known[1].endswith("/uploads") and got == 200) else [f"status {got}, the document says {status}"]
        if name in document.objects:
            if known[1].endswith("/actions/{action}") and isinstance(answer, dict) and answer.get("my_role") == "none":
                name = "consultation_part"
            if name == "consultation" and isinstance(answer, dict) and answer.get("my_role") == "observer":
                name = "summary"
            faults += document.object(name, answer)
        elif name and self.client.headers.get("content-type") != name:
            faults.append(f"{self.client.headers.get('content-type')} is not {name}")
        return faults

    def sign_in(self):
        login = self.demo["account"]
        session = self.call("POST", "/session", {"login": login["login"], "password": login["password"]})
        self.client.cookie = self.client.headers["set-cookie"].split("=", 1)[1].split(";", 1)[0]
        self.client.csrf = session["csrf_token"]
        self.session = session
        return self

    def socket(self):
        self.ws = Socket(self.client)
        return self.ws


class Socket(WebSocket):
    """Every message that comes is held against the table."""

    faults = []

    def __init__(self, client, hello=True):
        super().__init__(client, hello)

    def receive(self, *types, timeout=10, where=None):
        end = time.time() + timeout
        while time.time() < end:
            message = super().receive(timeout=max(0.05, end - time.time()))
            if message is None:
                return None
            Socket.faults += document.message(message)
            if (not types or message["type"] in types) and (where is None or where(message)):
                return message
        return None

    def send(self, message):
        kind, members = document.messages[message["type"]]
        if kind == "IN" and all(m == "type" or m in members for m in message):
            document.met_messages.add(message["type"])
        super().send(message)


def error_of(ws, message, code, **members):
    ws.send(message)
    error = ws.receive("error")
    checks.ok(error is not None and error["code"] == code and all(error.get(k) == v for k, v in members.items()), f"{message['type']} is refused with {code}", error)


def offer(fingerprint="AA:" * 31 + "AA"):
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
    for mid, kind, pt, codec in (("0", "audio", 111, "opus/48000/2"), ("1", "video", 96, "VP8/90000")):
        lines += [f"m={kind} 9 UDP/TLS/RTP/SAVPF {pt}", "c=IN IP4 0.0.0.0", "a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", f"a=fingerprint:sha-256 {fingerprint}",
                  "a=setup:actpass", f"a=mid:{mid}", "a=sendrecv", "a=rtcp-mux", f"a=rtpmap:{pt} {codec}"]
    return "\r\n".join(lines) + "\r\n"
