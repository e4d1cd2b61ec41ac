#!/usr/bin/python3
"""A patient's words stay where they belong. Marks are written into every free text of a consultation; after its whole life they are in the
database and in nothing else: no log line, no metric, no file name, no address, no operator's page. Everything that was done or read is in
the audit chain, which consultctl checks from outside, before and after tampering. Passwords never come by argument."""
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, ROOT, Checks, Gateway, WebSocket  # noqa: E402

API = "/api/v1"
checks = Checks()
gateway = Gateway("--log_level", "debug")
MARKS = {}


def mark(what):
    """A text that is nowhere else, with letters of both scripts."""
    return MARKS.setdefault(what, f"ZQ{hashlib.sha256(what.encode()).hexdigest()[:10]}印")


def ctl(*words, data=None, given=None):
    return subprocess.run([os.path.join(gateway.build, "consultctl"), *words, "--data", data or gateway.data], input=given, capture_output=True, text=True, timeout=60)


def marked_photo():
    """A JPEG of Debian's own, under a name that names the patient."""
    path = os.path.join(gateway.data, "scratch", mark("file name") + ".dcm")
    os.makedirs(os.path.dirname(path))
    shutil.copyfile(os.path.join(PYDICOM, "CT_small.dcm"), path)
    return path


def want(answer, status=200):
    if answer[0] != status:
        raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
    return answer[1]


def life(requester, consultant):
    """One consultation from draft to closed, a mark in every text; its id and attachment."""
    text = lambda *names: {name: mark(name) for name in names}  # noqa: E731
    case = want(requester.post(API + "/consultations", {
        "specialty": "cardiology", "urgency": "urgent", "kind": "live",
        "patient": {"sex": "female", "birth_date": "1961-07-02", "phone": "13987654321", "id_type": "passport", "id_number": "ZQ7654321", **text("name", "record_no", "allergy")},
        "request": text("complaint", "question", "present_history", "past_history", "examination", "tests", "initial_diagnosis", "treatment")}), 201)["id"]
    MARKS["phone"], MARKS["id_number"] = "13987654321", "ZQ7654321"
    for scope in ("consultation", "imaging", "recording"):
        want(requester.put(f"{API}/consultations/{case}/consents/{scope}",
                           {"party": "patient", "given": True, "relation": "guardian", "name": mark("guardian"), "method": "written", "text_version": "2026-1"}))
    photo = marked_photo()
    attachment = want(requester.upload(case, photo))["attachment"]
    shutil.rmtree(os.path.dirname(photo))
    attachment = attachment["id"] if isinstance(attachment, dict) else attachment
    want(requester.act(case, "submit"))
    want(consultant.act(case, "return", reason_code="incomplete", reason_text=mark("return reason")))
    want(requester.act(case, "submit"))
    for kind in ("thumbnail", "rendered", "content"):
        want(consultant.get(f"{API}/attachments/{attachment}/{kind}"))
    want(consultant.act(case, "accept"))
    want(consultant.consent(case, "recording", True, "consultant"))
    sockets = [WebSocket(client) for client in (requester, consultant)]
    for ws in sockets:
        ws.send({"type": "room.join", "consultation": case, "device": "ZQ"})
        ws.receive("room.state")
    sockets[0].send({"type": "chat.say", "consultation": case, "text": mark("chat")})
    sockets[1].receive("chat.said")
    sockets[0].send_frame(1, json.dumps({"type": "chat.say", "consultation": case, "text": [mark("bad message")]}).encode())
    sockets[0].receive("error")
    want(consultant.act(case, "end"))
    body = {"body": text("findings", "diagnosis", "differential", "further_tests", "referral_advice", "disagreement")}
    want(consultant.put(f"{API}/consultations/{case}/opinion", body))
    want(consultant.act(case, "sign"))
    want(consultant.act(case, "amend", reason_text=mark("amend reason")))
    want(consultant.act(case, "sign"))
    want(requester.act(case, "acknowledge", adopted="no", text=mark("decision"), told_patient=True))
    want(requester.act(case, "close"))
    for ws in sockets:
        ws.close()
    for path in ("", "/opinions", "/audit", "/recordings", "/attachments"):
        want(requester.get(f"{API}/consultations/{case}{path}"))
        cached = requester.headers.get("cache-control")
        checks.ok(cached == "no-store", f"GET /consultations/{{id}}{path} is not kept by the browser", cached)
    return case, attachment


def bad_requests(client):
    """What is refused is not repeated: not in the answer, not in the log."""
    word = mark("refused")
    echoed = []
    for what, method, path, body in [
            ("a wrong type", "POST", "/consultations", {"specialty": {"x": word}}), ("an unknown specialty", "POST", "/consultations", {"specialty": word}),
            ("a wrong date", "POST", "/consultations", {"specialty": "cardiology", "patient": {"birth_date": word}}),
            ("no JSON", "POST", "/consultations", word.encode()), ("an address", "GET", f"/consultations/{word.encode().hex()}", None),
            ("a query", "GET", f"/consultations?list=ZQ{word[2:8]}", None), ("a sign-in", "POST", "/session", {"login": word, "password": mark("password")})]:
        status, answer = client.request(method, API + path, body, {"Content-Type": "application/json"} if isinstance(body, bytes) else None)
        text = json.dumps(answer, ensure_ascii=False) if not isinstance(answer, bytes) else answer.decode(errors="replace")
        if status < 400 or word in text or word.encode().hex() in text or "ZQ" in text:
            echoed.append(f"{what}: {status} {text[:200]}")
    checks.ok(not echoed, "a refusal does not repeat what was sent", echoed)


def scan(where, data, extra=()):
    """No mark in these octets, in UTF-8, escaped as JSON or percent-encoded; only the ASCII part has to be met."""
    hits = [what for what, text in [*MARKS.items(), *extra] if re.sub("印$", "", text).encode() in data]
    checks.ok(not hits, f"no mark in {where}", f"{len(data)} octets" if not hits else hits)


def audit_is_complete(case):
    wanted = {"consultation.create", "consent.give", "attachment.add", "consultation.submit", "consultation.offer", "consultation.return", "consultation.accept",
              "image.thumbnail", "image.view", "file.read", "case.read", "audit.read", "room.join", "consultation.end", "consultation.save",
              "consultation.sign", "consultation.amend", "consultation.acknowledge", "consultation.close"}
    rows = gateway.sql("SELECT action, actor_id, detail FROM audit WHERE consultation_id=?", case)
    lacking = wanted - {r["action"] for r in rows}
    checks.ok(not lacking, "every change and every reading of the case is in the audit trail", lacking or f"{len(rows)} rows")
    scan("the audit rows: ids and hashes, no content", json.dumps(rows, ensure_ascii=False).encode())
    others = {r["action"] for r in gateway.sql("SELECT DISTINCT action FROM audit WHERE consultation_id IS NULL")}
    lacking = {"session.open", "session.close", "login.failed", "directory.import", "account.add", "account.disable", "account.enable", "account.password",
               "account.roles", "duty.on"} - others
    checks.ok(not lacking, "so are sign-ins, sign-outs and changes of accounts", lacking)


def tampered(name, *statements):
    """A copy of the data, changed by somebody who can write the database; what `consultctl check` says."""
    copy = os.path.join(gateway.data, "tampered")
    os.makedirs(copy)
    for entry in ("consult.db", "consult.db-wal", "keys"):
        source = os.path.join(gateway.data, entry)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(copy, entry))
        elif os.path.exists(source):
            shutil.copyfile(source, os.path.join(copy, entry))
    before = ctl("check", data=copy)
    with sqlite3.connect(os.path.join(copy, "consult.db")) as db:
        for trigger in [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'")]:
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)
    db.close()
    after = ctl("check", data=copy)
    line = next((line for line in after.stdout.splitlines() if line.startswith("FAULT audit")), "")
    checks.ok("ok audit" in before.stdout and after.returncode != 0 and line, f"tampering is found: {name}", line or after.stdout + after.stderr)
    shutil.rmtree(copy)


def passwords():
    """Only by terminal or standard input; in a file only where it is marked as demonstration."""
    done = ctl("user", "password", "demo.clinician3", given=mark("new password") + "\n")
    checks.ok(done.returncode == 0 and gateway.client().sign_in("demo.clinician3", MARKS["new password"])[0] == 200, "a new password from standard input", done.stderr)
    for words in (("user", "password", "demo.clinician3", "by-argument-1"), ("user", "password", "demo.clinician3", "--password", "by-argument-1")):
        done = ctl(*words)
        checks.ok(done.returncode == 64 or "usage" in done.stderr.lower(), f"not as an argument: {' '.join(words[2:])[:40]}", done.returncode)
    checks.ok(gateway.client().sign_in("demo.clinician3", "by-argument-1")[0] == 401, "and it was not taken")
    for what, given in [("none", ""), ("a short one", "short\n"), ("one with a control character", "abcdefgh\tijk\n")]:
        done = ctl("user", "password", "demo.clinician3", given=given)
        checks.ok(done.returncode == 1 and "characters" in done.stderr + done.stdout or "no password" in done.stderr, f"refused: {what}", done.stderr)
    demo = dict(gateway.demo, demonstration=False)
    path = os.path.join(gateway.data, "real.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(demo, file, ensure_ascii=False)
    done = ctl("import", path)
    checks.ok(done.returncode == 1 and "demonstration" in done.stderr and "password" in done.stderr, "a password in a file that is no demonstration is refused", done.stderr.strip()[:160])
    os.remove(path)


def roles_change():
    """An import that takes a role away ends what was opened with it."""
    person = next(p for p in gateway.demo["practitioners"] if p["code"] == "DEMO-P-15")
    client = gateway.signed_in(person)
    person["account"]["roles"] = ["coordinator"]
    path = os.path.join(gateway.data, "roles.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(gateway.demo, file, ensure_ascii=False)
    done = ctl("import", path)
    checks.ok(done.returncode == 0 and client.get(API + "/session")[0] == 401, "who loses a role is signed out", done.stderr)
    os.remove(path)


try:
    gateway.start()
    requester, consultant = (gateway.signed_in(gateway.people(*role)[0]) for role in (("clinician",), ("specialist", "cardiology")))
    operator = gateway.signed_in(gateway.people("operator")[0])
    want(consultant.put(API + "/duty", {"on_duty": True}))
    case, attachment = life(requester, consultant)
    bad_requests(requester)
    passwords()
    roles_change()
    for verb in ("disable", "enable"):
        checks.ok(ctl("user", verb, "demo.clinician4").returncode == 0, f"user {verb}")

    # What the browser may keep.
    for kind, kept in (("thumbnail", "private, no-cache"), ("rendered", "private, no-cache"), ("content", "no-store")):
        want(requester.get(f"{API}/attachments/{attachment}/{kind}"))
        tag, cached = requester.headers.get("etag"), requester.headers.get("cache-control")
        again = requester.get(f"{API}/attachments/{attachment}/{kind}", **{"If-None-Match": tag})[0]
        checks.ok(cached == kept and tag and (again == 304), f"{kind}: {kept}, and asked again", f"{cached} {tag} {again}")
    want(requester.get(f"{API}/attachments/{attachment}/rendered?center=10&width=20"))
    checks.ok(requester.headers["etag"] != tag, "another window has another tag")
    flags = gateway.client()
    want(flags.sign_in("demo.clinician2", "demo-consult"))
    cookie = flags.headers["set-cookie"]
    checks.ok(cookie.startswith("__Host-session=") and all(f in cookie for f in ("; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict")) and "Domain" not in cookie,
              "the cookie: __Host-, Secure, HttpOnly, SameSite=Strict", cookie.split(";", 1)[1])
    old = flags.cookie
    fixed = gateway.client()
    fixed.cookie = old
    want(fixed.sign_in("demo.clinician2", "demo-consult"))
    stale = gateway.client()
    stale.cookie = old
    checks.ok(fixed.cookie != old and stale.get(API + "/session")[0] == 401, "a sign-in gives a new session and ends the one that the browser brought")
    planted = gateway.client()
    planted.cookie = "A" * 43
    want(planted.sign_in("demo.clinician2", "demo-consult"))
    checks.ok(planted.cookie != "A" * 43, "a session planted in the browser is not taken up")
    checks.ok(fixed.request("DELETE", API + "/session")[0] == 204 and fixed.headers.get("clear-site-data") == '"cache"' and "Max-Age=0" in fixed.headers["set-cookie"],
              "the sign-out clears cookie and cache", fixed.headers.get("clear-site-data"))

    # Operator's pages.
    overview = want(operator.get(API + "/ops/overview"))
    scan("/ops/overview", json.dumps(overview, ensure_ascii=False).encode())
    names = [p["name_zh"] for p in gateway.demo["practitioners"]]
    checks.ok(not any(name in json.dumps(overview, ensure_ascii=False) for name in names), "nor a person's name")
    metrics = want(gateway.client().get("/metrics"))
    scan("/metrics", metrics, [("consultation", case), ("login", "demo.clinician1")])
    for path in ("/healthz", "/readyz"):
        status, body = gateway.client().get(path)
        scan(path, body if isinstance(body, bytes) else json.dumps(body).encode())
    audit_is_complete(case)
    done = ctl("check")
    checks.ok(done.returncode == 0 and "ok audit" in done.stdout, "consultctl check beside the running gateway: the whole chain holds", done.stdout + done.stderr)

    # Everything in the data folder but the database.
    names, contents = [], b""
    for folder, _, files in os.walk(gateway.data):
        names += [os.path.relpath(os.path.join(folder, f), gateway.data) for f in files]
        for name in files:
            if not name.startswith("consult.db") and os.path.join(folder, name) != gateway.log:
                contents += open(os.path.join(folder, name), "rb").read()
    scan(f"the names of {len(names)} files", "\n".join(names).encode())
    scan("the files beside the database", contents)
    loose = [n for n in names if not n.startswith("tls") and n != "gateway.log" and os.stat(os.path.join(gateway.data, n)).st_mode & 0o077]
    checks.ok(not loose, "all of them readable by the gateway's own user alone", loose[:5])
    present = b"".join(open(os.path.join(gateway.data, f), "rb").read() for f in ("consult.db", "consult.db-wal") if os.path.exists(os.path.join(gateway.data, f)))
    lacking = [w for w in ("name", "complaint", "findings", "decision") if MARKS[w].encode() not in present]
    checks.ok(not lacking, "control: the marks are in the database", lacking)

    tampered("a changed row", "UPDATE audit SET actor_id='0' WHERE seq=20")
    tampered("a deleted row", "DELETE FROM audit WHERE seq=20")
    tampered("a cut-off tail", "DELETE FROM audit WHERE seq > (SELECT MAX(seq) - 5 FROM audit)")
    tampered("two rows swapped", "UPDATE audit SET seq=-1 WHERE seq=20", "UPDATE audit SET seq=20 WHERE seq=21", "UPDATE audit SET seq=21 WHERE seq=-1")

    # The figures are for those named in metrics_allow alone.
    gateway.process.terminate()
    gateway.process.wait(20)
    gateway.settings = (*gateway.settings, "--metrics_allow", "192.0.2.1")
    gateway.start()
    status, body = gateway.client().get("/metrics")
    checks.ok(status == 403 and b"consult_" not in json.dumps(body).encode(), "/metrics for an address that is not allowed: 403", status)
finally:
    code, log = gateway.stop()
scan("the log at level debug", log.encode(), [("passport", "ZQ7654321"), ("demo password", "demo-consult")])
people = [p[k] for p in gateway.demo["practitioners"] for k in ("name_zh", "name_en")]
checks.ok(not any(name in log for name in people), "nor a clinician's name")
checks.ok(not re.search(r"__Host-session=|csrf=[0-9a-f]{16}|a=ice-pwd", log), "nor a token, nor an SDP")
checks.ok(code == 0, "SIGTERM ends it cleanly", code)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
checks.end()
