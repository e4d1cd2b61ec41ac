"""The world of the domain tests: institutions of every mode, type, region and state of an agreement, with everybody who has a role; made
by consultctl import, nothing else. Names are roles, so that a cell that fails can be read."""
import glob
import json
import os
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration/lib"))
from gateway import Gateway  # noqa: E402

PASSWORD = "demo-consult"
MODES = ["urban-group", "county-community", "specialty-alliance", "remote-network"]
TYPES = ["close", "loose"]
PLACE = timezone(timedelta(hours=8))  # days of agreements are those of China Standard Time
SAME, OTHER = "990121", "880121"      # two counties of two provinces


def day(offset, now=None):
    return ((now or datetime.now(PLACE)) + timedelta(days=offset)).strftime("%Y-%m-%d")


class Directory:
    """An import file that is being written."""

    def __init__(self):
        self.data = {"format": "consult-gateway-import-1", "demonstration": True, "note": "made by tests/domain/world.py",
                     "specialties": [{"code": c, "name_zh": c, "name_en": c} for c in ("cardiology", "neurology", "dermatology")],
                     "organisations": [], "practitioners": [], "partnerships": [], "departments": []}
        self.people = {}

    def organisation(self, code, level, region):
        self.data["organisations"].append({"code": code, "name_zh": f"机构 {code}", "name_en": f"Institution {code}", "level": level, "region": region})
        return code

    def department(self, organisation):
        """That receives referred patients."""
        self.data["departments"].append({"organisation": organisation, "code": "cardiology", "name_zh": "心内科", "name_en": "Cardiology"})

    def person(self, name, organisation, role, specialty=None, title="attending", account=True):
        """account False: somebody who is there, but never signs in."""
        number = len(self.data["practitioners"])
        entry = {"code": f"P-{number}", "organisation": organisation, "name_zh": f"人员 {number}", "name_en": f"Person {number}", "title": title,
                 "licence_no": f"L-{number}", "licensed_since": "2005-01-01", "account": {"login": f"domain.{number}", "roles": [role]}}
        if specialty:
            entry["specialties"] = [specialty]
        if account:
            entry["account"]["password"] = PASSWORD
            self.people[name] = entry
        self.data["practitioners"].append(entry)
        return name

    def partnership(self, code, mode, kind, members, **more):
        """members: (organisation, role[, until])."""
        entry = {"code": code, "name_zh": f"医联体 {code}", "name_en": f"Partnership {code}", "mode": mode, "type": kind, "specialties": ["cardiology", "neurology"],
                 "members": [{"organisation": m[0], "role": m[1], "since": "2020-01-01", **({"until": m[2]} if len(m) > 2 and m[2] else {})} for m in members], **more}
        self.data["partnerships"].append(entry)
        return entry

    def write(self):
        file = tempfile.NamedTemporaryFile("w", suffix=".json", prefix="cg-world-", delete=False, encoding="utf-8")
        with file:
            json.dump(self.data, file, ensure_ascii=False)
        return file.name


def agreement(version=1, begins=-100, ends=3000, services=("live", "read", "mdt"), terms=None, receives=None, now=None):
    """receives: the member that a clause lets take referred patients."""
    made = {"version": version, "signed_on": day(min(begins, -1), now), "valid_from": day(begins, now), "valid_until": day(ends, now), "services": list(services)}
    if receives:
        made["clauses"] = [{"number": "4.1", "member": receives, "act": "refer", "text_zh": "接收转诊患者"}]
    return {**made, "terms": terms} if terms else made


class Clock:
    """The wall clock of the gateway, which tests set; its monotonic clock stays the machine's. By libfaketime (deploy/packages-test.txt):
    the offset stands in a file that the library reads again after a second."""

    def __init__(self, at=None):
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found:
            raise RuntimeError("libfaketime is missing: deploy/packages-test.txt")
        self.file = tempfile.NamedTemporaryFile("w", prefix="cg-clock-", suffix=".txt", delete=False).name
        self.environment = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.offset = 0.0
        self.set(at or datetime.now(PLACE))

    def now(self):
        return datetime.now(PLACE) + timedelta(seconds=self.offset)

    def now_ms(self):
        return int((time.time() + self.offset) * 1000)

    def set(self, at):
        self.jump((at - self.now()).total_seconds())
        time.sleep(2)  # a busy machine: the library looks at the file when it is asked for the time, and not more than once a second

    def jump(self, seconds):
        """Returns when the gateway has it."""
        self.offset += seconds
        fresh = self.file + ".new"
        with open(fresh, "w", encoding="ascii") as f:
            f.write(f"{self.offset:+.3f}\n")
        os.replace(fresh, self.file)
        time.sleep(1.2)

    def end(self):
        os.unlink(self.file)


def member_roles(mode):
    """Roles of one who leads, one who is asked and one who asks."""
    return ("lead", "hub", "spoke") if mode == "remote-network" else ("lead", "member", "member")


def start(directory, *settings, **more):
    path = directory.write()
    try:
        gateway = Gateway(*settings, directory=path, **more)
    finally:
        os.unlink(path)
    return gateway.start()


def change(gateway, directory):
    """The same file with what has changed in it, imported beside the running gateway."""
    path = directory.write()
    try:
        gateway.bring(path)
    finally:
        os.unlink(path)
