#!/usr/bin/python3
"""The signalling side at its size: K signed-in idle WebSockets, new sign-ins meanwhile, messages, and all of them back after
kill -9 and a new start, while a consultation with media is in session. idle.py [--build FOLDER] [SOCKETS [SOCKETS_A_SESSION]]; bench.py imports run().
Loopback only; ends what it started."""
import json
import os
import sqlite3
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/integration/lib"))
import gateway as lib  # noqa: E402
from session import Session  # noqa: E402

SOCKETS_A_SESSION = 8  # 10,000 sign-ins at some 0.1 s of Argon2id each were 15 min; 1,250 are 2
SIGN_INS = 200
MESSAGES_S, MESSAGES_FOR_S = 5000, 20
RAMP_S = 500
STEP_LIMIT_S = 180
PASSWORD = "demo-consult"


def make_accounts(gateway, count):
    """Imports load.0 ... with one password. Hashing it for each would take longer than the measurement: the first one's is copied,
    which costs the gateway the same at each sign-in."""
    people = [{"code": f"LOAD-P-{i}", "organisation": "DEMO-TOWN-1", "name_zh": f"压测医师{i}", "name_en": f"Load Clinician {i}",
               "title": "attending", "licence_no": f"LOAD-LIC-{i}", "licensed_since": "2015-01-01",
               "account": {"login": f"load.{i}", "roles": ["clinician"], **({"password": PASSWORD} if i == 0 else {})}} for i in range(count)]
    path = os.path.join(gateway.data, "load.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"format": "consult-gateway-import-1", "demonstration": True, "practitioners": people}, f, ensure_ascii=False)
    gateway.run("import", os.path.join(gateway.build, "consultctl"), "import", path, "--data", gateway.data)
    with sqlite3.connect(os.path.join(gateway.data, "consult.db")) as db:
        db.execute("UPDATE account SET password_hash = (SELECT password_hash FROM account WHERE login = 'load.0') WHERE login LIKE 'load.%'")
    db.close()


class Crowd:
    """The generator in its idle mode."""

    def __init__(self, gateway, sockets, sockets_a_session):
        self.process = subprocess.Popen(
            [os.environ.get("CONSULT_LOAD", os.path.join(gateway.build, "consult-load")), "idle", "--address", "127.0.0.1", "--port", str(gateway.port),
             "--server", str(gateway.process.pid), "--sockets", str(sockets), "--sockets_a_session", str(sockets_a_session),
             "--opens_s", str(RAMP_S), "--login_format", "load.%u", "--password", PASSWORD, "--limit_s", str(STEP_LIMIT_S)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.opened = self.result()

    def result(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the generator ended with {self.process.wait(10)}")
        return json.loads(line)

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command):
        self.tell(command)
        return self.result()

    def end(self):
        try:
            self.process.stdin.close()
            self.process.wait(20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class Consultation:
    """One in session, whose parties do after a restart what a browser does: connect again, join, offer anew."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.session = Session(gateway, recorded=False)
        self.back_s = None

    def state(self):
        return self.gateway.sql("SELECT state FROM consultation WHERE id=?", self.session.case)[0]["state"]

    def states_after(self, since_ms):
        return [r["action"] for r in self.gateway.sql("SELECT action FROM audit WHERE consultation_id=? AND at_ms>=? ORDER BY seq", self.session.case, since_ms)]

    def party_again(self, client, index, end):
        pauses = iter([0.25, 0.5, 0.75, 1, 1, 1, 2])
        while time.time() < end:
            try:
                ws = lib.WebSocket(client, timeout=30)
                ws.send({"type": "room.join", "consultation": self.session.case, "device": "scripted"})
                if ws.welcome is not None and ws.receive("room.state") is not None:
                    self.session.sockets[index] = ws
                    return True
            except OSError:
                pass
            time.sleep(next(pauses, 3))
        return False

    def again(self, limit_s=60):
        """Both parties at once; then media anew. Sets back_s: from now until pictures and sound flow both ways."""
        begin = time.time()
        for ws in self.session.sockets:
            ws.close()
        for media in self.session.media:
            media.end()
        self.session.media = []
        clients = [self.session.clinician, self.session.specialist]
        if all(r is True for r in lib.in_threads(2, lambda i: self.party_again(clients[i], i, begin + limit_s))):
            for ws in self.session.sockets:
                self.session.connect(ws)
            while time.time() < begin + limit_s and not self.session.flows(0.3):
                pass
            self.back_s = time.time() - begin


def storm(gateway, crowd, consultation):
    """kill -9, start, and everybody at once."""
    crowd.tell("storm")
    since_ms = int(time.time() * 1000)
    kill = time.time()
    gateway.kill()
    party = threading.Thread(target=consultation.again)
    party.start()
    gateway.start()
    ready_s = time.time() - kill
    crowd.tell(f"server {gateway.process.pid}")
    result = crowd.result()
    party.join()
    result["gateway_ready_s"] = round(ready_s, 2)
    result["rss_kib"] = gateway.rss_kib()
    result["server_cpu_s"] = gateway.cpu_seconds()
    result["consultation"] = {"state": consultation.state(), "media_live": consultation.session.flows(2.0),
                              "media_back_s": consultation.back_s, "audit": consultation.states_after(since_ms)}
    return result


def run(build, sockets, sockets_a_session=SOCKETS_A_SESSION):
    lib.build_folder = lambda: build  # of the Gateway below
    sessions = -(-sockets // sockets_a_session)
    gateway = lib.Gateway()
    crowd = consultation = None
    figures = {"sockets": sockets}
    try:
        make_accounts(gateway, sessions + SIGN_INS)
        gateway.start()
        consultation = Consultation(gateway)
        crowd = Crowd(gateway, sockets, sockets_a_session)
        figures["idle"] = crowd.opened
        figures["sign_ins"] = crowd.ask(f"sign_ins {SIGN_INS}")
        cpu, begin = gateway.cpu_seconds(), time.time()
        time.sleep(20)
        figures["idle"]["cpu_percent_idle"] = round(100 * (gateway.cpu_seconds() - cpu) / (time.time() - begin), 2)
        figures["messages"] = crowd.ask(f"messages {MESSAGES_S} {MESSAGES_FOR_S}")
        figures["consultation_before"] = {"state": consultation.state(), "media_live": consultation.session.flows(2.0)}
        figures["storm"] = storm(gateway, crowd, consultation)
    finally:
        for thing in (crowd, consultation.session if consultation else None):
            if thing is not None:
                thing.end()
        code, log = gateway.stop()
        figures["gateway_exit"] = code
        figures["warnings"] = sorted({line.split("event=")[-1].split()[0] for line in log.splitlines() if "level=warn" in line or "level=error" in line})
    return figures


if __name__ == "__main__":
    numbers = [a for a in sys.argv[1:] if a.isdigit()]
    folder = sys.argv[sys.argv.index("--build") + 1] if "--build" in sys.argv else os.path.join(ROOT, "build/release")
    print(json.dumps(run(os.path.abspath(folder), *([int(n) for n in numbers] or [10000])), indent=1, ensure_ascii=False))
