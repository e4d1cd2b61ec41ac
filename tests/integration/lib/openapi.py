"""proto/openapi.json as a judge of exchanges: status, media type and JSON of an answer, the body of a request that was taken. Strict: a
member that is not in a schema is a fault, although a client has to ignore it."""
import copy
import json
import os
import re

import jsonschema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def load():
    with open(os.path.join(ROOT, "proto/openapi.json"), encoding="utf-8") as f:
        return json.load(f)


class Judge:
    def __init__(self, document):
        self.document = copy.deepcopy(document)
        for schema in self.document["components"]["schemas"].values():
            if "properties" in schema:
                schema["additionalProperties"] = False
        self.resolver = jsonschema.RefResolver("", self.document)
        self.validators = {}
        self.operations = [(method.upper(), path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operation)
                           for path, item in document["paths"].items() for method, operation in item.items()]
        self.met = set()

    def faults_of(self, schema, value):
        """At most three sentences: the deepest faults of a value."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        found = sorted(self.validators[key].iter_errors(value), key=lambda e: -len(e.absolute_path))
        return ["/".join(str(p) for p in e.absolute_path) + ": " + (jsonschema.exceptions.best_match(e.context).message if e.context else e.message)[:200] for e in found[:3]]

    def find(self, method, path):
        path = path.split("?")[0][len("/api/v1"):]
        for m, pattern, expression, operation in self.operations:
            if m == ("GET" if method == "HEAD" else method) and expression.fullmatch(path):
                return (m, pattern), operation
        return None, None

    def faults(self, x):
        """Of one exchange as recorder.py writes it."""
        key, operation = self.find(x["method"], x["path"])
        if operation is None:   # no route: still a problem, and never a success
            return [f"{x['status']} of a call that is in no path"] if x["status"] < 400 else self.problem(x)
        if x["status"] >= 400:
            self.met.add((key, "problem"))
            return self.problem(x)
        answer = operation["responses"].get(str(x["status"]))
        if answer is None:
            return [f"status {x['status']} is none of {sorted(operation['responses'])}"]
        self.met.add((key, "success"))
        return self.content(answer.get("content"), x) + self.sent(operation, x)

    def content(self, content, x):
        if content is None or x["method"] == "HEAD":
            return ["a body where there is none"] if x["octets"] not in (None, 0) or x["answer"] is not None else []
        if x["type"] not in content:
            return [f"{x['type']} is none of {sorted(content)}"]
        if x["answer"] is None:
            return [] if not x["type"].endswith("json") else ["no JSON"]
        return self.faults_of(content[x["type"]]["schema"], x["answer"])

    def problem(self, x):
        if x["type"] != "application/problem+json":
            return [f"{x['status']} as {x['type']}"]
        faults = self.faults_of({"$ref": "#/components/schemas/problem"}, x["answer"])
        return faults or ([] if x["answer"]["status"] == x["status"] else ["another status in the body"])

    def sent(self, operation, x):
        body = operation.get("requestBody")
        if body is None or x["sent"] is None:
            return []
        schema = body["content"].get("application/json", {}).get("schema")
        return [] if schema is None else [f"sent {f}" for f in self.faults_of(schema, x["sent"])]
