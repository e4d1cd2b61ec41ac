#!/usr/bin/env python3
"""The tree's own rules: layers by include, one folder per vendor, sizes, headers that compile alone, banned functions,
no machine paths. Each rule is also shown a made-up offender first, so that a rule that cannot fail fails here."""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LAYERS = {"proto": {"proto"}, "certs": {"certs", "proto"}, "media": {"media", "certs", "proto"},
          "gateway": {"gateway", "media", "certs", "proto"}}
VENDORS = [  # header pattern, folders that may include it
    (r"srtp2?/", ["media/rtpsec"]),
    (r"openssl/ssl\.h|openssl/dtls1\.h", ["media/dtls", "media/turn", "certs", "gateway/web"]),
    (r"libav\w+/|libsw\w+/", ["media/recording", "media/imaging"]),
    (r"libwebsockets", ["gateway/web"]),
    (r"sqlite3\.h|libpq", ["gateway/store"]),
    (r"jansson\.h", ["gateway"]),
    (r"sodium\.h", ["gateway"]),
    (r"cairo|pango|fontconfig|qrencode|glib", ["gateway/document"]),
    (r"pthread\.h", ["media", "gateway/store", "gateway/web", "gateway/ops"]),
]
BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|strncpy|sprintf|vsprintf|gets|strtok|atoi|atol|localtime|rand|srand|alloca)\s*\(")
PROTO_BANNED = re.compile(r"#include <(pthread|unistd|time|sys/\w+|netinet/\w+)\.h>|(?<![\w.>])(malloc|calloc|realloc|free|getenv|system|exit|qsort)\s*\(")
MACHINE = re.compile(r"/wor" + r"k/(main|shared|steering)|bash_job" + r"s")


def sources(exts=(".c", ".h")):
    for layer in LAYERS:
        for folder, dirs, files in os.walk(os.path.join(ROOT, layer)):
            dirs[:] = [d for d in dirs if d not in ("node_modules", "dist")]
            for name in files:
                if name.endswith(exts):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def strip_comments(text):
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S))


def check_layers(path, text):
    layer = path.split("/")[0]
    for inc in re.findall(r'#include "([^"]+)"', text):
        if inc.split("/")[0] not in LAYERS[layer]:
            yield f"{path}: {layer} may not include {inc}"


def check_vendors(path, text):
    for inc in re.findall(r"#include <([^>]+)>", text):
        for pattern, folders in VENDORS:
            if re.match(pattern, inc) and not any(path.startswith(f + "/") for f in folders):
                yield f"{path}: {inc} belongs to {', '.join(folders)}"


def check_size(path, text):
    lines = text.count("\n")
    if lines > 600 and not path.endswith(".def"):
        yield f"{path}: {lines} lines (600 allowed)"
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > 80:
                yield f"{path}:{start}: function of {number - start - 1} lines (80 allowed)"
            start = None


def check_banned(path, text):
    code = strip_comments(text)
    for match in BANNED.finditer(code):
        yield f"{path}: banned function {match.group(1)}"
    if path.startswith("proto/") and path != "proto/base/check.c":
        for match in PROTO_BANNED.finditer(code):
            yield f"{path}: not in proto: {match.group(0)}"


def check_pair(path, text):
    if path.endswith(".c") and not os.path.basename(path).startswith("main_"):
        if "/decisions/" in path:
            return
        header = path[:-2] + ".h"
        internal = re.findall(r'#include "(' + os.path.dirname(path) + r'/\w+\.h)"', text)
        if not os.path.exists(os.path.join(ROOT, header)) and not internal:
            yield f"{path}: no header of the same name, nor one of its folder"


RULES = [
    ("layers", check_layers, ("proto/x.c", '#include "gateway/app.h"\n')),
    ("vendors", check_vendors, ("proto/x.c", "#include <sqlite3.h>\n")),
    ("sizes", check_size, ("proto/x.c", "a\n" * 601)),
    ("banned", check_banned, ("proto/x.c", "void f(void) { strcpy(a, b); }\n")),
    ("pairs", check_pair, ("proto/nosuch.c", "int x;\n")),
]


def check_headers():
    bad = []
    for path in sources((".h",)):
        with tempfile.NamedTemporaryFile("w", suffix=".c") as f:
            f.write(f'#include "{path}"\n#include "{path}"\n')
            f.flush()
            flags = subprocess.run(["pkg-config", "--cflags", "libwebsockets", "libavcodec"], capture_output=True, text=True)
            run = subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-I", ROOT, "-Wall", "-Wextra", "-Werror",
                                  *flags.stdout.split(), f.name], capture_output=True, text=True)
            if run.returncode != 0:
                bad.append(f"{path}: does not compile alone: {run.stderr.splitlines()[:2]}")
    return bad


def main():
    passed = failed = 0
    files = [(p, read(p)) for p in sources()]
    for name, rule, offender in RULES:
        if not list(rule(*offender)):
            print(f"FAIL {name}: does not see its own offender")
            failed += 1
            continue
        bad = [b for p, t in files for b in rule(p, t)]
        for line in bad:
            print("FAIL", line)
        failed += len(bad)
        passed += 0 if bad else 1
    bad = check_headers()
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True).stdout.split("\n")
    for path in tracked:
        full = os.path.join(ROOT, path)
        if path and os.path.isfile(full) and os.path.getsize(full) < 400000:
            with open(full, "rb") as f:
                text = f.read().decode("utf-8", "ignore")
            if MACHINE.search(text):
                bad.append(f"{path}: names a machine path")
            if path.endswith("package-lock.json") and '"resolved": "http' in text:
                bad.append(f"{path}: names a registry host")
    for line in bad:
        print("FAIL", line)
    failed += len(bad)
    passed += 0 if bad else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
