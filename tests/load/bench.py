#!/usr/bin/python3
"""./tests/run bench and ./tests/run load: consult-gateway and Janus under the same load, one core for the server and one for the generator.

bench.py [--full | --short] [--build FOLDER] [--output FILE] [--only PART,...]

  (default)  five runs where a gate needs them, fewer elsewhere; some 45 minutes
  --full     five runs everywhere and 10,000 set-ups; over an hour
  --short    five recorded calls for five seconds, without Janus; what must hold on any machine, no time limits

Parts: points, ladder, capacity, recorded, six, churn, idle. README.md beside this says what the figures mean."""
import argparse
import json
import os
import sys
import time

import hosts
import report
import runs

sys.path.insert(0, os.path.join(hosts.ROOT, "tests/integration/lib"))
from gateway import Checks  # noqa: E402

PARTS = ("points", "ladder", "capacity", "recorded", "six", "churn", "idle")
STEPS = {"even": (1, 10, 25, 50, 100, 200, 400, 800), "frame": (50, 100, 200, 400, 800)}
SIX_CALLS = (5, 10)
CHURN_CALLS = 100  # each of them once a second: the gateway allows a seat no more
IDLE_SOCKETS = 10000
PROFILES = {  # count: runs of what a gate needs; confirm: of a capacity that was found; few: of the rest
    "default": {"seconds": 4, "count": 5, "confirm": 3, "few": 1, "churn": 1000},
    "full": {"seconds": 10, "count": 5, "confirm": 5, "few": 5, "churn": 10000},
}


class Bench:
    def __init__(self, options, place, data):
        self.options, self.profile = options, PROFILES["full" if options.full else "default"]
        self.begun = time.monotonic()
        self.conditions = hosts.conditions()
        self.runs = []
        self.results = {"points": {}, "capacities": {}, "floors": {}, "churn": None, "idle": {}, "gates": []}
        start = {"gateway": lambda **_: hosts.Gateway(options.build, place, data), "janus": lambda event_loops=1, **_: hosts.Janus(event_loops)}
        self.runner = runs.Runner(options.build, start, self.profile["seconds"], self.keep)
        self.targets = ["gateway"] + (["janus"] if self.conditions["janus"][0].isdigit() else [])

    def keep(self, run):
        """A bench that is ended half way has measured half."""
        self.runs.append(run)
        self.write()

    def write(self):
        gates = self.results["gates"]
        text = json.dumps({
            "stage": "bench", "passed": sum(g["passed"] for g in gates), "failed": sum(not g["passed"] for g in gates),
            "date": self.conditions["date"], "commit": self.conditions["commit"], "cores": self.conditions["cores"],
            "conditions": self.conditions, "rule": runs.RULE, "profile": self.profile, "gates": gates,
            "capacities": {name: {"calls": c["calls"], "is_least": c["is_least"]} for name, c in self.results["capacities"].items()},
            "idle": self.results["idle"], "runs": self.runs}, indent=1)
        with open(self.options.output + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(self.options.output + ".new", self.options.output)

    def measure(self):
        for part in PARTS:
            if part in self.options.only:
                print(f"{part}, {(time.monotonic() - self.begun) / 60:.0f} min", file=sys.stderr, flush=True)
                getattr(self, part)()
        gates = report.gates(self.results)
        if set(self.options.only) != set(PARTS):  # what was not asked for has not failed
            gates = [g for g in gates if g["verdict"] != report.NOT_MEASURED]
        self.results["gates"] = gates
        self.write()

    def load(self, target, calls, pattern="even", recorded=False, parties=2):
        """(key of the point, what runs it once)"""
        return ((target, calls, pattern, recorded, parties),
                lambda: self.runner.once(target, calls, pattern=pattern, recorded=recorded, parties=parties))

    def measure_points(self, loads, count):
        self.results["points"].update(runs.series(dict(loads), count))

    def points(self):
        """What the gates compare is measured in turn, so that both sides had the same minutes."""
        count, frames = self.profile["count"], max(3, self.profile["few"])
        self.measure_points([self.load(t, 50) for t in self.targets], count)
        mixed = runs.series({**dict([self.load("gateway", 200)]), "floor": lambda: self.runner.floor(200, "even")}, count)
        self.results["floors"]["even"] = mixed.pop("floor")
        self.results["points"].update(mixed)
        mixed = runs.series({**dict([self.load("gateway", 200, "frame")]), "floor": lambda: self.runner.floor(200, "frame")}, frames)
        self.results["floors"]["frame"] = mixed.pop("floor")
        self.results["points"].update(mixed)
        self.measure_points([self.load(t, 50, "frame") for t in self.targets], frames)

    def ladder(self):
        for target in self.targets:
            for pattern, calls in STEPS.items():
                known = {key[1]: p for key, p in self.results["points"].items() if key[0] == target and key[2:] == (pattern, False, 2)}
                steps = self.runner.ladder(target, calls, self.profile["few"], known, pattern=pattern)
                self.results["points"].update({(target, calls, pattern, False, 2): p for calls, p in steps.items()})

    def between(self, target, pattern):
        """(the highest step of the ladder with capacity, the next one or None, whether it was the generator that had none there)"""
        steps = sorted(((key[1], p) for key, p in self.results["points"].items() if key[0] == target and key[2:] == (pattern, False, 2)),
                       key=lambda step: step[0])
        low = 0
        for calls, p in steps:
            if not p.has_capacity():
                return low, calls, p.generator_gave_up()
            low = calls
        return low, None, True

    def capacity(self):
        for target in self.targets:
            for pattern in STEPS:
                low, high, is_least = self.between(target, pattern)
                name = target if pattern == "even" else f"{target}, {pattern}"
                self.results["capacities"][name] = self.runner.capacity(target, low, high, self.profile["confirm"], is_least, pattern=pattern)

    def recorded(self):
        """Looked for from what it can without recording downwards: nothing records for free."""
        low = high = self.results["capacities"].get("gateway", {"calls": STEPS["even"][-1]})["calls"]
        while low > 0 and not self.runner.probe("gateway", low, recorded=True).has_capacity():
            low, high = round(low * 0.8), low
        high = high if high > low else low + 1
        self.results["capacities"]["gateway, recorded"] = self.runner.capacity("gateway", low, high, self.profile["confirm"], recorded=True)

    def six(self):
        self.measure_points([self.load("gateway", calls, parties=6) for calls in SIX_CALLS], max(3, self.profile["few"]))

    def churn(self):
        self.results["churn"] = self.runner.once("gateway", CHURN_CALLS, set_ups=self.profile["churn"])

    def idle(self):
        import idle  # here, because it changes how the library of the integration tests finds the build
        begun = time.monotonic()
        try:
            self.results["idle"] = idle.run(self.options.build, IDLE_SOCKETS)
        except Exception as error:  # noqa: BLE001 - whatever it was, the other figures stand
            self.results["idle"] = {"failed": repr(error)}
        print(f"  idle: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def short(options, place, data):
    """What holds on any machine, however slow: nothing is lost, doubled or repaired, everybody is connected and recorded."""
    kept = []
    runner = runs.Runner(options.build, {"gateway": lambda **_: hosts.Gateway(options.build, place, data)}, 5, kept.append, patience=0)
    run = runner.once("gateway", 5, recorded=True)
    checks = Checks()
    if checks.ok(not run.get("failed"), "5 recorded calls for 5 seconds", run.get("failed", "")):
        checks.ok(run["calls"] == 5 and run["received"] > 0, "every call is connected", f"{run['received']} packets")
        checks.ok(run["lost"] == 0 and run["loss"] == 0, "no packet is lost", run["lost"])
        checks.ok(run["duplicates"] == 0, "none came twice", run["duplicates"])
        checks.ok(run["repaired"] == 0, "none had to be sent again", run["repaired"])
        checks.ok(run["recording"]["files"] >= 5 and run["recording"]["octets"] > 5 * 100000, "every call was recorded", run["recording"])
        checks.ok(run["recording"]["dropped"] == 0, "the recorder kept up", run["recording"]["dropped"])
        checks.ok(not run["errors"], "the gateway counted no error", run["errors"])
    with open(options.output, "w", encoding="utf-8") as f:
        json.dump({"conditions": hosts.conditions(), "runs": kept}, f, indent=1)
    checks.end()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--build", default=os.path.join(hosts.ROOT, "build/release"))
    parser.add_argument("--output")
    parser.add_argument("--only", default=",".join(PARTS))
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.only = options.only.split(",")
    if not set(options.only) <= set(PARTS):
        parser.error("parts: " + ", ".join(PARTS))
    options.output = os.path.abspath(options.output or os.path.join(hosts.ROOT, "build/reports", "load-figures.json" if options.short else "bench.json"))
    os.makedirs(os.path.dirname(options.output), exist_ok=True)
    return options


def make_place(options):
    """Where the load goes: a namespace of our own, which only root can make. The short one may stay on loopback."""
    if os.getuid() == 0:
        return hosts.Namespace()
    if options.short:
        return hosts.Loopback()
    sys.exit("error: only root can make the network namespace of the measurement")


def main():
    options = read_options()
    hosts.end_orderly()
    with make_place(options) as place, hosts.Data(options.build) as data:
        if options.short:
            short(options, place, data)
        bench = Bench(options, place, data)
        bench.measure()
        print(report.document(bench.results, bench.runs, bench.conditions, runs.RULE, (time.monotonic() - bench.begun) / 60))
    gates = bench.results["gates"]
    print(f"{sum(g['passed'] for g in gates)} passed, {sum(not g['passed'] for g in gates)} failed")
    sys.exit(0 if gates and all(g["passed"] for g in gates) else 1)


if __name__ == "__main__":
    main()
