"""The tables of the bench and its gates. Pure: figures in, text out."""

NOT_MEASURED = "not measured"
GROWTH_MAX_KIB = 1024  # of the second half of the set-ups: an allocator's noise; 5,000 leaks of 210 octets are more


def number(value, digits=1):
    return "-" if value is None else f"{value:.{digits}f}"


def with_spread(point, path, scale=1.0, digits=1):
    """median (min-max)"""
    low, high = point.spread(path)
    if low is None:
        return "-"
    text = number(point.median(path) * scale, digits)
    return text if len(point.used) < 2 else f"{text} ({number(low * scale, digits)}-{number(high * scale, digits)})"


def points_table(points):
    """points: {(target, calls, pattern, recorded, parties): Point}"""
    lines = ["| server | load | calls | runs | packets/s | loss % | delay p50 ms | p99 ms | CPU us/packet | user+system | server CPU % | switches/packet "
             "| set-up ms p50 / p99 | RSS KiB/call | generator CPU % | late | steal % |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for (target, calls, pattern, recorded, parties), p in sorted(points.items(), key=lambda item: (item[0][0], item[0][4], item[0][3], item[0][2], item[0][1])):
        load = pattern + (", recorded" if recorded else "") + (f", {parties} parties" if parties != 2 else "")
        if not p:
            lines.append(f"| {target} | {load} | {calls} | 0/{len(p.runs)} | failed |" + " |" * 12)
            continue
        split = "+".join(number(p.median(f"server.{kind}_us")) for kind in ("user", "system"))
        lines.append(
            f"| {target} | {load} | {calls} | {p.count()} | {number(p.median('pps'), 0)} | {with_spread(p, 'loss', 100, 3)} "
            f"| {with_spread(p, 'delay_us.p50', 0.001, 2)} | {with_spread(p, 'delay_us.p99', 0.001, 2)} "
            f"| **{with_spread(p, 'server.cpu_us_per_packet')}** | {split} | {number((p.median('server.cpu') or 0) * 100, 0)} "
            f"| {number(p.median('server.context_switches_per_packet'), 3)} "
            f"| {number(p.median('setup_ms.p50'))} / {number(p.median('setup_ms.p99'))} | {number(p.median('server.kib_per_call'), 0)} "
            f"| {number((p.median('generator_cpu') or 0) * 100, 0)} | {number(p.median('late'), 0)} | {number((p.median('steal') or 0) * 100)} |")
    return lines


def capacity_table(capacities):
    """capacities: {name: {"calls", "point", "is_least"}}"""
    lines = ["| most calls with loss < 0.1 % and p99 <= 20 ms | calls | runs | loss % | p99 ms | CPU us/packet | server CPU % | generator CPU % |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for name, found in capacities.items():
        p = found["point"]
        lines.append(f"| {name} | {'at least ' if found['is_least'] else ''}{found['calls']} | {p.count()} | {with_spread(p, 'loss', 100, 3)} "
                     f"| {with_spread(p, 'delay_us.p99', 0.001, 2)} | {with_spread(p, 'server.cpu_us_per_packet')} "
                     f"| {number((p.median('server.cpu') or 0) * 100, 0)} | {number((p.median('generator_cpu') or 0) * 100, 0)} |")
    return lines


def floor_table(floors):
    lines = ["| floor at 200 calls | runs | us/packet |", "| --- | ---: | ---: |"]
    return lines + [f"| {pattern} | {p.count()} | {with_spread(p, 'floor_us_per_packet', 1, 2)} |" for pattern, p in floors.items()]


def ratio(above, below, path_above, path_below=None):
    """(median ratio, least, most) of two points; None when one is missing."""
    path_below = path_below or path_above
    if above is None or below is None or not above.values(path_above) or not below.values(path_below):
        return None
    (low_a, high_a), (low_b, high_b) = above.spread(path_above), below.spread(path_below)
    return above.median(path_above) / below.median(path_below), low_a / high_b, high_a / low_b


def gate(figure, must, aim, measured, reached, aimed):
    verdict = NOT_MEASURED if reached is None else "aim reached" if reached and aimed else "reached" if reached else "MISSED"
    return {"figure": figure, "must": must, "aim": aim, "measured": measured, "verdict": verdict, "passed": bool(reached)}


def not_measured(figure, must, aim):
    return gate(figure, must, aim, "-", None, None)


def gate_cpu(points):
    name, must, aim = "CPU per forwarded packet at 50 calls, gateway : Janus", "1:5", "1:8"
    even, frame = (ratio(points.get(("janus", 50, p, False, 2)), points.get(("gateway", 50, p, False, 2)), "server.cpu_us_per_packet")
                   for p in ("even", "frame"))
    if even is None:
        return not_measured(name, must, aim)
    text = f"1:{even[0]:.1f} ({even[1]:.1f}-{even[2]:.1f})" + (f", by frames 1:{frame[0]:.1f} ({frame[1]:.1f}-{frame[2]:.1f})" if frame else "")
    return gate(name, must, aim, text, even[0] >= 5, even[0] >= 8)


def gate_floor(points, floors):
    name, must, aim = "CPU per forwarded packet at 200 calls : floor", "2:1", "1.3:1 by frames"
    even, frame = (ratio(points.get(("gateway", 200, p, False, 2)), floors.get(p), "server.cpu_us_per_packet", "floor_us_per_packet")
                   for p in ("even", "frame"))
    if even is None:
        return not_measured(name, must, aim)
    text = f"{even[0]:.2f}:1 ({even[1]:.2f}-{even[2]:.2f})" + (f", by frames {frame[0]:.2f}:1 ({frame[1]:.2f}-{frame[2]:.2f})" if frame else "")
    return gate(name, must, aim, text, even[0] <= 2, frame is not None and frame[0] <= 1.3)


def capacities_ratio(capacities, suffix):
    """(ratio, text); (None, "") when one is missing."""
    ours, theirs = capacities.get("gateway" + suffix), capacities.get("janus" + suffix)
    if ours is None or theirs is None or theirs["calls"] == 0:
        return None, ""
    value = ours["calls"] / theirs["calls"]
    least = "at least " if ours["is_least"] else ""
    return value, f"{least}{value:.1f}:1 ({least}{ours['calls']} : {theirs['calls']} calls)"


def gate_capacity(capacities):
    name, must, aim = "capacity on one core, gateway : Janus", "6:1", "10:1"
    value, text = capacities_ratio(capacities, "")
    if value is None:
        return not_measured(name, must, aim)
    frames = capacities_ratio(capacities, ", frame")[1]
    return gate(name, must, aim, text + (f", by frames {frames}" if frames else ""), value >= 6, value >= 10)


def gate_recorded(capacities):
    name, must, aim = "recorded capacity of unrecorded", "70 %", "85 %"
    plain, recorded = capacities.get("gateway"), capacities.get("gateway, recorded")
    if plain is None or recorded is None or plain["calls"] == 0:
        return not_measured(name, must, aim)
    value = recorded["calls"] / plain["calls"]
    return gate(name, must, aim, f"{value:.0%} ({recorded['calls']} of {plain['calls']} calls)", value >= 0.7, value >= 0.85)


def gate_point(figure, must, aim, point, path, scale, unit, note=""):
    """A figure of the gateway at 50 calls; the less the better."""
    if point is None or point.median(path) is None:
        return not_measured(figure, f"{must} {unit}", f"{aim} {unit}")
    low, high = (v * scale for v in point.spread(path))
    value = point.median(path) * scale
    return gate(figure, f"{must} {unit}", f"{aim} {unit}", f"{value:.1f} {unit} ({low:.1f}-{high:.1f}){note}", value <= must, value <= aim)


def gate_memory(point):
    caches = point.median("resend_caches_kib_per_call") if point else None
    return gate_point("memory per call at 50 calls, without resend caches", 250, 120, point, "kib_per_call_without_caches", 1, "KiB",
                      f", and {number(caches, 0)} KiB of resend caches")


def gate_growth(run):
    name, must = "growth over 10,000 set-ups", f"< {GROWTH_MAX_KIB} KiB"
    if not run:
        return not_measured(name, must, "-")
    if run.get("failed"):
        return gate(name, must, "-", "failed", False, False)
    churn = run["churn"]
    grown = churn["rss_kib_after"] - churn["rss_kib_warm"]
    text = f"{grown:+d} KiB over the last {churn['count'] - churn['count'] // 2} of {churn['count']}"
    return gate(name, must, "-", text, grown < GROWTH_MAX_KIB, False)


def gate_idle(idle):
    sockets = idle.get("sockets", 10000)
    each, sign_in = idle.get("idle", {}).get("kib_each"), idle.get("sign_ins", {}).get("ms", {}).get("p99")
    storm = idle.get("storm", {})
    gates = [gate("idle mode", "no failure", "-", idle["failed"], False, False)] if "failed" in idle else []
    for name, must, aim, value, unit in ((f"{sockets} idle signed-in sockets, each", 40, 20, each, "KiB"),
                                         ("new sign-in meanwhile, p99", 200, None, sign_in, "ms")):
        aim_text = f"{aim} {unit}" if aim else "-"
        gates.append(not_measured(name, f"{must} {unit}", aim_text) if value is None else
                     gate(name, f"{must} {unit}", aim_text, f"{value:.1f} {unit}", value <= must, aim is not None and value <= aim))
    if "seconds" not in storm:
        return gates + [not_measured("all back after a restart", "60 s", "30 s")]
    live = storm["consultation"]["media_live"]
    text = f"{storm['seconds']:.1f} s ({storm['back']} of {sockets}, the consultation's media {'flow' if live else 'DO NOT FLOW'})"
    return gates + [gate("all back after a restart", "60 s", "30 s", text, storm["all"] and live and storm["seconds"] <= 60, storm["seconds"] <= 30)]


def gates(results):
    points, capacities = results["points"], results["capacities"]
    at_50 = points.get(("gateway", 50, "even", False, 2))
    return [
        gate_cpu(points), gate_floor(points, results["floors"]), gate_capacity(capacities), gate_recorded(capacities),
        gate_point("added delay, p99 at 50 calls", 2, 1, at_50, "delay_us.p99", 0.001, "ms"),
        gate_point("set-up, p50", 15, 8, at_50, "setup_ms.p50", 1, "ms"),
        gate_memory(at_50),
        gate_growth(results["churn"]), *gate_idle(results["idle"]),
    ]


def gates_table(all_gates):
    return ["| figure | must reach | aim | measured | |", "| --- | ---: | ---: | ---: | --- |"] + [
        f"| {g['figure']} | {g['must']} | {g['aim']} | {g['measured']} | {g['verdict']} |" for g in all_gates]


def failures(all_runs):
    return [f"- failed: {r['target']}, {r['calls']} calls: " + " ".join(r["failed"].split())[-300:] for r in all_runs if r.get("failed")]


def document(results, all_runs, conditions, rule, minutes):
    c = conditions
    lines = ["## Load: consult-gateway and Janus on one core", "",
             f"{c['machine']}, {c['cores']} cores, Linux {c['kernel']}; Janus {c['janus']}, libnice {c['libnice']}, OpenSSL {c['openssl']}, "
             f"libsrtp2 {c['libsrtp']}; {c['date']}, commit {c['commit']}; {c['pinning']}; {len(all_runs)} runs in {minutes:.0f} minutes.",
             "", rule, "Medians (min-max).", ""]
    for rows, table in ((results["gates"], gates_table), (results["points"], points_table), (results["capacities"], capacity_table),
                        (results["floors"], floor_table)):
        lines += table(rows) + [""] if rows else []
    return "\n".join(lines + failures(all_runs))
