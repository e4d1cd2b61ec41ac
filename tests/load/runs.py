"""Runs of the generator, each against a server that was started for it, and what is made of them: medians of undisturbed runs, the
ladder of calls, the search for the capacity."""
import json
import math
import os
import statistics
import subprocess
import sys
import time

import hosts

STEAL_MAX, OTHER_MAX, GENERATOR_MAX, LATE_MAX = 0.10, 0.20, 0.95, 0.05
RULE = (f"A run is disturbed, and left out while its point has others, when the host took more than {STEAL_MAX:.0%} of a processor away "
        f"(steal), when more than {OTHER_MAX:.0%} of a processor was busy with neither server nor generator, when the generator used more "
        f"than {GENERATOR_MAX:.0%} of its processor, lost packets in its own socket, or sent more than {LATE_MAX:.0%} of them over 1 ms late. "
        "A point that has disturbed runs only keeps them and is marked *.")
LADDER_LOSS, LADDER_P99_MS = 0.001, 50      # a server's ladder ends where it passes either
CAPACITY_LOSS, CAPACITY_P99_MS = 0.001, 20  # capacity: the most calls below both
CAPACITY_STEP = 1.05
SETTLE_S = 5
RUN_SECONDS_MAX = 300  # beyond the measured seconds: preparation, set-up, end


def figure(run, path):
    """The member `a.b` of a run; None when it is not there."""
    value = run
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def why_disturbed(run):
    reasons = [(run.get("steal", 0) > STEAL_MAX, "steal"), (run.get("other_cpu", 0) > OTHER_MAX, "others busy"),
               (run.get("generator_cpu", 0) > GENERATOR_MAX, "generator full"),
               (run.get("late", 0) > LATE_MAX * (run.get("sent") or 1), "generator late"),
               (run.get("generator_overrun", 0) + run.get("generator_unsent", 0) > 0, "generator lost packets itself")]
    return ", ".join(reason for is_so, reason in reasons if is_so)


class Point:
    """The runs of one server under one load; figures are of the undisturbed ones, if there are any."""

    def __init__(self, runs):
        done = [r for r in runs if not r.get("failed")]
        self.runs = runs
        self.clean = [r for r in done if not r["disturbed"]]
        self.used = self.clean or done

    def __bool__(self):
        return bool(self.used)

    def values(self, path):
        return sorted(v for v in (figure(r, path) for r in self.used) if v is not None)

    def median(self, path):
        values = self.values(path)
        return statistics.median(values) if values else None

    def spread(self, path):
        values = self.values(path)
        return (values[0], values[-1]) if values else (None, None)

    def count(self):
        return f"{len(self.used)}/{len(self.runs)}{'' if self.clean else '*'}"

    def within(self, loss, p99_ms):
        return bool(self) and self.median("loss") < loss and self.median("delay_us.p99") <= p99_ms * 1000

    def has_capacity(self):
        return self.within(CAPACITY_LOSS, CAPACITY_P99_MS)

    def is_on_ladder(self):
        return self.within(LADDER_LOSS, LADDER_P99_MS)

    def generator_gave_up(self):
        return bool(self.used) and all("generator" in r["disturbed"] for r in self.used)


def series(works, count, tries=None):
    """Runs each of the works in turn, so that they share what the host does meanwhile, until each has `count` undisturbed runs; none more
    than `tries` times, none again after two failures. {name: Point}"""
    tries = tries or count + max(1, count // 2)
    runs = {name: [] for name in works}
    for _ in range(tries):
        for name, work in works.items():
            clean = [r for r in runs[name] if not r.get("failed") and not r["disturbed"]]
            failed = [r for r in runs[name] if r.get("failed")]
            if len(clean) < count and len(failed) < 2:
                runs[name].append(work())
    return {name: Point(done) for name, done in runs.items()}


class Runner:
    def __init__(self, build, start, seconds, record, patience=20):
        """start: {target: function of (calls, parties, **settings) that starts a server}; record(run): called with each run; patience: for so
        many seconds a run waits for a quiet machine."""
        self.build, self.start, self.seconds, self.record, self.patience = build, start, seconds, record, patience

    def once(self, target, calls, pattern="even", recorded=False, parties=2, set_ups=0, seconds=None, **settings):
        """One run: what the generator said, or {"failed": why}. Raises for nothing that server or generator do."""
        run = {"target": target, "calls": calls, "pattern": pattern, "recorded": recorded, "parties": parties, "set_ups": set_ups, **settings,
               "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        hosts.wait_for_quiet(self.patience)
        begun = time.monotonic()
        try:
            with self.start[target](calls=calls, parties=parties, **settings) as host:
                run.update(self.load(host, run, seconds or self.seconds))
                run.update(host.after(run))
                if not host.is_alive():
                    run["failed"] = f"{target} ended during the run: {host.tail()}"
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            run["failed"] = str(error)
        run["disturbed"] = "" if run.get("failed") else why_disturbed(run)
        run["wall_s"] = round(time.monotonic() - begun, 1)
        tell(run)
        self.record(run)
        return run

    def load(self, host, run, seconds):
        command = [os.path.join(self.build, "consult-load"), host.name, "--base", host.base, "--server-pid", str(host.process.pid),
                   "--calls", str(run["calls"]), "--seconds", str(seconds), "--settle", str(SETTLE_S), "--pattern", run["pattern"],
                   "--parties", str(run["parties"]), *host.generator_options]
        command += ["--record"] if run["recorded"] else []
        command += ["--churn", str(run["set_ups"])] if run["set_ups"] else []
        limit = RUN_SECONDS_MAX + seconds + run["set_ups"] // 10
        done = hosts.output(hosts.pinned(hosts.processors()[1], *command), limit)
        if done.returncode != 0:
            raise RuntimeError(f"consult-load: exit {done.returncode}: {done.stderr[-1000:]}")
        return json.loads(done.stdout)

    def floor(self, calls, pattern, seconds=5):
        """One run of load-floor, which pins itself; what others did to the machine meanwhile is read here."""
        run = {"target": "floor", "calls": calls, "pattern": pattern, "recorded": False, "parties": 2, "set_ups": 0,
               "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        hosts.wait_for_quiet(self.patience)
        machine, begun = hosts.Machine(), time.monotonic()
        try:
            done = hosts.output([os.path.join(self.build, "load-floor"), "--calls", str(calls), "--pattern", pattern,
                                 "--seconds", str(seconds)], RUN_SECONDS_MAX)
            if done.returncode != 0:
                raise RuntimeError(f"load-floor: exit {done.returncode}: {done.stderr[-1000:]}")
            run.update(json.loads(done.stdout))
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            run["failed"] = str(error)
        run["steal"] = machine.figures()[1]
        run["disturbed"] = "" if run.get("failed") else why_disturbed(run)
        run["wall_s"] = round(time.monotonic() - begun, 1)
        tell(run)
        self.record(run)
        return run

    def ladder(self, target, steps, count, known=None, **load):
        """{calls: Point} up to the first step that is off the ladder, that one included. known: points that are there already."""
        points = {}
        for calls in steps:
            points[calls] = (known or {}).get(calls) or series({target: lambda c=calls: self.once(target, c, **load)}, count)[target]
            if not points[calls].is_on_ladder():
                break
        return points

    def probe(self, target, calls, **load):
        """One run says whether that many calls hold; one that fails in a bad minute gets a second chance."""
        point = Point([self.once(target, calls, **load)])
        return point if point.has_capacity() or point.clean else Point([self.once(target, calls, **load)])

    def confirmed(self, target, calls, count, **load):
        """The point of `count` undisturbed runs; fewer when most of them can no longer hold."""
        runs = []
        for _ in range(count + max(1, count // 2)):
            runs.append(self.once(target, calls, **load))
            failed = [r for r in runs if not Point([r]).has_capacity() and not r["disturbed"]]
            if len(Point(runs).clean) >= count or len(failed) > count // 2:
                break
        return Point(runs)

    def capacity(self, target, low, high, count, is_least=False, **load):
        """The most calls between `low`, which holds, and `high`, which does not (None: nobody knows), to about 5 %; then confirmed by the
        median of `count` runs, one step lower as often as that is needed. {"calls", "point", "is_least"}; is_least: the generator was full
        before the server was, at `high` to begin with."""
        while high is not None and high > low * CAPACITY_STEP and high - low > 1:
            middle = max(low + 1, min(high - 1, round(math.sqrt(max(1, low) * high))))
            point = self.probe(target, middle, **load)
            if point.has_capacity():
                low = middle
            else:
                high, is_least = middle, point.generator_gave_up()
        point = Point([])
        while low > 0:
            point = self.confirmed(target, low, count, **load)
            if point.has_capacity():
                break
            is_least = point.generator_gave_up()
            low = min(low - 1, int(low / CAPACITY_STEP))
        return {"calls": low, "point": point, "is_least": is_least}


def tell(run):
    """One line about a run on stderr."""
    name = f"{run['target']}, {run['calls']} calls, {run['pattern']}{', recorded' if run['recorded'] else ''}" \
           f"{', of %d' % run['parties'] if run['parties'] != 2 else ''}{', then %d set-ups' % run['set_ups'] if run['set_ups'] else ''}"
    if run.get("failed"):
        text = "FAILED: " + run["failed"].strip().replace("\n", " | ")[-400:]
    elif run["target"] == "floor":
        text = f"{run['floor_us_per_packet']:.2f} us a packet"
    else:
        text = (f"{run['pps']:.0f} pps, loss {run['loss']:.3%}, p99 {run['delay_us']['p99'] / 1000:.2f} ms, "
                f"{figure(run, 'server.cpu_us_per_packet') or 0:.1f} us a packet")
    print(f"  {name}: {text}{', disturbed: ' + run['disturbed'] if run['disturbed'] else ''} ({run['wall_s']} s)", file=sys.stderr, flush=True)
