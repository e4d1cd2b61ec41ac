#!/usr/bin/python3
"""Uploads: real DICOM files in chunks, cut and resumed at any octet, no duplicates; what is no DICOM, truncated, too large or of an
unsupported kind is refused with the reason while the rest goes on; pictures come back right; strangers see nothing."""
import hashlib
import os
import random
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, Checks, Gateway, in_threads  # noqa: E402

random.seed(7)
checks = Checks()
gateway = Gateway().start()
scratch = tempfile.mkdtemp(prefix="cg-up-")


def sha(data):
    return hashlib.sha256(data).hexdigest()


def made(name, data):
    path = os.path.join(scratch, name)
    with open(path, "wb") as out:
        out.write(data)
    return path


def put(client, upload, offset, part):
    return client.put(f"/api/v1/uploads/{upload}?offset={offset}", part, **{"X-Chunk-SHA256": sha(part)})


try:
    clinician = gateway.signed_in(gateway.people("clinician")[0])
    specialist = gateway.signed_in(gateway.people("specialist", "cardiology")[0])
    case = clinician.draft()[1]["id"]
    clinician.consent(case)
    ct = open(os.path.join(PYDICOM, "CT_small.dcm"), "rb").read()

    # Resume after a cut at any octet: 25 random cuts, each time asked anew how much is durable.
    status, up = clinician.post(f"/api/v1/consultations/{case}/uploads", {"name": "CT_small.dcm", "bytes": len(ct), "sha256": sha(ct)})
    checks.ok(status == 201 and up["received"] == 0, "an upload begins", up)
    cuts = sorted(random.sample(range(1, len(ct)), 24)) + [len(ct)]
    at = 0
    for cut in cuts:
        status, up = put(clinician, up["id"], at, ct[at:cut])
        if status != 200 or up["received"] != cut:
            break
        status, again = clinician.get(f"/api/v1/uploads/{up['id']}")
        if status != 200 or (cut < len(ct) and again["received"] != cut):
            break
        at = cut
    checks.ok(at == len(ct) and up["state"] == "done", "25 pieces of any length make the file", f"{at} of {len(ct)}, {up}")
    checks.ok(up.get("attachment", {}).get("modality") == "CT" if isinstance(up.get("attachment"), dict) else bool(up.get("attachment")), "it became a CT attachment", up.get("attachment"))
    status, listed = clinician.get(f"/api/v1/consultations/{case}/attachments")
    attachment = listed["attachments"][0]
    checks.ok(status == 200 and attachment["sha256"] == sha(ct) and attachment["rows"] == 128, "listed with hash and size", {k: attachment[k] for k in ("rows", "columns", "modality")})
    status, content = clinician.get(f"/api/v1/attachments/{attachment['id']}/content")
    checks.ok(status == 200 and content == ct, "its octets come back unchanged")
    status, part = clinician.get(f"/api/v1/attachments/{attachment['id']}/content", Range="bytes=128-131")
    checks.ok(status == 206 and part == b"DICM", "and by range", part)

    # Wrong offset, wrong hash, replay, two at once.
    mr = open(os.path.join(PYDICOM, "MR_small.dcm"), "rb").read()
    status, up = clinician.post(f"/api/v1/consultations/{case}/uploads", {"name": "MR_small.dcm", "bytes": len(mr), "sha256": sha(mr)})
    status, body = put(clinician, up["id"], 100, mr[100:200])
    checks.ok(status == 409 and body["code"] == "upload.offset" and body["received"] == 0, "a wrong offset is answered with the right one", body)
    status, body = clinician.put(f"/api/v1/uploads/{up['id']}?offset=0", mr[:500], **{"X-Chunk-SHA256": sha(b"other")})
    checks.ok(status in (409, 422) and body["code"] == "upload.hash", "a chunk that was damaged on the way is refused", body.get("code"))

    def both(i):
        client = gateway.client()
        client.cookie, client.csrf = clinician.cookie, clinician.csrf
        return put(client, up["id"], 0, mr[:1000])

    answers = in_threads(6, both)
    checks.ok(sum(1 for a in answers if a[0] == 200) >= 1 and all(a[0] in (200, 409) for a in answers), "six tabs send the same chunk at once", [a[0] for a in answers])
    status, now = clinician.get(f"/api/v1/uploads/{up['id']}")
    checks.ok(now["received"] == 1000, "the chunk is there once", now["received"])
    status, up = clinician.upload(case, os.path.join(PYDICOM, "MR_small.dcm"))
    checks.ok(status in (200, 201) and up["state"] == "done", "the upload is found again by its hash and finished", up.get("state"))
    clinician.upload(case, os.path.join(PYDICOM, "MR_small.dcm"))
    status, listed = clinician.get(f"/api/v1/consultations/{case}/attachments")
    checks.ok(len(listed["attachments"]) == 2, "the same file twice is one attachment", len(listed["attachments"]))

    # Refusals, and the rest goes on.
    for name, data, codes in [
        ("notes.txt", b"no picture at all " * 40, ("upload.not-dicom", "upload.unsupported")),
        ("cut.dcm", ct[:len(ct) // 2], ("upload.truncated",)),
        ("plan.dcm", open(os.path.join(PYDICOM, "rtplan.dcm"), "rb").read(), ("upload.unsupported",)),
        ("sequence.dcm", open(os.path.join(PYDICOM, "JPEG2000-embedded-sequence-delimiter.dcm"), "rb").read(), ("upload.unsupported", "upload.truncated")),
    ]:
        status, up = clinician.upload(case, made(name, data))
        code = (up.get("refusal") or {}).get("code") if isinstance(up, dict) else None
        code = code or (up.get("code") if isinstance(up, dict) else None)
        checks.ok(code in codes, f"{name} is refused with the reason", f"{status} {code}")
    status, body = clinician.post(f"/api/v1/consultations/{case}/uploads", {"name": "huge.dcm", "bytes": 1 << 50, "sha256": sha(b"")})
    checks.ok(status in (413, 422) and body["code"] == "upload.too-large", "a file that is too large is refused before an octet is sent", body.get("code"))
    good = 0
    names = ["JPEG2000.dcm", "JPEG-lossy.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_rle_16bit.dcm"]
    for name in names:
        status, up = clinician.upload(case, os.path.join(PYDICOM, name))
        good += isinstance(up, dict) and up.get("state") == "done"
    checks.ok(good == len(names), "compressed DICOM of every common kind is taken after the refusals", f"{good} of {len(names)}")
    shown = 0
    status, listed = clinician.get(f"/api/v1/consultations/{case}/attachments")
    for a in listed["attachments"]:
        status, thumb = clinician.get(f"/api/v1/attachments/{a['id']}/thumbnail")
        status2, png = clinician.get(f"/api/v1/attachments/{a['id']}/rendered?frame=0")
        shown += status == 200 and thumb[:2] == b"\xff\xd8" and status2 == 200 and png[:8] == b"\x89PNG\r\n\x1a\n"
    checks.ok(shown == len(listed["attachments"]), "each has a thumbnail and a picture", f"{shown} of {len(listed['attachments'])}")
    status, body = clinician.get(f"/api/v1/attachments/{attachment['id']}/rendered?frame=99")
    checks.ok(status in (404, 422), "a frame that is not there is a clear error", f"{status} {body if isinstance(body, dict) else ''}")

    # Who may see: a stranger may not know that it exists.
    for path in (f"/api/v1/consultations/{case}", f"/api/v1/consultations/{case}/attachments", f"/api/v1/attachments/{attachment['id']}/content",
                 f"/api/v1/attachments/{attachment['id']}/rendered", f"/api/v1/attachments/{attachment['id']}/thumbnail", f"/api/v1/uploads/{up['id']}"):
        status, _ = specialist.get(path)
        checks.ok(status == 404, f"a stranger gets 404: {path.split('/')[3]}/…/{path.rsplit('/', 1)[1][:12]}", status)
    checks.ok(gateway.client().get(f"/api/v1/attachments/{attachment['id']}/content")[0] == 401, "without a session: 401")

    # What was acknowledged survives kill -9.
    big = os.urandom(300000)
    status, up = clinician.post(f"/api/v1/consultations/{case}/uploads", {"name": "big.dcm", "bytes": len(big), "sha256": sha(big)})
    status, up = put(clinician, up["id"], 0, big[:200000])
    gateway.kill()
    gateway.start()
    clinician.connection = None
    status, after = clinician.get(f"/api/v1/uploads/{up['id']}")
    checks.ok(status == 200 and after["received"] == 200000, "acknowledged octets survive kill -9", after)
    status, done = put(clinician, up["id"], 200000, big[200000:])
    checks.ok(status == 200 and done["state"] == "refused", "and the upload goes on from there", done.get("state"))
finally:
    code, log = gateway.stop()
checks.ok("ERROR: AddressSanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-1500:] if "Sanitizer" in log else "")
checks.ok("示范患者" not in log and "CT_small" not in log, "no patient and no file name in the log")
checks.end()
