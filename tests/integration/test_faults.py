#!/usr/bin/python3
"""What the operator's machine does at the worst moment: SIGTERM in the middle of a recorded session, twice, and during the start;
kill -9 during the start and in a session; files that killed processes left."""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway  # noqa: E402
from session import Session, ended, parts, plays  # noqa: E402

checks = Checks()
random.seed(20261122)


def whole(gateway, session, what):
    rows = session.recordings()
    row = rows[0] if rows else {"state": "none", "file": ""}
    checks.ok(row["state"] == "complete", f"{what}: the recording is noted as complete before the process ends", row["state"])
    tracks, seconds = plays(os.path.join(gateway.data, "recordings", row["file"]))
    checks.ok(tracks == 4 and seconds > 1.5, f"{what}: it has all four tracks and plays", f"{tracks} tracks, {seconds} s")
    checks.ok(not parts(gateway), f"{what}: no part is left", parts(gateway))


def stop_in_session(twice):
    what = "SIGTERM twice" if twice else "SIGTERM in a session"
    gateway = Gateway().start()
    session = Session(gateway)
    time.sleep(3)
    checks.ok(session.flows(), f"{what}: sound and pictures flow before")
    began = time.time()
    gateway.process.send_signal(signal.SIGTERM)
    if twice:
        time.sleep(0.05)
        gateway.process.send_signal(signal.SIGTERM)
    else:
        session.sockets[0].receive("nothing", timeout=3)
        checks.ok(session.sockets[0].closed == (1001, "restart"), f"{what}: browsers are told to come back", session.sockets[0].closed)
    code = ended(gateway)
    checks.ok(code == 0, f"{what}: exit code 0", f"{code}, {time.time() - began:.1f} s")
    whole(gateway, session, what)
    session.end()
    finish(gateway, what)


def finish(gateway, what):
    code, log = gateway.stop()
    checks.ok("Sanitizer" not in log and "runtime error" not in log, f"{what}: no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    return code, log


def signals_during_start():
    gateway = Gateway().start()
    gateway.process.send_signal(signal.SIGTERM)
    ended(gateway)
    codes = []
    for i in range(8):
        command = gateway.process.args
        gateway.process = subprocess.Popen(command, stderr=open(gateway.log, "ab"), stdout=subprocess.DEVNULL)
        time.sleep(random.uniform(0.0, 0.35))
        if i % 2 == 0:
            gateway.process.send_signal(signal.SIGTERM)
            codes.append(ended(gateway))
        else:
            gateway.kill()
    # Before the program's first line the signal ends it (-15); after that it is taken and the end is orderly.
    checks.ok(all(c in (0, -15) for c in codes), "SIGTERM at any instant of the start ends it in order", codes)
    gateway.start()
    checks.ok(gateway.alive(), "after kill -9 at any instant of the start it starts")
    gateway.process.send_signal(signal.SIGTERM)
    checks.ok(ended(gateway) == 0, "and ends")
    verify = subprocess.run([os.path.join(gateway.build, "consultctl"), "check", "--data", gateway.data], capture_output=True, text=True)
    checks.ok(verify.returncode == 0, "store and audit chain hold", (verify.stdout + verify.stderr)[-300:])
    finish(gateway, "signals during the start")


def left_over_files():
    gateway = Gateway().start()
    first, second = Session(gateway), Session(gateway)
    time.sleep(3)
    gateway.kill()
    for session in (first, second):
        session.end()
    folder = os.path.join(gateway.data, "recordings")
    checks.ok(len(parts(gateway)) >= 2, "killed in two recorded sessions: parts are left", parts(gateway))
    open(os.path.join(folder, "cffffffffffffffffffffffffffffffff-p1.part"), "wb").write(os.urandom(4096))  # nobody's
    name = second.recordings()[0]["file"]
    with open(os.path.join(folder, name + ".part"), "r+b") as f:  # a torn end
        f.seek(0, 2)
        f.write(os.urandom(3000))
    open(os.path.join(folder, name + ".mux"), "wb").write(b"killed in here")
    gateway.start()
    end = time.time() + 15
    while time.time() < end and any(s.recordings()[0]["state"] == "recording" for s in (first, second)):
        time.sleep(0.1)
    for which, session in (("one", first), ("one with a torn end", second)):
        row = session.recordings()[0]
        tracks, seconds = plays(os.path.join(folder, row["file"]))
        checks.ok(row["state"] == "recovered" and tracks == 4 and seconds > 1, f"{which} is recovered and plays", f"{row['state']}, {tracks} tracks, {seconds} s")
    checks.ok(gateway.client().get("/readyz")[0] == 200, "a file that is nobody's disturbs nothing")
    finish(gateway, "left-over files")


for step in (lambda: stop_in_session(False), lambda: stop_in_session(True), signals_during_start, left_over_files):
    began = time.time()
    try:
        step()
    except Exception as error:  # noqa: BLE001 - the other steps still tell something
        checks.ok(False, "the step ran to its end", repr(error))
    print(f"     {time.time() - began:.1f} s", flush=True)
checks.end()
