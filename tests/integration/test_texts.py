#!/usr/bin/python3
"""What the documents must name, read from the sources: codes, audit actions, log events, metrics, checks of /readyz; and that every
setting and every metric of the tables is used somewhere. Each rule is shown an offender first, so that it can fail."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import rights  # noqa: E402
from document import ROOT, Document, read  # noqa: E402
from gateway import Checks  # noqa: E402

checks = Checks()
document = Document()
interface, runbook = read("proto/signal/README.md"), read("deploy/runbook.md")
# Dotted words in quotes that are no codes: a file, a column in a statement that goes over two lines.
OTHERS = {"consult.db", "o.version"}


def sources(ends, *layers):
    for layer in layers:
        for folder, dirs, files in os.walk(os.path.join(ROOT, layer)):
            dirs[:] = [d for d in dirs if d not in ("node_modules", "dist", "console", "build", "data", ".git")]
            for name in sorted(files):
                if name.endswith(ends):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def code_text(path):
    return re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)


def dotted_words(text):
    return set(re.findall(r'"([a-z]{2,}\.[a-z]+(?:-[a-z]+)*)"', text)) - OTHERS  # one letter and a dot is a column in SQL


def undocumented_words(words):
    known = set(document.codes) | set(document.messages) | set(re.findall(r"`([a-z]+\.[a-z-]+)`", interface))
    events = re.search(r"`consultation\.EVENT` for ([a-z, -]+);", interface)
    known |= {f"consultation.{e}" for e in events.group(1).split(", ")}
    return sorted(words - known)


def log_events(text):
    return {(name, level) for level, name in re.findall(r'\blog_(error|warn|info|debug)\(\s*"(\w+)"', text)}


def table_rows(text, heading, width):
    part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [row for row in ([c.strip() for c in line.strip("|\n").split("|")] for line in part.splitlines() if line.startswith("| `")) if len(row) >= width]


def names_of(cell):
    return re.findall(r"`([^`]+)`", cell)


def statuses(text):
    """(code, status) of the calls that answer with a problem."""
    return {(code, status) for status, code in re.findall(r'\b([45]\d\d),\s*"([a-z]+\.[a-z-]+)"', text)}


c_files = list(sources((".c", ".def"), "gateway", "media", "certs"))
text_of = {path: code_text(path) for path in c_files}

# Codes and audit actions.
checks.ok(undocumented_words({"consultation.invented"}) == ["consultation.invented"], "an invented code would be found")
words = {w for path in c_files if path.startswith("gateway/") or path.endswith("refusal.def") for w in dotted_words(text_of[path]) if not w.endswith(".json")}  # those are files
checks.ok(len(words) > 120 and not undocumented_words(words), f"{len(words)} codes, messages and audit actions of the sources are in the document", undocumented_words(words))
gone = sorted(c for c in document.codes if not any(f'"{c}"' in text for text in text_of.values()))
checks.ok(not gone, f"each of the {len(document.codes)} documented codes is in the sources", gone)
pairs = {p for path in c_files if path.startswith("gateway/") for p in statuses(text_of[path])}
wrong = sorted(f"{code} {status}, documented {document.codes.get(code)}" for code, status in pairs if document.codes.get(code) != status)
checks.ok(len(pairs) > 60 and not wrong, f"{len(pairs)} statuses beside codes are the documented ones", wrong)

# Routes: the table of rights is all of them (unit test of gateway/access.h).
patterns = {row.key for row in rights.rows()}
checks.ok(len(patterns) > 25 and patterns == set(document.calls), f"{len(patterns)} routes of the table of rights are the calls of the document", sorted(patterns ^ set(document.calls)))

# Log events.
checks.ok(log_events('log_warn(\n    "made_up", "x=%d", 1);') == {("made_up", "warn")}, "an event over two lines would be found")
events = {e for path in c_files for e in log_events(text_of[path])}
rows = {names_of(r[0])[0]: r[1] for r in table_rows(runbook, "Log events", 3)}
missing = sorted(n for n, _ in events if n not in rows)
checks.ok(len(events) > 80 and not missing, f"{len(events)} log events are in the runbook", missing)
levels = {}
for name, level in events:
    levels.setdefault(name, set()).add(level)
order = ("error", "warn", "info", "debug")
wrong = sorted(f"{n} is {min(levels[n], key=order.index)}" for n in rows if n in levels and rows[n] != min(levels[n], key=order.index))
checks.ok(not wrong, "with their level", wrong)
checks.ok(not (gone := sorted(set(rows) - set(levels))), "and no others", gone)

# Metrics.
defined = dict(re.findall(r'^(?:COUNTER|GAUGE|HISTOGRAM)\((\w+), "(consult_\w+)"', read("gateway/ops/metrics.def"), re.M))
media = set(re.findall(r'^COUNTER\(\w+, "(media_\w+)"', read("media/rt/counters.def"), re.M))
told = {n for r in table_rows(runbook, "Metrics", 2) for n in names_of(r[0])}
checks.ok(told == set(defined.values()) | media | {"consult_build_info"}, f"{len(told)} metrics are in the runbook, and no others", sorted(told ^ (set(defined.values()) | media | {"consult_build_info"})))
whole = "".join(text_of[p] for p in c_files if not p.endswith(("metrics.def", "ops/metrics.c")))
unused = sorted(name for ident, name in defined.items() if not re.search(rf"\bMETRIC_{ident}\b", whole) and f'"{name}"' not in whole)
checks.ok(not unused, "every metric of the table is counted somewhere", unused)
unused = sorted(i for i in re.findall(r"^COUNTER\((\w+),", read("media/rt/counters.def"), re.M) if not re.search(rf"\bCOUNTER_{i}\b", whole))
checks.ok(not unused, "and every counter of media", unused)

# Checks of /readyz.
health = dict(re.findall(r'HEALTH\(\w+, "(\w+)", (true|false)\)', read("gateway/ops/health.h")))
rows = {names_of(r[0])[0]: {"yes": "true", "no": "false"}.get(r[1]) for r in table_rows(runbook, "/readyz", 4)}
checks.ok(rows == health, f"{len(health)} checks of /readyz", (rows, health))

# Settings: each is read by something else than the table.
settings = re.findall(r"^CONFIG_\w+\((\w+)", read("gateway/config/config.def"), re.M)
readers = "".join(text_of[p] for p in c_files if not p.startswith("gateway/config/"))
idle = sorted(s for s in settings if not re.search(rf"(->|\.){s}\b", readers) and not re.search(rf"\bONE\({s}\)", readers)
              and not re.search(rf"\bEACH\({re.sub('_(stat|urgent|routine)_s$', '', s)}\)", readers))
checks.ok(len(settings) > 40 and not idle, f"each of {len(settings)} settings is read by something", idle)
named = set(re.findall(r"setting `(\w+)`", interface + runbook)) - set(settings)
checks.ok(not named, "no document names a setting that is not there", sorted(named))

# Links and paths in the documents.
broken = []
for document_path in sources(("README.md", "runbook.md"), ".", "deploy"):
    folder = os.path.dirname(document_path)
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", read(document_path)):
        if not os.path.exists(os.path.join(ROOT, folder, link)):
            broken.append(f"{document_path}: {link}")
    for path in re.findall(r"`((?:gateway|media|proto|certs|deploy|tests)/[\w./-]+)`", read(document_path)):
        if "LAYER" not in path and not os.path.exists(os.path.join(ROOT, path)) and not os.path.exists(os.path.join(ROOT, folder, path)):
            broken.append(f"{document_path}: {path}")
checks.ok(not broken, "links and paths in the documents lead somewhere", sorted(set(broken)))

# signal.def: the hub handles what comes in.
handlers = set(re.findall(r'\{"([\w.]+)", (?:true|false), (?:true|false), \w+\}', text_of["gateway/session/hub.c"]))
incoming = {n for n, (kind, _) in document.messages.items() if kind == "IN"}
checks.ok(handlers == incoming, f"{len(incoming)} incoming messages have a handler", sorted(handlers ^ incoming))
checks.end()
