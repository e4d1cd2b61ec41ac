#!/usr/bin/python3
"""consultctl backup beside a gateway that writes: what was acknowledged before it is in the copy, the copy is whole by its own check, and
a gateway starts on it and serves the files. A damaged copy is found; a second backup of the same name is refused."""
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, Checks, Gateway  # noqa: E402

checks = Checks()
gateway = Gateway().start()
ctl = os.path.join(gateway.build, "consultctl")
folder = tempfile.mkdtemp(prefix="cg-backup-")
people = gateway.people("clinician")


def consultctl(*words):
    done = subprocess.run([ctl, *words], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def write_on(client, stop, made):
    """Drafts with an attachment, until told to stop."""
    path = f"{PYDICOM}/CT_small.dcm"
    while not stop.is_set():
        status, body = client.draft()
        if status != 201:
            made.append(("failed", status, body))
            return
        client.consent(body["id"])
        up = client.upload(body["id"], path)[1]
        made.append((body["id"], body["number"], up.get("state")))


def faults_of(copy, *options):
    code, text = consultctl("check", "--data", copy, *options)
    return code, [line for line in text.splitlines() if line.startswith("FAULT")]


restored = None
try:
    checks.ok(consultctl("backup", os.path.join(folder, "x"), "--data", os.path.join(folder, "nothing"))[0] == 1, "no database, no backup")
    checks.ok(consultctl("--help")[0] == 0 and "backup DIR" in consultctl("--help")[1], "--help names it")
    recordings = os.path.join(gateway.data, "recordings")
    for name, size in (("done.webm", 5000), ("runs.part", 300000), ("runs.part.1", 10), ("half.mux", 10)):
        with open(os.path.join(recordings, name), "wb") as f:
            f.write(os.urandom(size))
    stop, made = threading.Event(), [[], []]
    writers = [threading.Thread(target=write_on, args=(gateway.signed_in(people[i]), stop, made[i])) for i in range(2)]
    for w in writers:
        w.start()
    time.sleep(1.5)
    copies = []
    for i in range(3):
        before = [m for list_ in made for m in list(list_)]
        began = time.time()
        code, text = consultctl("backup", os.path.join(folder, f"copy{i}") + "/", "--data", gateway.data)
        copies.append((os.path.join(folder, f"copy{i}"), before))
        checks.ok(code == 0 and "FAULT" not in text, f"backup {i} while it writes, and its check", f"{time.time() - began:.2f} s; {text.splitlines()[0] if text else ''}")
    stop.set()
    for w in writers:
        w.join()
    failed = [m for list_ in made for m in list_ if m[0] == "failed"]
    checks.ok(not failed and len(copies[-1][1]) > len(copies[0][1]) > 0, "the gateway served on meanwhile", f"{[len(c[1]) for c in copies]} consultations {failed[:1]}")
    copy, before = copies[-1]
    names = sorted(os.listdir(os.path.join(copy, "recordings")))
    checks.ok(names == ["done.webm", "runs.part", "runs.part.1"], "recordings: finished and running ones, nothing temporary", names)
    same = [os.stat(os.path.join(recordings, n)).st_ino == os.stat(os.path.join(copy, "recordings", n)).st_ino for n in names]
    checks.ok(same == [True, False, False], "finished ones are linked, running ones copied", same)
    modes = {os.stat(os.path.join(root, f)).st_mode & 0o077 for root, _, files in os.walk(copy) for f in files if "recordings" not in root and "tls" not in root}
    checks.ok(modes == {0} and os.stat(copy).st_mode & 0o777 == 0o700, "nobody else may read it", modes)
    checks.ok(not os.path.exists(copy + ".incomplete"), "nothing is left over")
    code, text = consultctl("backup", copy, "--data", gateway.data)
    checks.ok(code == 1 and "is there already" in text, "an existing folder is refused", text.splitlines()[0] if text else "")
    checks.ok(consultctl("check", "--data", gateway.data)[0] == 0 and gateway.alive(), "the original is whole")

    # A gateway on the copy.
    gateway.process.terminate()
    checks.ok(gateway.process.wait(20) == 0, "the first gateway ends")
    shutil.rmtree(copies[0][0])
    restored = Gateway()
    shutil.rmtree(restored.data)
    restored.data, restored.log = copy, os.path.join(folder, "restored.log")
    restored.start()
    rows = {r["id"] for r in restored.sql("SELECT id FROM consultation")}
    checks.ok({m[0] for m in before} <= rows, "all that was acknowledged before the backup is there", f"{len(before)} of {len(rows)}")
    client = restored.signed_in(people[0])
    own = [m for m in made[0] if m in before and m[2] == "done"]
    status, body = client.get(f"/api/v1/consultations/{own[-1][0]}")
    content = client.get(f"/api/v1/attachments/{body['attachments'][0]['id']}/content")[1] if status == 200 and body["attachments"] else b""
    checks.ok(content == open(f"{PYDICOM}/CT_small.dcm", "rb").read(), "and its files are served", status)
    checks.ok(client.submitted()["state"] == "offered", "it takes new work")
    checks.ok(restored.process.terminate() is None and restored.process.wait(20) == 0, "and ends")
    checks.ok(faults_of(copy, "--hashes") == (0, []), "the chain goes on in it; every hash holds", faults_of(copy, "--hashes")[1])

    # Damage is found. (A linked file is the same file in both: the copy is made a file of its own first.)
    copy = copies[1][0]
    blob = next(os.path.join(root, f) for root, _, files in os.walk(os.path.join(copy, "blobs")) for f in files)
    data = open(blob, "rb").read()
    os.unlink(blob)
    code, faults = faults_of(copy)
    checks.ok(code == 1 and len(faults) == 1 and "is missing" in faults[0], "a missing file is found", faults)
    with open(blob, "wb") as f:
        f.write(bytes([data[0] ^ 1]) + data[1:])
    checks.ok(faults_of(copy)[0] == 0, "a flipped bit is not, by size")
    code, faults = faults_of(copy, "--hashes")
    checks.ok(code == 1 and "another hash" in faults[0], "but by hash", faults)
    key = next(os.path.join(copy, "keys", f) for f in os.listdir(os.path.join(copy, "keys")))
    os.unlink(key)
    checks.ok(any("key of organisation" in f for f in faults_of(copy)[1]), "a missing key too")
finally:
    if restored is not None:
        restored.stop()
    _, log = gateway.stop()
    shutil.rmtree(folder, ignore_errors=True)
checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report")
checks.end()
