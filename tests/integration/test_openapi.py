#!/usr/bin/python3
"""proto/openapi.json: made from the tables as they are, valid OpenAPI 3.1 (by a validator that is
not ours, tests/tools/openapi), served as it is, and kept by the server: every exchange that the other integration tests recorded
(TEST_RECORD; without it test_document.py is run for that) is held against it. Each check is shown an offender first."""
import copy
import glob
import json
import os
import subprocess
import sys
import tempfile

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import openapi  # noqa: E402
import rights  # noqa: E402
from document import Document  # noqa: E402
from gateway import ROOT, Checks, Gateway, build_folder  # noqa: E402

checks = Checks()
document = openapi.load()
# Only where a browser brings media does a recording have a picture: tests/e2e plays it.
NEED_MEDIA = {("GET", "/recordings/{id}/content"), ("GET", "/recordings/{id}/poster")}


def judged(doc):
    """{"valid", "version", "errors"} by the validator of tests/tools/openapi."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as f:
        json.dump(doc, f)
        f.flush()
        run = subprocess.run(["node", os.path.join(ROOT, "tests/tools/openapi/validate.mjs"), f.name], capture_output=True, text=True, timeout=60)
    return json.loads(run.stdout) if run.returncode == 0 else {"valid": None, "errors": [run.stderr[-500:]]}


def references(value, found):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            found.add(value["$ref"])
        for inner in value.values():
            references(inner, found)
    elif isinstance(value, list):
        for inner in value:
            references(inner, found)
    return found


def resolves(doc, reference):
    at = doc
    for part in reference[2:].split("/"):
        at = at.get(part) if isinstance(at, dict) else None
    return at is not None


def made_from_the_tables():
    tool = os.path.join(ROOT, "tests/tools/make_openapi.py")
    check = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True)
    checks.ok(check.returncode == 0, "the document and rights.md are those of the tables", check.stdout + check.stderr)
    rows = rights.rows()
    calls = {(m.upper(), p) for p, item in document["paths"].items() for m in item}
    checks.ok(calls == {r.key for r in rows} == set(Document().calls), "the same calls in the table of rights, the document and README.md",
              sorted({r.key for r in rows} ^ set(Document().calls)))
    ids = [o["operationId"] for item in document["paths"].values() for o in item.values()]
    checks.ok(len(ids) == len(set(ids)) == len(rows), "an operationId each", len(ids))


def valid():
    verdict = judged(document)
    checks.ok(verdict["valid"] is True and verdict["version"] == "3.1", "valid OpenAPI 3.1", verdict)
    for name, schema in document["components"]["schemas"].items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            checks.ok(False, f"schema {name}", error.message)
    found = references(document, set())
    checks.ok(found and all(resolves(document, r) for r in found), f"{len(found)} references lead somewhere", [r for r in found if not resolves(document, r)])
    spoilt = copy.deepcopy(document)
    spoilt["paths"]["/session"]["get"]["responses"] = {"good": {}}
    checks.ok(judged(spoilt)["valid"] is False, "control: a spoilt document is not valid", judged(spoilt)["errors"][:1])
    checks.ok(not resolves(document, "#/components/schemas/nothing"), "control: a reference that leads nowhere is seen")


def served():
    gateway = Gateway().start()
    try:
        client = gateway.client()
        status, body = client.get("/api/v1/openapi.json")
        etag = client.headers.get("etag")
        checks.ok(status == 200 and body == document, "served as it is, without a session", status)
        checks.ok(client.headers.get("content-type") == "application/json" and "no-cache" in client.headers.get("cache-control", ""), "as JSON that may be kept", client.headers)
        status, _ = client.request("GET", "/api/v1/openapi.json", None, {"If-None-Match": etag})
        checks.ok(status == 304, "304 while it is the same", status)
    finally:
        gateway.stop()


def recorded():
    folder = os.environ.get("TEST_RECORD")
    if not folder or not glob.glob(os.path.join(folder, "*.jsonl")):
        folder = folder or tempfile.mkdtemp(prefix="cg-record-")
        test = os.path.join(os.path.dirname(os.path.abspath(__file__)), "test_document.py")
        subprocess.run([sys.executable, test, "--build", build_folder()], env={**os.environ, "TEST_RECORD": folder}, capture_output=True, check=False, timeout=500)
    exchanges = []
    for path in sorted(glob.glob(os.path.join(folder, "*.jsonl"))):
        with open(path, encoding="utf-8") as f:
            exchanges += [(os.path.basename(path), json.loads(line)) for line in f]
    return exchanges


def kept_by_the_server():
    judge = openapi.Judge(document)
    exchanges = recorded()
    wrong = {}
    for source, x in exchanges:
        for fault in judge.faults(x):
            wrong.setdefault(f"{x['method']} {judge.find(x['method'], x['path'])[0]} {x['status']}: {fault}", source)
    for what, source in list(wrong.items())[:20]:
        print("     ", source, what[:300])
    checks.ok(len(exchanges) > 150 and not wrong, f"{len(exchanges)} exchanges are as the document says", len(wrong))
    calls = {(m.upper(), p) for p, item in document["paths"].items() for m in item}
    missing = {k for k in calls if (k, "success") not in judge.met} - NEED_MEDIA
    checks.ok(not missing, f"a success of each of {len(calls)} calls was among them", sorted(missing))
    controls(judge, [x for _, x in exchanges])


def controls(judge, exchanges):
    """Spoilt answers and a spoilt document, made of real exchanges."""
    good = next(x for x in exchanges if x["status"] == 200 and x["method"] == "GET" and judge.find("GET", x["path"])[0] == ("GET", "/consultations/{id}"))
    refused = next(x for x in exchanges if x["status"] == 404 and judge.find(x["method"], x["path"])[0])
    made = next(x for x in exchanges if x["status"] == 201 and x["sent"] and judge.find(x["method"], x["path"])[0] == ("POST", "/consultations"))

    def seen(what, x, change):
        spoilt = copy.deepcopy(x)
        change(spoilt)
        checks.ok(not judge.faults(x) and judge.faults(spoilt), f"control: {what} is seen", judge.faults(spoilt)[:1])
    seen("a member that is missing", good, lambda x: x["answer"].pop("version"))
    seen("an unknown member", good, lambda x: x["answer"].update(surprise=1))
    seen("an unknown member deep inside", good, lambda x: x["answer"]["requester"]["organisation"].update(surprise=1))
    seen("a word that is none", good, lambda x: x["answer"].update(urgency="soon"))
    seen("a value of another type", good, lambda x: x["answer"].update(version="1"))
    seen("another media type", good, lambda x: x.update(type="text/html"))
    seen("an undocumented status", good, lambda x: x.update(status=203))
    seen("an unlisted code", refused, lambda x: x["answer"].update(code="x.y"))
    seen("a refusal that is no problem", refused, lambda x: x.update(type="application/json"))
    seen("an unknown member that was sent and taken", made, lambda x: x["sent"].update(surprise=1))
    spoilt = copy.deepcopy(document)
    spoilt["components"]["schemas"]["consultation"]["properties"]["version"] = {"type": "string"}
    checks.ok(openapi.Judge(spoilt).faults(good), "control: a spoilt schema is seen")


made_from_the_tables()
valid()
served()
kept_by_the_server()
checks.end()
