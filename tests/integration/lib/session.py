"""A running consultation for a black-box test without browsers: two parties over WebSockets, their media by build/.../rtcclient."""
import json
import os
import re
import subprocess
import threading
import time

from gateway import WebSocket


def plays(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path], capture_output=True, text=True)
    info = json.loads(done.stdout or "{}")
    return len(info.get("streams", [])), float(info.get("format", {}).get("duration", 0))


def parts(gateway):
    return sorted(f for f in os.listdir(os.path.join(gateway.data, "recordings")) if ".part" in f or f.endswith(".mux"))


def ended(gateway, seconds=20):
    try:
        return gateway.process.wait(seconds)
    except subprocess.TimeoutExpired:
        gateway.process.kill()
        return "not within %d s" % seconds


class Media:
    """One rtcclient process: sound and pictures of one party, who receives so many others."""

    def __init__(self, build, seed, slots=1):
        self.process = subprocess.Popen([os.path.join(build, "rtcclient"), str(seed), *([str(slots)] if slots > 1 else [])], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        length = int(self.process.stdout.readline().split()[1])
        self.offer = self.process.stdout.read(length).decode()
        self.stats = {"connected": 0, "audio": 0, "video": 0, "keyframes_asked": 0}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.stats = {k: int(v) for k, v in re.findall(rb"(\w+)=(\d+)", line) for k in [k.decode()]}

    def answer(self, sdp):
        port = re.search(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+)", sdp, re.I).group(1)
        data = sdp.encode()
        self.process.stdin.write(f"answer {port} {len(data)}\n".encode() + data)
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Session:
    """Clinician and specialist in one recorded session, with media. Ends by end()."""
    seeds = 100

    def __init__(self, gateway, recorded=True):
        self.gateway = gateway
        self.clinician = gateway.signed_in(gateway.people("clinician")[0])
        self.specialist = gateway.signed_in(gateway.people("specialist", "cardiology")[0])
        self.specialist.put("/api/v1/duty", {"on_duty": True})
        self.case = self.clinician.submitted()["id"]
        status, body = self.specialist.act(self.case, "accept")
        if status != 200:
            raise RuntimeError(f"accept: {status} {body}")
        self.sockets = [WebSocket(self.clinician), WebSocket(self.specialist)]
        self.media = []
        for ws in self.sockets:
            ws.send({"type": "room.join", "consultation": self.case, "device": "scripted"})
            ws.receive("room.state")
        for ws in self.sockets:
            self.connect(ws)
        if recorded:
            self.specialist.consent(self.case, "recording", True, "consultant")
            if not self.recording_is(1, True, 5):
                raise RuntimeError("no recording: " + gateway.tail())

    def connect(self, ws):
        Session.seeds += 1
        media = Media(self.gateway.build, Session.seeds)
        self.media.append(media)
        ws.send({"type": "media.offer", "consultation": self.case, "sdp": media.offer, "seq": 1})
        answer = ws.receive("media.answer", "error")
        if answer is None or answer["type"] != "media.answer":
            raise RuntimeError(f"no answer: {answer} {self.gateway.tail()}")
        media.answer(answer["sdp"])

    def recording_is(self, party, wanted, seconds):
        """Waits until that party is told so."""
        end = time.time() + seconds
        while time.time() < end:
            state = self.sockets[party].receive("room.state", timeout=max(0.1, end - time.time()))
            if state is not None and state["recording"] == wanted:
                return True
        return False

    def flows(self, seconds=1.0):
        """New pictures and sound for both within that time."""
        before = [dict(m.stats) for m in self.media]
        time.sleep(seconds)
        return all(m.stats["video"] > b["video"] and m.stats["audio"] > b["audio"] for m, b in zip(self.media, before))

    def recordings(self):
        return self.gateway.sql("SELECT * FROM recording WHERE consultation_id=? ORDER BY part", self.case)

    def end(self):
        for ws in self.sockets:
            ws.close()
        for media in self.media:
            media.end()
