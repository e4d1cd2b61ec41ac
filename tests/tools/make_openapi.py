#!/usr/bin/env python3
"""Makes proto/openapi.json (OpenAPI 3.1) and proto/signal/rights.md from gateway/access.def and the tables of proto/signal/README.md and
requests.md. `--check` compares instead, and ends with 1 when a file is out of date. Nothing else is read: what is not in those four is
in neither result."""
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/integration/lib"))
import rights  # noqa: E402

LARGEST = 1 << 53
SIMPLE = {"id": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "hex64": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
          "hex128": {"type": "string", "pattern": "^[0-9a-f]{128}$"}, "date": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
          "text": {"type": "string"}, "int": {"type": "integer", "minimum": -LARGEST, "maximum": LARGEST},
          "ms": {"type": "integer", "minimum": 0, "maximum": LARGEST, "description": "UTC milliseconds"}, "real": {"type": "number"},
          "bool": {"type": "boolean"}, "any": {}}
PARAMETERS = {"id": SIMPLE["id"], "organisation": SIMPLE["id"], "scope": {"enum": ["consultation", "imaging", "recording", "teaching"]}}
INTEGERS = {"limit", "before_ms", "offset", "frame", "size", "from", "days"}


def cells(line):
    return [c.strip() for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


class Tables:
    """Objects with their members, the queries of the calls, codes and actions of the documents."""

    def __init__(self, *paths):
        self.objects, self.queries, self.codes, self.actions = {}, {}, {}, {}
        self.acted = None  # the call whose actions the next table has
        self.inherits = {}
        for path in paths:
            self.read(rights.read(path))

    def read(self, text):
        name, head = None, None
        for line in text.splitlines():
            title = re.match(r"#+ Object `(\w+)`", line)
            inherits = re.match(r"All members of `(\w+)`(, each or null)?", line)
            if title:
                name = title.group(1)
                self.objects[name] = {}
            elif line.startswith("#"):
                name = None
            elif name and inherits:
                self.inherits[name] = (inherits.group(1), " or null" if inherits.group(2) else "")
            if line.startswith("|"):
                row = cells(line)
                if head is None:
                    head = row
                elif not set(row[0]) <= set("-: "):
                    self.row(name, head, row)
            else:
                head = None

    def row(self, name, head, row):
        if name and head[:2] == ["member", "type"]:
            member = row[0].strip("`")
            self.objects[name][member.rstrip("?")] = (row[1], not member.endswith("?"), row[2])
        elif head[0] == "call":
            call = re.match(r"`(GET|POST|PUT|PATCH|DELETE) ([^`?\s]+)(?:\?([^`]*))?`", row[0])
            self.acted = call.group(2) if call.group(2).endswith("/{action}") else self.acted
            self.queries[(call.group(1), call.group(2))] = [q.split("=")[0] for q in (call.group(3) or "").split("&") if q]
        elif head[0] == "code":
            self.codes[row[0].strip("`")] = row[1]
        elif head[0].endswith("action") and head[1] == "who":
            self.actions.setdefault(self.acted, []).append(row[0].strip("`"))

    def members(self, name):
        """With those of the object that it has all members of; the own ones go before."""
        if name not in self.inherits:
            return self.objects[name]
        base, nullable = self.inherits[name]
        return {**{m: (k if k.endswith(" or null") else k + nullable, r, w) for m, (k, r, w) in self.members(base).items()}, **self.objects[name]}

    def schema(self, kind):
        if kind.endswith(" or null"):
            inner = self.schema(kind[:-8])
            return inner if inner == {} else {"anyOf": [inner, {"type": "null"}]}
        if kind.startswith("["):
            return {"type": "array", "items": self.schema(kind[1:-1])}
        if kind.startswith("{"):
            return {"type": "object", "additionalProperties": self.schema(kind[1:-1].split(": ")[1])}
        if kind in SIMPLE:
            return dict(SIMPLE[kind])
        if kind in self.objects:
            return {"$ref": f"#/components/schemas/{kind}"}
        words = kind.split("/")
        if not all(re.fullmatch(r"[\w-]+", w) for w in words) or (len(words) < 2 and kind != "live"):
            raise ValueError(f"no such type: {kind}")
        return {"enum": words}

    def object(self, name):
        members = self.members(name)
        properties = {}
        for member, (kind, _, meaning) in members.items():
            properties[member] = self.schema(kind)
            if meaning:
                properties[member]["description"] = plain(meaning)
        made = {"type": "object", "properties": properties}
        required = [m for m, (_, needed, _) in members.items() if needed]
        return {**made, "required": required} if required else made

    def schemas(self):
        made = {name: self.object(name) for name in self.objects}
        codes = sorted(c for c, status in self.codes.items() if status.isdigit())
        made["problem"]["properties"]["code"] = {"enum": codes, "description": "stable, for programs"}
        return made


def plain(text):
    return text.replace("`", "").replace("\\|", "|")


def parameters(row, tables):
    made = []
    for name in re.findall(r"\{(\w+)\}", row.path):
        schema = {"enum": tables.actions[row.path]} if name == "action" else PARAMETERS.get(name, {"type": "string"})
        made.append({"name": name, "in": "path", "required": True, "schema": schema})
    for name in tables.queries.get(row.key, []):
        made.append({"name": name, "in": "query", "schema": SIMPLE["int"] if name in INTEGERS else SIMPLE["text"]})
    if row.method != "GET" and not row.public:
        made.append({"$ref": "#/components/parameters/csrf"})
    if row.method == "POST" and not row.public:
        made.append({"$ref": "#/components/parameters/idempotency_key"})
    if row.body == "octets":
        made.append({"name": "X-Chunk-SHA256", "in": "header", "required": True, "schema": SIMPLE["hex64"]})
    return made


def content(row, tables):
    if row.answer in tables.objects:
        schema = {"$ref": f"#/components/schemas/{row.answer}"}
        less = {"consultation_action": "consultation_part", "consultation_get": "summary"}.get(row.id)
        if less:  # to who has nothing more to do with it; to an observer
            schema = {"anyOf": [schema, {"$ref": f"#/components/schemas/{less}"}]}
        return {"application/json": {"schema": schema}}
    if not all("/" in m for m in row.answer.split()):
        raise ValueError(f"{row.id}: no object {row.answer}")
    return {media: {"schema": {}} for media in row.answer.split()}


def operation(row, tables):
    answer = {"description": row.summary}
    if row.answer:
        answer["content"] = content(row, tables)
    made = {"operationId": row.id, "summary": row.summary, "tags": [row.path.split("/")[1]], "x-roles": sorted(row.roles), "x-relations": sorted(row.relations),
            "security": [] if row.public else [{"session": []}], "responses": {str(row.status): answer, "default": {"$ref": "#/components/responses/problem"}}}
    if row.status == 201:
        made["responses"]["200"] = {**answer, "description": "It was there already"}
    if row.answer and row.method == "GET":
        made["responses"]["304"] = {"description": "Not changed since the ETag of If-None-Match"}
    if row.path.endswith("/content"):
        made["responses"]["206"] = {**answer, "description": "The octets of the Range"}
    given = parameters(row, tables)
    if given:
        made["parameters"] = given
    if row.body == "octets":
        made["requestBody"] = {"required": True, "content": {"application/octet-stream": {"schema": {}}}}
    elif row.body:
        if row.body not in tables.objects:
            raise ValueError(f"{row.id}: no object {row.body}")
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{row.body}"}}}}
    return made


def openapi(rows, tables):
    paths = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = operation(row, tables)
    return {
        "openapi": "3.1.0",
        "info": {"title": "consult-gateway", "version": "1", "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                 "description": "Remote consultations between institutions of a medical partnership. The words behind it: proto/signal/README.md. x-roles: one of these is needed; "
                                "x-relations: what one must be to the consultation (empty: the path names none). A client ignores members that it does not know."},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": tables.schemas(),
            "responses": {"problem": {"description": "Refused: RFC 9457", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}}},
            "parameters": {
                "csrf": {"name": "X-CSRF-Token", "in": "header", "required": True, "schema": SIMPLE["hex64"], "description": "csrf_token of the session"},
                "idempotency_key": {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{16,64}$"}}},
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "__Host-session"}}}}


def table(rows):
    every = rights.roles()
    lines = ["# Who may call what", "", "Made from `gateway/access.def` by `tests/tools/make_openapi.py`; the server takes its roles and relations from the same table. When a relation may use a",
             "call depends on the state too; for actions see `README.md`.", "", "| call | roles | relation to what the path names |", "|---|---|---|"]
    for row in rows:
        roles = "all" if row.public else "signed in" if row.roles == every else ", ".join(sorted(row.roles))
        lines.append(f"| `{row.method} {row.path}` | {roles} | {', '.join(sorted(row.relations))} |")
    return "\n".join(lines) + "\n"


def results():
    rows, tables = rights.rows(), Tables("proto/signal/README.md", "proto/signal/requests.md")
    return {"proto/openapi.json": json.dumps(openapi(rows, tables), ensure_ascii=False, indent=1) + "\n", "proto/signal/rights.md": table(rows)}


def main():
    stale = 0
    for path, text in results().items():
        full = os.path.join(ROOT, path)
        if "--check" in sys.argv:
            same = os.path.exists(full) and rights.read(path) == text
            stale += not same
            print(f"{'ok  ' if same else 'FAIL'} {path}{'' if same else ' is out of date: tests/tools/make_openapi.py'}")
        else:
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
