"""gateway/access.def as data: one row a route. Names of roles and relations are read from the headers that define them, so that a
word there and a word here are the same."""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
ROW = re.compile(r'^ACCESS\((\w+),\s*"([A-Z]+)",\s*"(/[^"]*)",\s*([^,"]+),\s*([^,"]+),\s*"([^"]*)",\s*(\d+),\s*"([^"]*)",\s*"([^"]+)"\)$', re.M)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def numbers(*paths):
    """Enumerators with a value and #defines of such, by name."""
    found = {}
    for path in paths:
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S).replace("\\\n", " ")
        for name, value in re.findall(r"^\s+((?:ROLE|CONSULT_ACTOR|ACCESS)_\w+) = (\d+)", text, re.M):
            found[name] = int(value)
        for name, value in re.findall(r"^#define ((?:ROLE|ACCESS|CONSULT_ACTORS)_\w+)[ \t]+(\S.*)$", text, re.M):
            value = re.sub(r"\(unsigned\)|(?<=\d)u\b", "", value)
            if re.fullmatch(r"[\w\s|()]+", value) and all(w in found or w.isdigit() for w in re.findall(r"\w+", value)):
                found[name] = eval(value, {}, dict(found))  # names and numbers, ORed: nothing else has passed
    return found


class Row:
    def __init__(self, names, match):
        self.id, self.method, self.path, roles, relations, self.body, status, self.answer, self.summary = match
        self.status = int(status)
        self.key = (self.method, self.path)
        self.role_bits, self.relation_bits = (eval(text, {}, names) for text in (roles, relations))
        self.roles = self.words(names, "ROLE_", self.role_bits)
        self.relations = self.words(names, "CONSULT_ACTOR_", self.relation_bits) | self.words(names, "ACCESS_", self.relation_bits & ~0xffff)
        self.public = self.role_bits == 0

    @staticmethod
    def words(names, prefix, bits):
        return {n[len(prefix):].lower() for n, b in names.items() if n.startswith(prefix) and b & (b - 1) == 0 and b & bits and n != "ROLE_LAST"}


def rows():
    """Every row of the table, in its order. A line that begins with ACCESS( and is no row is an error."""
    text = read("gateway/access.def")
    names = numbers("gateway/api.h", "gateway/consult/consult_fsm.h", "gateway/access.h")
    found = [Row(names, m) for m in ROW.findall(text)]
    lines = len(re.findall(r"^ACCESS\(", text, re.M))
    if len(found) != lines or not found:
        raise ValueError(f"gateway/access.def: {lines} lines, {len(found)} rows understood")
    return found


def roles():
    """Every role by name."""
    return Row.words(numbers("gateway/api.h"), "ROLE_", -1)
