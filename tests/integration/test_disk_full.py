#!/usr/bin/python3
"""A full disk: for recordings (media go on, everybody sees that the recording stopped, what was recorded is kept) and for the store
(writing is refused in words, nothing is half done, it goes on by itself when there is space)."""
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import Checks, Gateway  # noqa: E402
from session import Session, ended, plays  # noqa: E402

checks = Checks()


def finish(gateway, what):
    code, log = gateway.stop()
    checks.ok("Sanitizer" not in log and "runtime error" not in log, f"{what}: no sanitizer report", log[-2500:] if "Sanitizer" in log else "")
    return code, log


class SmallDisk:
    """A tmpfs on a folder, nearly full; None where mounting is not allowed."""

    def __init__(self, folder, size_kib):
        self.folder = folder
        self.ballast = os.path.join(folder, "ballast")
        self.mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", folder], capture_output=True).returncode == 0

    def fill(self, leave_kib):
        space = os.statvfs(self.folder)
        with open(self.ballast, "wb") as f:
            f.write(b"\0" * max(0, space.f_bavail * space.f_frsize - leave_kib * 1024))

    def free(self):
        os.unlink(self.ballast)

    def end(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder])


def recorder_check(gateway):
    status, body = gateway.client().get("/readyz")
    return status, next(c["ok"] for c in body["checks"] if c["name"] == "recorder")


def metric(gateway, line):
    return next((float(x.split()[-1]) for x in gateway.client().get("/metrics")[1].decode().splitlines() if x.startswith(line)), 0)


def recordings_disk_full():
    gateway = Gateway()
    os.makedirs(os.path.join(gateway.data, "recordings"), exist_ok=True)
    disk = SmallDisk(os.path.join(gateway.data, "recordings"), 16384)
    if not disk.mounted:
        print("     mounting is not allowed here: the full disk for recordings is not tried")
        return
    try:
        gateway.start()
        session = Session(gateway)
        time.sleep(2.5)
        disk.fill(100)
        checks.ok(session.recording_is(0, False, 12), "recordings' disk full: the parties see that the recording stopped")
        checks.ok(session.flows(), "sound and pictures go on")
        time.sleep(1.2)
        checks.ok(recorder_check(gateway) == (200, False), "readyz names the recorder; new work is taken", recorder_check(gateway))
        checks.ok(metric(gateway, 'consult_errors_total{reason="recorder"}') >= 1, "the metrics count it")
        row = session.recordings()[0]
        checks.ok(row["stop_reason"] == "disk", "the record says why", row["stop_reason"])
        disk.free()
        session.specialist.act(session.case, "end")
        session.end()
        gateway.process.send_signal(signal.SIGTERM)
        checks.ok(ended(gateway) == 0, "and it ends in order")
        gateway.start()
        end = time.time() + 10
        while time.time() < end and session.recordings()[0]["state"] == "recording":
            time.sleep(0.1)
        row = session.recordings()[0]
        tracks, seconds = plays(os.path.join(gateway.data, "recordings", row["file"]))
        checks.ok(row["state"] in ("complete", "recovered") and tracks == 4 and seconds > 1, "what was recorded before is kept and plays",
                  f"{row['state']}, {tracks} tracks, {seconds} s")
        gateway.process.send_signal(signal.SIGTERM)
        ended(gateway)
    finally:
        disk.end()
    finish(gateway, "recordings' disk full")


def store_disk_full():
    folder = tempfile.mkdtemp(prefix="cg-it-disk-")
    disk = SmallDisk(folder, 32768)
    if not disk.mounted:
        os.rmdir(folder)
        print("     mounting is not allowed here: the full disk for the store is not tried")
        return
    saved, tempfile.tempdir = tempfile.tempdir, folder
    try:
        gateway = Gateway("--disk_reserve_bytes", "1048576")
        tempfile.tempdir = saved
        gateway.start()
        client = gateway.signed_in(gateway.people("clinician")[0])
        checks.ok(client.draft()[0] == 201, "control: with space a consultation is made")
        disk.fill(0)
        refused, codes = 0, set()
        for _ in range(12):
            status, body = client.draft()
            refused += status in (503, 507)
            codes.add((status, body.get("code") if isinstance(body, dict) else None))
        checks.ok(refused >= 6 and all(status in (201, 503, 507) for status, _ in codes), "store's disk full: writing is refused in words", codes)
        checks.ok(client.get("/api/v1/consultations?list=mine")[0] == 200, "reading goes on")
        checks.ok(gateway.client().get("/healthz")[0] == 200, "the process is alive")
        end = time.time() + 15
        while time.time() < end and gateway.client().get("/readyz")[0] == 200:
            time.sleep(0.2)
        checks.ok(gateway.client().get("/readyz")[0] == 503, "readyz says that no new work is taken")
        before = len(gateway.sql("SELECT id FROM consultation"))
        disk.free()
        status, body = client.draft()
        checks.ok(status == 201, "with space again it goes on by itself", f"{status} {body if status != 201 else ''}")
        end = time.time() + 15
        while time.time() < end and gateway.client().get("/readyz")[0] != 200:
            time.sleep(0.2)
        checks.ok(gateway.client().get("/readyz")[0] == 200, "and readyz says so")
        checks.ok(len(gateway.sql("SELECT id FROM consultation")) == before + 1, "nothing was half done")
        gateway.process.send_signal(signal.SIGTERM)
        checks.ok(ended(gateway) == 0, "it ends in order")
        verify = subprocess.run([os.path.join(gateway.build, "consultctl"), "check", "--data", gateway.data], capture_output=True, text=True)
        checks.ok(verify.returncode == 0, "store and audit chain hold", (verify.stdout + verify.stderr)[-300:])
        finish(gateway, "store's disk full")
    finally:
        tempfile.tempdir = saved
        disk.end()
        os.rmdir(folder)


for step in (recordings_disk_full, store_disk_full):
    began = time.time()
    try:
        step()
    except Exception as error:  # noqa: BLE001 - the other steps still tell something
        checks.ok(False, "the step ran to its end", repr(error))
    print(f"     {time.time() - began:.1f} s", flush=True)
checks.end()
