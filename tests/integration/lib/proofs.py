"""What proves a record, computed from the document's words: signatures over the canonical octets, the hash chain of the audit trail, and
the printed report that anybody may check."""
import hashlib
import json
import os
import re
import subprocess
import tempfile

from person import Person, checks

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../proto/signal/README.md")


def audit_canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def ed25519_holds(public_key, signature, octets):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("k", bytes.fromhex("302a300506032b6570032100" + public_key)), ("s", bytes.fromhex(signature)), ("m", octets)):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        return subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "k", "-keyform", "DER", "-rawin", "-in", "m", "-sigfile", "s"],
                              cwd=folder, capture_output=True).returncode == 0


def audit_hash(row, consultation):
    fields = [row["previous_hash"], row["seq"], row["at_ms"], consultation, row["actor"], row["action"], row["from_state"], row["to_state"], row["reason_code"], audit_canonical(row["detail"])]
    octets = b"".join(b"-," if f is None else b"%d:%s," % (len(str(f).encode()), str(f).encode()) for f in fields)
    return hashlib.sha256(octets).hexdigest()


def proofs(clinician, first, case, patient):
    path = f"/consultations/{case}"
    opinions = clinician.call("GET", path + "/opinions")["opinions"]
    for o in opinions:
        octets = o["canonical"].encode()
        good = ed25519_holds(o["public_key"], o["signature"], octets)
        signer = json.loads(o["canonical"])["consultant"]["public_key"]
        checks.ok(ed25519_holds(signer, o["signer_signature"], octets) and signer != o["public_key"], "and so does that of the person")
        checks.ok(good and not ed25519_holds(o["public_key"], o["signature"], octets + b" "), f"signature of version {o['version']} holds over canonical, and over nothing else")
        record = json.loads(octets)
        checks.ok(audit_canonical(record) == o["canonical"] and hashlib.sha256(octets).hexdigest() == o["sha256"], "canonical is canonical, sha256 is its hash")
        identity = {"salt": o["identity_salt"], "consultation": case, "id_type": patient["id_type"], "id_number": patient["id_number"], "name": patient["name"], "birth_date": patient["birth_date"]}
        checks.ok(record["patient"]["identity_sha256"] == hashlib.sha256(audit_canonical(identity).encode()).hexdigest(), "identity_sha256 as described")
        checks.ok(record["opinion"]["body"] == o["body"] and o["verified"] is True and set(record) == {"format", "consultation", "partnership", "requester", "consultant", "patient", "request",
                  "opinion", "attachments", "recordings", "signed_ms"}, "the signed record has the members of the document", sorted(record))
    audit = clinician.call("GET", path + "/audit")
    rows = audit["audit"]
    bad = [r["seq"] for r in rows if audit_hash(r, case) != r["hash"]]
    checks.ok(not bad, f"{len(rows)} hashes computed from the document's words", bad)
    pairs = [(x, y) for x, y in zip(rows, rows[1:]) if y["seq"] == x["seq"] + 1]
    checks.ok(pairs and all(y["previous_hash"] == x["hash"] for x, y in pairs), f"{len(pairs)} adjacent rows are linked")
    chain = audit["chain"]
    checks.ok(chain["holds"] and chain["count"] == rows[-1]["seq"] - rows[0]["seq"] + 1 and chain["first_bad_seq"] == 0 and chain["why"] == "", "the chain holds", chain)
    signed = [r["detail"]["sha256"] for r in rows if r["action"] == "consultation.sign"]
    checks.ok(signed == [o["sha256"] for o in opinions], "the audit rows of sign name the same hashes")
    text = open(DOCUMENT, encoding="utf-8").read()
    events = re.search(r"`consultation\.EVENT` for ([a-z, -]+);", text).group(1).split(", ")
    unknown = {r["action"] for r in rows if f"`{r['action']}`" not in text and r["action"] not in [f"consultation.{e}" for e in events]}
    checks.ok(not unknown, "every action of the trail is in the document", unknown)
    recordings = first.call("GET", path + "/recordings")["recordings"]
    checks.ok(recordings and all(r["state"] != "recording" for r in recordings), "recordings are over", [r["state"] for r in recordings])
    first.call("GET", "/recordings/" + "0" * 32 + "/content", code="recording.unknown")


def printed(g, clinician, other, case):
    """The printed report, and checking it without an account."""
    path = f"/consultations/{case}/opinions"
    pdf = clinician.call("GET", path + "/1/document")
    newest = clinician.call("GET", path + "/2/document")
    checks.ok(pdf[:5] == b"%PDF-" and newest != pdf, "each version has a file of its own", (len(pdf), len(newest)))
    clinician.call("GET", path + "/3/document", code="opinion.unknown")
    other.call("GET", path + "/1/document", code="consultation.unknown")
    anybody = Person(g, None)
    answer = anybody.call("POST", "/verify/document", pdf)
    checks.ok(answer["valid"] and answer["superseded_by"] == 2 and answer["patient"] == "示**", "the first version holds, and is superseded", answer)
    changed = pdf.replace("内容 treatment".encode(), "内容 Treatment".encode())
    answer = anybody.call("POST", "/verify/document", changed)
    checks.ok(not answer["valid"] and "/opinion/body/treatment" in [f.get("pointer") for f in answer["findings"]], "a changed member is named", answer)
    answer = anybody.call("POST", "/verify", {"code": anybody.call("POST", "/verify/document", newest)["code"].lower().replace("-", " ")})
    checks.ok(answer["valid"] and answer["version"] == 2 and answer["superseded_by"] is None, "the code leads to the report", answer)
    anybody.call("POST", "/verify", {"code": "00000-00000-00000-00000"}, code="verify.unknown")
    anybody.call("POST", "/verify", {"code": "x"}, code="field.invalid")
    anybody.call("POST", "/verify/document", b"", code="request.body")
    while (status := anybody.client.post("/api/v1/verify", {"code": "0" * 20})[0]) == 404:
        pass
    checks.ok(status == 429, "many tries are throttled", status)
    anybody.call("POST", "/verify", {"code": "0" * 20}, code="request.throttled")
