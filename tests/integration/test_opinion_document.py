#!/usr/bin/python3
"""The printed report from end to end: a real consultation to the signature, its PDF read by poppler's tools, checked by consultctl
offline and against the store, changed in many places, and the record changed behind the gateway's back. Pages go to build/reports."""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from gateway import PYDICOM, ROOT, Checks, Gateway, WebSocket, in_threads  # noqa: E402

API = "/api/v1"
RARE = "𠮷䶮㐂𬱖"  # outside GB 2312, two of them outside the BMP: all stand in names
checks = Checks()
BODY = {
    "findings": f"心电图：V1 至 V4 导联 ST 段抬高 0.2 至 0.4 mV。陪同家属{RARE[0]}某。\n超声心动图：前壁运动减弱，左室射血分数 48%。",
    "diagnosis": "急性前壁 ST 段抬高型心肌梗死，Killip I 级。",
    "differential": "主动脉夹层；急性肺栓塞。", "treatment": "阿司匹林 300 mg、替格瑞洛 180 mg 负荷；无禁忌时立即溶栓。",
    "further_tests": "复查肌钙蛋白及心电图。", "referral_advice": "溶栓后转上级医院行冠状动脉造影。", "urgency": "立即", "validity": "24 小时", "disagreement": "镇卫生院拟先行补液，专家组不赞成。",
    "answers": [{"question": "是否需要转诊？", "answer": "需要。溶栓后两小时内转诊。"}, {"question": "能否溶栓？", "answer": "发病 3 小时内，无禁忌证，可以。"}],
    "diagnoses": [{"code": "I21.9", "name_zh": "急性心肌梗死", "certainty": "confirmed"}, {"code": "I71.0", "name_zh": "主动脉夹层", "certainty": "excluded"},
                  {"name_zh": "乡村医生手写诊断", "certainty": "suspected"}],
    "critical": {"finding": "肌钙蛋白 I 25.3 ng/mL，已电话告知申请方。"}}


def want(answer, status=200):
    if answer[0] != status:
        raise RuntimeError(f"{answer[0]} instead of {status}: {answer[1]}")
    return answer[1]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    return done.returncode, done.stdout + done.stderr


def to_signed(g, clinician, specialist):
    want(specialist.put(f"{API}/duty", {"on_duty": True}))
    made = want(clinician.post(f"{API}/consultations", {
        "specialty": "cardiology", "urgency": "urgent", "kind": "live",
        "patient": {"name": f"示范患者{RARE[1:]}", "sex": "female", "birth_date": "1961-07-02", "id_type": "resident-id", "id_number": "990101196107020027", "record_no": "ZY-2026-001"},
        "request": {"complaint": "胸痛两小时", "question": "1. 是否需要转诊？\n2. 能否溶栓？", "initial_diagnosis": "胸痛待查", "present_history": "两小时前劳动后突发胸骨后压榨样疼痛，向左肩放射，伴大汗。",
                    "vital_signs": {"pulse": 92, "temperature": 36.8}}}), 201)
    case = made["id"]
    for scope in ("consultation", "imaging", "recording"):
        want(clinician.consent(case, scope))
    image = want(clinician.upload(case, f"{PYDICOM}/CT_small.dcm"))["attachment"]["id"]
    want(clinician.act(case, "submit"))
    want(specialist.act(case, "accept"))
    for client in (clinician, specialist):
        ws = WebSocket(client)
        ws.send({"type": "room.join", "consultation": case})
        ws.receive("room.state")
        sockets.append(ws)
    want(specialist.act(case, "end"))
    body = {**BODY, "key_images": [{"attachment": image, "frame": 0, "note": "前壁"}]}
    want(specialist.put(f"{API}/consultations/{case}/opinion", {"body": body}))
    signed = want(specialist.act(case, "sign"))
    return case, signed["number"]


def verify(g, file, *options):
    return run(os.path.join(g.build, "consultctl"), "verify", file, *options)


def read_by_others(g, file, name):
    """poppler: the text, the signature, the pages as pictures, the attachments."""
    _, text = run("pdftotext", "-layout", file, "-")
    words = re.sub(r"\s+", "", text)
    for what in ("远程会诊报告单", "急性前壁ST段抬高型心肌梗死", "是否需要转诊？", "I21.9", "已排除", "危急值报告", "肌钙蛋白I25.3ng/mL", "第1页共", "医师电子签名", "CT_small.dcm", "990*************27", "不赞成"):
        checks.ok(what in words, f"{name}: the text has {what}")
    checks.ok(all(c in words for c in RARE), f"{name}: rare characters are text too", [c for c in RARE if c not in words])
    checks.ok("990101196107020027" not in words and "1961-07-02" not in words, f"{name}: neither number nor date of birth")
    code, text = run("pdfsig", file)
    checks.ok("Signature is Valid" in text and "Total document signed" in text, f"{name}: pdfsig finds the signature valid, and the whole document signed", text.replace("\n", " ")[-300:])
    checks.ok("SHA-256" in text and "Not total" not in text, f"{name}: SHA-256", text.count("\n"))
    code, text = run("pdffonts", file)
    fonts = [line.split()[0] for line in text.splitlines()[2:]]
    checks.ok(fonts and all("yes" in line for line in text.splitlines()[2:]) and all("+" in f for f in fonts), f"{name}: every font is embedded", fonts)
    code, text = run("pdfdetach", "-list", file)
    checks.ok("record.json" in text and "manifest.json" in text and "signatures.json" in text, f"{name}: the attachments", text.replace("\n", " "))
    reports = os.path.join(ROOT, "build/reports")
    os.makedirs(reports, exist_ok=True)
    run("pdftoppm", "-png", "-r", "80", file, os.path.join(reports, f"report-{name}"))
    pages = sorted(f for f in os.listdir(reports) if f.startswith(f"report-{name}-"))
    checks.ok(pages and all(os.path.getsize(os.path.join(reports, p)) > 20000 for p in pages), f"{name}: pages as pictures", pages)


def place(data, what):
    """An octet of each kind of place in the file."""
    at = {"text of a page": data.index(b"stream\n") + 40, "record.json": data.index(b'"diagnosis":"') + 15, "signatures.json": data.index(b"consult-signatures-1") + 3,
          "manifest.json": data.index(b"consult-manifest-1") + 2, "manifest signature": data.index(b"%CG-MANIFEST") + 30, "signature of the file": data.index(b"/Contents <") + 200,
          "zeros behind the signature": data.index(b"0000000000>\n   /M"), "signature dictionary": data.index(b"/Reason") if b"/Reason" in data else data.index(b"/SubFilter") + 4,
          "table of objects": data.rindex(b"\nxref\n") + 20, "trailer": data.rindex(b"/Prev") + 7, "end": len(data) - 2, "file head": 7}
    return at[what]


def changed_files(g, file, key):
    data = open(file, "rb").read()
    for what, layer in (("text of a page", "parts"), ("record.json", "parts"), ("signatures.json", "parts"), ("manifest.json", "manifest"), ("manifest signature", "manifest"),
                        ("signature of the file", "seal"), ("zeros behind the signature", "seal"), ("signature dictionary", "tail"), ("table of objects", "tail"), ("trailer", "tail"),
                        ("end", "tail"), ("file head", "parts")):
        at = place(data, what)
        with tempfile.NamedTemporaryFile(suffix=".pdf", dir=g.data) as other:
            other.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
            other.flush()
            code, text = verify(g, other.name, "--public-key", key)
            ranges = [(int(a), int(b)) for a, b in re.findall(rf"FAILED {layer}.*octets (\d+) to (\d+)", text)]
            checks.ok(code == 1 and any(a <= at <= b and (b - a < len(data) - 1) for a, b in ranges), f"one bit of {what}: found in {layer}, at its place", (at, ranges, [l for l in text.splitlines() if "FAILED" in l][:3]))
            _, text = run("pdfsig", other.name)
            if what in ("text of a page", "record.json"):
                checks.ok("Signature is Valid" not in text, f"one bit of {what}: pdfsig, too")
            if what == "record.json":
                code, text = verify(g, other.name, "--public-key", key)
                checks.ok("member /opinion/body/diagnosis" in text and "member /opinion/body/treatment" not in text, "and the member is named", re.findall("member (.*)", text))
    longer = os.path.join(g.data, "longer.pdf")
    with open(longer, "wb") as f:
        f.write(data + b"\n1 0 obj\n<< >>\nendobj\n%%EOF\n")
    code, text = verify(g, longer, "--public-key", key)
    checks.ok(code == 1 and "octets behind the end" in text, "an incremental update behind it is found", text.splitlines()[-2:])


def many_at_once(g, clinician, specialist):
    """Pango and Cairo on every blob thread: what is made beside others is what is made alone."""
    cases = [to_signed(g, clinician, specialist)[0] for _ in range(4)]

    def get(case):
        client = g.client()
        client.cookie, client.csrf = clinician.cookie, clinician.csrf
        return client.get(f"{API}/consultations/{case}/opinions/1/document")
    together = in_threads(12, lambda i: get(cases[i % 4]))
    checks.ok(all(isinstance(t, tuple) and t[0] == 200 for t in together) and len({t[1] for t in together}) == 4, "twelve ask for four reports at once", len(together))
    for row in g.sql("SELECT sha256 FROM document WHERE consultation_id IN (?, ?, ?, ?)", *cases):
        os.unlink(os.path.join(g.data, "blobs", row["sha256"][:2], row["sha256"]))
    checks.ok(all(get(case)[1] == made[1] for case, made in zip(cases, together)), "and each is what is made alone, octet for octet")


def changed_store(g, number, case, file):
    """The database changed by hand, past the triggers: the stopped gateway's folder, copied each time."""
    for sql, wanted in (("UPDATE opinion SET body = replace(body, '阿司匹林', '氯吡格雷')", "FAILED store-body.*member /opinion/body/treatment"),
                        ("UPDATE opinion SET canonical = replace(canonical, 'I21.9', 'I20.9')", "FAILED record"),
                        ("UPDATE opinion SET canonical = replace(canonical, 'I21.9', 'I20.9')", "FAILED store-record.*member /opinion/body/diagnoses/0/code"),
                        ("UPDATE consultation SET request = replace(request, '胸痛两小时', '腹痛两小时')", "FAILED store-request.*member /request/complaint"),
                        ("UPDATE consultation SET patient = replace(patient, '990101', '990102')", "FAILED store-identity"),
                        ("UPDATE consultation SET decision = replace(decision, '溶栓后转诊', '不需转诊')", "FAILED store-decision.*member /decision"),
                        ("DELETE FROM audit WHERE action = 'consultation.sign'", "FAILED audit: the chain breaks"),
                        (None, "the record holds")):
        copy = tempfile.mkdtemp(prefix="cg-copy-")
        shutil.copytree(g.data, copy, dirs_exist_ok=True)
        if sql:
            with sqlite3.connect(f"{copy}/consult.db") as db:
                for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
                    db.execute(f"DROP TRIGGER {trigger}")
                db.execute(sql)
            db.close()
        code, text = run(os.path.join(g.build, "consultctl"), "verify", "--consultation", number, "--data", copy)
        checks.ok(code == (1 if sql else 0) and re.search(wanted, text), f"the store {'after ' + sql[:60] if sql else 'as it is'}: {wanted}", [l for l in text.splitlines() if "FAILED" in l][:3])
        if sql and "canonical" in sql:
            code, text = verify(g, file, "--data", copy)
            checks.ok(code == 1 and "FAILED store-record" in text and "/opinion/body/diagnoses/0/code" in text, "the file against that store names the member", text.count("\n"))
        shutil.rmtree(copy, ignore_errors=True)


def main():
    g = Gateway("--public_url", "https://consult.example").start()
    ctl = os.path.join(g.build, "consultctl")
    try:
        g.run("codes", ctl, "import-codes", os.path.join(ROOT, "deploy/demo/demonstration-codes.csv"), "--data", g.data)
        clinician, specialist = g.signed_in(g.people("clinician")[0]), g.signed_in(g.people("specialist", "cardiology")[0])
        case, number = to_signed(g, clinician, specialist)
        first = os.path.join(g.data, "first.pdf")
        path = f"{API}/consultations/{case}/opinions"
        pdf = want(clinician.get(f"{path}/1/document"))
        checks.ok(clinician.headers["content-type"] == "application/pdf" and pdf == want(specialist.get(f"{path}/1/document")), "both parties get the same file", len(pdf))
        with open(first, "wb") as f:
            f.write(pdf)
        os.unlink(os.path.join(g.data, "blobs", *(lambda h: (h[:2], h))(g.sql("SELECT sha256 FROM document")[0]["sha256"])))
        checks.ok(want(clinician.get(f"{path}/1/document")) == pdf, "a lost file is made again, octet for octet")
        read_by_others(g, first, "signed")
        key = g.sql("SELECT public_key FROM opinion")[0]["public_key"]
        for what, options, wanted in (("the right key", ["--public-key", key], 0), ("another key", ["--public-key", "0" * 64], 1), ("no key", [], 1), ("the gateway's keys", ["--keys", f"{g.data}/keys"], 0),
                                      ("the store", ["--data", g.data], 0)):
            code, text = verify(g, first, *options)
            checks.ok(code == wanted and (code == 1) == ("FAILED key" in text) and text.count("FAILED") == (1 if wanted else 0), f"verify with {what}", text.splitlines()[-1:])
        g.run("export", ctl, "export-keys", os.path.join(g.data, "public"), "--data", g.data)
        checks.ok(verify(g, first, "--keys", os.path.join(g.data, "public"))[0] == 0, "verify with exported public keys")
        changed_files(g, first, key)
        want(clinician.act(case, "acknowledge", decision={"adopted": "partly", "text": "已予阿司匹林，溶栓后转诊。", "told_patient": True}))
        decided = os.path.join(g.data, "decided.pdf")
        with open(decided, "wb") as f:
            f.write(want(clinician.get(f"{path}/1/document")))
        _, text = run("pdftotext", "-layout", decided, "-")
        checks.ok("部分采纳" in text and "溶栓后转诊" in text and verify(g, decided, "--data", g.data)[0] == 0, "with the requester's decision it is another file, which holds too")
        checks.ok(verify(g, first, "--data", g.data)[0] == 0, "and the first one still does")
        want(specialist.act(case, "amend", reason_text="补充冠状动脉造影结果"))
        want(specialist.put(f"{API}/consultations/{case}/opinion", {"body": {**BODY, "findings": BODY["findings"] + "\n" + "冠状动脉造影所见。" * 600}}))
        want(specialist.act(case, "sign"))
        amended = os.path.join(g.data, "amended.pdf")
        with open(amended, "wb") as f:
            f.write(want(clinician.get(f"{path}/2/document")))
        words = re.sub(r"\s+", "", run("pdftotext", "-layout", amended, "-")[1])
        checks.ok("修订原因：补充冠状动脉造影结果" in words and "第3页共" in words, "the amended version says so, and runs over pages", re.findall(r"第\d页共\d页", words))
        run("pdftoppm", "-png", "-r", "80", amended, os.path.join(ROOT, "build/reports/report-amended"))
        run("pdftoppm", "-png", "-r", "80", decided, os.path.join(ROOT, "build/reports/report-decided"))
        code, text = verify(g, first, "--data", g.data)
        checks.ok(code == 0 and "note: version 2 has taken its place" in text, "the first version holds and is superseded", text.splitlines()[:3])
        anybody = g.client()
        answer = want(anybody.post(f"{API}/verify/document", pdf))
        checks.ok(answer["valid"] and answer["superseded_by"] == 2 and "示范患者" not in str(answer), "the public page's check of the file", [f["layer"] for f in answer["findings"]])
        rows = g.sql("SELECT action FROM audit WHERE action LIKE 'document.%'")
        checks.ok(len([r for r in rows if r["action"] == "document.make"]) == 4 and len(rows) > 5, "making and reading are in the audit trail", len(rows))
        many_at_once(g, clinician, specialist)
        for sheet, lines in (("bad.csv", "code,name_zh,name_en\nI10,高血压,Hypertension\nxx,坏,bad\n"), ("short.csv", "code,name_zh\nI10,高血压\n")):
            with open(os.path.join(g.data, sheet), "w", encoding="utf-8") as f:
                f.write(lines)
            before = g.sql("SELECT * FROM diagnosis_code ORDER BY code")
            code, text = run(ctl, "import-codes", os.path.join(g.data, sheet), "--data", g.data)
            checks.ok(code == 1 and f"{sheet}:{3 if sheet == 'bad.csv' else 1}:" in text and "nothing was changed" in text and before == g.sql("SELECT * FROM diagnosis_code ORDER BY code"), f"{sheet} is refused by line and rule", text.splitlines()[0])
        g.run("stop", "kill", "-TERM", str(g.process.pid))
        g.process.wait(20)
        code, text = run(ctl, "check", "--hashes", "--data", g.data)
        checks.ok(code == 0 and "ok document 7 files" in text and "ok key of 1 persons" in text, "consultctl check knows the files and the keys", text.splitlines())
        changed_store(g, number, case, first)
        g.start()
        checks.ok(len(want(g.signed_in(g.people("clinician")[0]).get(f"{path}/1/document"))) > 1000 and len([1 for _, _, files in os.walk(f"{g.data}/blobs") for _ in files]) >= 4, "a restart sweeps no report away")
    finally:
        for ws in sockets:
            ws.close()
        _, log = g.stop()
    checks.ok("Sanitizer" not in log and "runtime error" not in log, "no sanitizer report", log[-2000:] if "Sanitizer" in log else "")
    checks.ok("示范患者" not in log and RARE[0] not in log, "no patient in the log")
    checks.end()


sockets = []
main()
