"""What the integration tests asked and were answered, for the check against the OpenAPI document (test_openapi.py). On when
TEST_RECORD names a folder: one file a process, a line an exchange, at most MOST of one kind."""
import atexit
import json
import os
import re
import sys
import threading

FOLDER = os.environ.get("TEST_RECORD")
MOST = 40  # of one method, path pattern, status and code: the next ones say nothing new
_lock, _kept, _count = threading.Lock(), [], {}


def record(method, path, body, headers, status, answer_headers, answer):
    if not FOLDER or not path.startswith("/api/v1"):
        return
    code = answer.get("code") if isinstance(answer, dict) else None
    kind = (method, re.sub(r"[0-9a-f]{32}", "{id}", path.split("?")[0]), status, code)
    with _lock:
        _count[kind] = _count.get(kind, 0) + 1
        if _count[kind] <= MOST:
            _kept.append(json.dumps({"method": method, "path": path, "status": status, "sent_type": headers.get("Content-Type"),
                                     "sent": body if isinstance(body, dict) else None, "type": answer_headers.get("content-type"),
                                     "answer": None if isinstance(answer, bytes) else answer,
                                     "octets": len(answer) if isinstance(answer, bytes) else None}, ensure_ascii=False))


def _write():
    if FOLDER and _kept:
        os.makedirs(FOLDER, exist_ok=True)
        name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
        with open(os.path.join(FOLDER, f"{name}-{os.getpid()}.jsonl"), "w", encoding="utf-8") as f:
            f.write("\n".join(_kept) + "\n")


atexit.register(_write)
