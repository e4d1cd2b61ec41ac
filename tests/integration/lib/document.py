"""proto/signal/README.md and signal.def as tables: objects, calls, codes, messages; and a checker of answers against them that notes
what it has met. Reads nothing else: what is not in the document does not exist here."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
WORDS = {"id": r"[0-9a-f]{32}", "hex64": r"[0-9a-f]{64}", "hex128": r"[0-9a-f]{128}", "date": r"\d{4}-\d\d-\d\d", "text": r"(?s).*"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def cells(line):
    return [c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


class Document:
    def __init__(self):
        self.objects, self.calls, self.codes, self.close_codes, self.actions = {}, {}, {}, {}, []
        self.met_members, self.met_calls, self.met_codes, self.met_messages = set(), set(), set(), set()
        self._read_markdown(read("proto/signal/README.md"))
        self.messages = {}
        for kind, name in re.findall(r'^SIGNAL_(IN|OUT)\("([\w.]+)"', read("proto/signal/signal.def"), re.M):
            self.messages[name] = (kind, {})
        for name, member, kind, required, most in re.findall(r'^SIGNAL_FIELD\("([\w.]+)", "(\w+)", (\w+), (true|false), (\d+),', read("proto/signal/signal.def"), re.M):
            self.messages[name][1][member] = (kind, required == "true", int(most))

    def _read_markdown(self, text):
        name, head, whole = None, None, []
        for line in text.splitlines():
            title = re.match(r"#+ Object `(\w+)`", line)
            if title:
                name = title.group(1)
                self.objects[name] = {}
            elif line.startswith("#"):
                name = None
            elif name and line.startswith("All members of `"):
                whole.append((name, line.split("`")[1]))
            elif line.startswith("|"):
                row = cells(line)
                head = row if head is None else head
                if not set(row[0]) <= set("-: "):
                    self._row(name, head, row)
            if not line.startswith("|"):
                head = None
        for name, other in whole:                                # when all are known: it may stand further down
            self.objects[name] = {**self.objects[other], **self.objects[name]}

    def _row(self, name, head, row):
        if row is head or row == head:
            return
        if name and head[:2] == ["member", "type"]:
            member = row[0].strip("`")
            self.objects[name][member.rstrip("?")] = (row[1], not member.endswith("?"))
        elif head[0] == "call":
            call = re.match(r"`?(GET|POST|PUT|PATCH|DELETE) ([^`?\s]+)", row[0].strip("`"))
            answer = re.search(r"\b(20[014])\b(?: `([\w/]+)`)?", row[-1])
            self.calls[(call.group(1), call.group(2))] = (int(answer.group(1)), answer.group(2))
        elif head[0] == "code":
            self.codes[row[0].strip("`")] = row[1]
        elif head[0] == "close code":
            self.close_codes.setdefault(row[0], "")
            self.close_codes[row[0]] += row[1]
        elif head[0] == "action":
            self.actions.append(row[0].strip("`"))

    # ---- answers ----

    def value(self, kind, value, where):
        """Faults of a value against a type cell, as a list of sentences."""
        if kind.endswith(" or null"):
            return [] if value is None else self.value(kind[:-8], value, where)
        if kind == "any":
            return []
        if kind.startswith("[") and kind.endswith("]"):
            if not isinstance(value, list):
                return [f"{where}: no array"]
            return [f for i, v in enumerate(value) for f in self.value(kind[1:-1], v, f"{where}[{i}]")]
        if kind.startswith("{"):
            if not isinstance(value, dict):
                return [f"{where}: no object"]
            return [f for k, v in value.items() for f in self.value(kind[1:-1].split(": ")[1], v, f"{where}.{k}")]
        if kind in ("int", "ms"):
            return [] if isinstance(value, int) and not isinstance(value, bool) else [f"{where}: {value!r} is no {kind}"]
        if kind == "real":
            return [] if isinstance(value, (int, float)) and not isinstance(value, bool) else [f"{where}: {value!r} is no number"]
        if kind == "bool":
            return [] if isinstance(value, bool) else [f"{where}: {value!r} is no bool"]
        if kind in WORDS:
            return [] if isinstance(value, str) and re.fullmatch(WORDS[kind], value) else [f"{where}: {value!r} is no {kind}"]
        if kind in self.objects:
            return self.object(kind, value, where)
        return [] if value in kind.split("/") else [f"{where}: {value!r} is none of {kind}"]

    def object(self, name, value, where=""):
        where = where or name
        if not isinstance(value, dict):
            return [f"{where}: no object"]
        table = self.objects[name]
        faults = [f"{where}.{m}: not in the document" for m in value if m not in table]
        for member, (kind, required) in table.items():
            if member in value:
                self.met_members.add((name, member))
                faults += self.value(kind, value[member], f"{where}.{member}")
            elif required:
                faults.append(f"{where}.{member}: missing")
        return faults

    def find_call(self, method, path):
        path = path.split("?")[0]
        path = path[len("/api/v1"):] if path.startswith("/api/v1") else path
        for (m, pattern) in self.calls:
            if m == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                return (m, pattern)
        return None

    def problem(self, status, body):
        faults = self.object("problem", body)
        code = body.get("code") if isinstance(body, dict) else None
        if code not in self.codes:
            faults.append(f"code {code} is not in the document")
        elif self.codes[code] != str(status):
            faults.append(f"{code} came with {status}, the document says {self.codes[code]}")
        if not faults and body["status"] != status:
            faults.append("status differs from the status line")
        self.met_codes.add(code)
        return faults

    # ---- messages ----

    def message(self, message):
        name = message.get("type")
        if name not in self.messages or self.messages[name][0] != "OUT":
            return [f"{name}: not in signal.def as outgoing"]
        self.met_messages.add(name)
        table = self.messages[name][1]
        faults = [f"{name}.{m}: not in signal.def" for m in message if m != "type" and m not in table]
        for member, (kind, required, most) in table.items():
            if member not in message:
                if required:
                    faults.append(f"{name}.{member}: missing")
                continue
            faults += self.member(kind, most, message[member], f"{name}.{member}")
        inner = {("room.state", "parties"): "[party]", ("room.state", "chat"): "[chat]", ("room.state", "view"): "view", ("view.shown", "view"): "view",
                 ("quality", "seats"): "[quality_seat]"}
        for (n, member), kind in inner.items():
            if n == name and member in message:
                faults += self.value(kind, message[member], f"{name}.{member}")
        if name == "error":
            self.met_codes.add(message.get("code"))
            if message.get("code") not in self.codes:
                faults.append(f"code {message.get('code')} is not in the document")
        return faults

    @staticmethod
    def member(kind, most, value, where):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        good = {"id": lambda: isinstance(value, str) and re.fullmatch(r"[0-9a-f]{32}", value), "text": lambda: isinstance(value, str) and len(value) <= most,
                "int": lambda: number and isinstance(value, int) and 0 <= value <= most, "number": lambda: number and abs(value) <= most,
                "bool": lambda: isinstance(value, bool), "object": lambda: isinstance(value, dict), "array": lambda: isinstance(value, list) and len(value) <= most}[kind]()
        return [] if good else [f"{where}: {value!r} is no {kind} of at most {most}"]
