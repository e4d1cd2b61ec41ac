#!/usr/bin/python3
"""A ledger client writes down every acknowledged change; the gateway is killed with -9 at random instants; after each start
everything acknowledged is there, nothing twice, and the audit chain holds."""
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway  # noqa: E402

CYCLES = int(os.environ.get("TEST_KILL_CYCLES", "6"))
random.seed(20261121)
checks = Checks()
gateway = Gateway().start()
ledger = {}  # consultation id -> last acknowledged state
ready_s = []


def write(stop):
    try:
        client = gateway.signed_in(random.choice(gateway.people("clinician")))
        while not stop.is_set():
            status, made = client.draft()
            if status != 201:
                continue
            ledger[made["id"]] = "draft"
            if client.consent(made["id"])[0] != 200:
                continue
            status, body = client.act(made["id"], "submit")
            if status == 200:
                ledger[made["id"]] = body["state"]
    except Exception:  # noqa: BLE001 - the kill
        pass


try:
    for cycle in range(CYCLES):
        stop = threading.Event()
        writers = [threading.Thread(target=write, args=(stop,)) for _ in range(3)]
        for w in writers:
            w.start()
        before, patience = len(ledger), time.time() + 60
        while len(ledger) < before + 3 and time.time() < patience:  # signing in takes long on a busy machine
            time.sleep(0.02)
        time.sleep(random.uniform(0.0, 1.2))
        gateway.kill()
        stop.set()
        for w in writers:
            w.join(30)
        began = time.time()
        gateway.start()
        ready_s.append(time.time() - began)
        rows = {r["id"]: r["state"] for r in gateway.sql("SELECT id, state FROM consultation")}
        lost = [i for i, state in ledger.items() if i not in rows or (state != "draft" and rows[i] == "draft")]
        checks.ok(not lost, f"kill {cycle + 1}: nothing acknowledged is lost", f"{len(ledger)} acknowledged, {len(rows)} stored")
    checks.ok(len(ledger) >= 3 * CYCLES, "the ledger is no empty promise", f"{len(ledger)} consultations")
    print(f"     start to ready: {', '.join(f'{s:.2f}' for s in ready_s)} s")
finally:
    if gateway.process and gateway.process.poll() is None:
        gateway.process.terminate()
        gateway.process.wait(30)
    verify = subprocess.run([os.path.join(gateway.build, "consultctl"), "check", "--data", gateway.data], capture_output=True, text=True)
    checks.ok(verify.returncode == 0, "consultctl check: store and audit chain hold", (verify.stdout + verify.stderr)[-400:])
    # Control: a changed audit row is found.
    subprocess.run(["sqlite3", os.path.join(gateway.data, "consult.db"),
                    "DROP TRIGGER IF EXISTS audit_no_update; UPDATE audit SET detail='{}' WHERE seq=2"], capture_output=True)
    for trigger in gateway.sql("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit'"):
        subprocess.run(["sqlite3", os.path.join(gateway.data, "consult.db"), f"DROP TRIGGER {trigger['name']}"], capture_output=True)
    subprocess.run(["sqlite3", os.path.join(gateway.data, "consult.db"), "UPDATE audit SET action='x' WHERE seq=2"], capture_output=True)
    tampered = subprocess.run([os.path.join(gateway.build, "consultctl"), "check", "--data", gateway.data], capture_output=True, text=True)
    checks.ok(tampered.returncode != 0, "control: a changed audit row is found", (tampered.stdout + tampered.stderr)[-300:])
    gateway.stop()
checks.end()
