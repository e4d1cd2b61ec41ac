"""The machine of a measurement: its network namespace, its processors, and the servers under load. Ends what it started, by pid."""
import ctypes
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ADDRESS = "10.77.0.1"      # of the server; Janus gathers no candidate on lo, so it stands on a dummy interface
PARTIES = "10.78.0.0/16"   # every party of the generator has an address of its own, on one socket
JANUS_PORT = 8088
READY_SECONDS = 30
QUIET = 0.15  # of one processor: what a waiting machine needs, and we ourselves
CLONE_NEWNET = 0x40000000  # <sched.h>
JANUS_LIBRARIES = "/usr/lib/*/janus"

def ip(line, needed=True):
    done = subprocess.run(["ip", *line.split()], capture_output=True, text=True)
    if done.returncode != 0 and needed:
        raise RuntimeError(f"ip {line}: {done.stderr.strip()}")
    return done.returncode == 0


def orphans(folder, prefix):
    """What a bench left there that was killed: its number stands in the name."""
    names = os.listdir(folder) if os.path.isdir(folder) else []
    numbers = {name: re.match(re.escape(prefix) + r"(\d+)", name) for name in names}
    return [name for name, number in numbers.items() if number and not os.path.exists(f"/proc/{number.group(1)}")]


def new_folder():
    build = os.path.join(ROOT, "build")
    for orphan in orphans(build, "load-"):
        shutil.rmtree(os.path.join(build, orphan), ignore_errors=True)
    return tempfile.mkdtemp(prefix=f"load-{os.getpid()}-", dir=build)


class Namespace:
    """A network namespace of our own, named so that the generator believes it; this process and what it starts are in it from then on.
    It is removed at the end, and so is one whose bench was killed."""
    prefix = "consult-load-"
    address, port, udp_port = ADDRESS, 8443, 40000  # of the gateway; nothing else is on them in here

    def __init__(self):
        for orphan in orphans("/run/netns", self.prefix):
            ip(f"netns del {orphan}", needed=False)
        self.name = f"{self.prefix}{os.getpid()}"
        ip(f"netns add {self.name}")
        try:
            self.enter()
            self.fill()
        except BaseException:
            self.end()
            raise

    def enter(self):
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{self.name}", "rb") as f:
            if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    @staticmethod
    def fill():
        # Either kind of interface does: it only holds the addresses, whose packets go over lo as those of every local one. The parties'
        # are on it too, not on lo: libnice binds its sockets to the interface of their address and would look for the parties behind it.
        if not ip("link add server type dummy", needed=False):
            ip("link add server type veth peer name other")
            ip("link set other up")
        for line in ("link set lo up", f"addr add {ADDRESS}/24 dev server", "link set server up", f"route add local {PARTIES} dev server"):
            ip(line)

    def end(self):
        ip(f"netns del {self.name}", needed=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Loopback:
    """The machine's own, with free ports: for whoever may not make a namespace and measures nothing."""
    address, udp_port = "127.0.0.1", 0

    def __init__(self):
        with socket.socket() as s:
            s.bind((self.address, 0))
            self.port = s.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def processors():
    """The server's and the generator's: two different ones where there are two."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[0], mine[1 % len(mine)]


def pinned(cpu, *command):
    """On that processor, and ended when we are killed."""
    return ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(cpu), *map(str, command)]


def end_orderly():
    """A signal ends the script as an exception does: what is in `with` and `finally` ends the servers. Call it first."""
    def leave(signum, _frame):
        sys.exit(128 + signum)
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(signum, leave)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # of servers and generators too: a descriptor for each person


def output(command, timeout):
    """As subprocess.run, which also ends the command when we are ended while it runs."""
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)


class Machine:
    """Processor time of the whole machine since it was made, as fractions of one processor (/proc/stat)."""

    def __init__(self):
        self.at, self.begun = self._read(), time.monotonic()

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="ascii") as f:
            fields = [int(x) for x in f.readline().split()[1:9]]
        user, nice, system, _idle, _iowait, irq, softirq, steal = fields
        return user + nice + system + irq + softirq, steal

    def figures(self):
        """(busy, steal)"""
        seconds = (time.monotonic() - self.begun) * os.sysconf("SC_CLK_TCK")
        return tuple((b - a) / seconds for a, b in zip(self.at, self._read()))


def wait_for_quiet(limit):
    """Until the machine does nothing else, some seconds at most: a compiler that ends soon would only disturb a run."""
    end = time.monotonic() + limit
    busy = 1
    while busy > QUIET and time.monotonic() < end:
        machine = Machine()
        time.sleep(0.3)
        busy = machine.figures()[0]


def output_of(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def version_of(package):
    return output_of("dpkg-query", "-W", "-f", "${Version}", package) or "not installed"


def conditions():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    server, generator = processors()
    return {
        "machine": models[0] if models else "unknown", "cores": os.cpu_count(), "kernel": os.uname().release,
        "janus": version_of("janus"), "openssl": version_of("libssl3") if version_of("libssl3")[0].isdigit() else version_of("libssl3t64"),
        "libsrtp": version_of("libsrtp2-1"), "libnice": version_of("libnice10"),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": output_of("git", "-C", ROOT, "describe", "--always", "--dirty"),
        "pinning": f"server on processor {server}, generator on processor {generator}",
    }


class Server:
    """A started server; end() ends it by its pid and removes its folder."""
    name = ""  # consult-load's word for it
    base = ""
    generator_options = ()

    def __init__(self):
        self.folder = new_folder()
        self.log = os.path.join(self.folder, "server.log")
        self.process = None
        try:
            self.launch(*self.command())
        except BaseException:
            self.end()
            raise

    def launch(self, *command):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(pinned(processors()[0], *command), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.tail()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{self.name} is not ready after {READY_SECONDS} s: {self.tail()}")
            time.sleep(0.05)

    def get(self, path):
        """(status, text); status 0 when nothing answers."""
        connection = self.connection()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def tail(self, octets=1500):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-octets:]

    def after(self, _run):
        """What the server itself says after a run: further members of its figures."""
        return {}

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s*(\d+)", f.read()).group(1))

    def end(self):
        if self.is_alive():
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Janus(Server):
    """Debian's Janus in its better setting for one processor: ICE-lite, static event loops, only what a call needs."""
    name = "janus"
    base = f"http://{ADDRESS}:{JANUS_PORT}"

    def __init__(self, event_loops=1):
        """event_loops: 0 is Janus's default, a thread for each party."""
        self.event_loops = event_loops
        super().__init__()

    def command(self):
        self.configure()
        return "janus", "-F", self.folder, "-C", os.path.join(self.folder, "janus.jcfg")

    def library(self, kind, name):
        """A folder with one library of Debian's in it; the others need their own configuration and threads."""
        folder = os.path.join(self.folder, kind)
        os.mkdir(folder)
        if name:
            os.symlink(output_of("sh", "-c", f"ls {JANUS_LIBRARIES}/{kind}/{name}"), os.path.join(folder, name))
        return folder

    def configure(self):
        loops = f"event_loops = {self.event_loops}" if self.event_loops else ""
        plugins, transports = self.library("plugins", "libjanus_videocall.so"), self.library("transports", "libjanus_http.so")
        self.write("janus.jcfg", f"""
general: {{
    configs_folder = "{self.folder}"
    plugins_folder = "{plugins}"
    transports_folder = "{transports}"
    events_folder = "{self.library("events", None)}"
    loggers_folder = "{self.library("loggers", None)}"
    interface = "{ADDRESS}"
    log_to_stdout = false
    log_to_file = "{self.log}"
    debug_level = 3
    session_timeout = 0
    {loops}
}}
media: {{ rtp_port_range = "20000-60000" }}
nat: {{ ice_lite = true }}
""")
        self.write("janus.transport.http.jcfg", f"""
general: {{ json = "compact"  base_path = "/janus"  http = true  port = {JANUS_PORT}  ip = "{ADDRESS}"  https = false }}
admin: {{ admin_http = false  admin_https = false }}
""")
        self.write("janus.plugin.videocall.jcfg", "general: { }\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
            f.write(text)

    @staticmethod
    def connection():
        return http.client.HTTPConnection(ADDRESS, JANUS_PORT, timeout=5)

    def is_ready(self):
        return self.get("/janus/info")[0] == 200


class Gateway(Server):
    """This project's gateway: release build, one media thread, limits that no measurement meets, data that Data has prepared."""
    name = "gateway"

    def __init__(self, build, place, data, *settings):
        self.build, self.place, self.data, self.settings = build, place, data, settings
        self.base = f"https://{place.address}:{place.port}"
        self.generator_options = ("--accounts", data.accounts)
        super().__init__()

    def command(self):
        self.data.copy_to(self.folder)
        settings = {
            "data": self.folder, "port": self.place.port, "listen": self.place.address, "workers": 1,
            "certificate": os.path.join(self.folder, "tls/server.pem"), "key": os.path.join(self.folder, "tls/server.key"),
            "udp_port_first": self.place.udp_port, "bind_address": self.place.address, "candidates": self.place.address,
            "metrics_allow": self.place.address, "rooms_max": 10000, "connections_max": 10000, "connections_per_address": 10000,
            "created_per_day": 100000, "login_failures_max": 1000, "idle_timeout_s": 3600, "log_level": "warn"}
        return (os.path.join(self.build, "consult-gateway"), *(text for name, value in settings.items() for text in (f"--{name}", value)),
                *self.settings)

    def connection(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self.place.address, self.place.port, timeout=5, context=context)

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def metric(self, name, labels=""):
        """The sum of its series that have these labels; None: there is no such metric."""
        values = re.findall(rf"^{name}(?:{{[^}}]*{labels}[^}}]*}})? (\S+)$", self.get("/metrics")[1], re.M)
        return sum(map(float, values)) if values else None

    def after(self, run):
        figures = {"errors": self.metric("consult_errors_total")}
        caches = self.metric("media_resend_cache_bytes_total", 'change="taken"')  # some are given back already
        if caches is not None and not run["set_ups"]:
            figures["resend_caches_kib_per_call"] = caches / 1024 / run["calls"]
            figures["kib_per_call_without_caches"] = run["server"]["kib_per_call"] - figures["resend_caches_kib_per_call"]
        if run["recorded"]:
            folder = os.path.join(self.folder, "recordings")
            sizes = [os.path.getsize(os.path.join(folder, f)) for f in os.listdir(folder)] if os.path.isdir(folder) else []
            figures["recording"] = {"files": len(sizes), "octets": sum(sizes), "dropped": self.metric("consult_recorder_dropped_packets_total")}
        return figures


class Data:
    """A data folder to copy for each gateway: certificates, the demonstration's institutions, and people for the load."""
    people = 64  # of each role, as many as consult-load signs in at most
    password = "demo-consult"

    def __init__(self, build):
        self.folder = new_folder()
        self.accounts = os.path.join(self.folder, "accounts.json")
        try:
            self.fill(build)
        except BaseException:
            self.end()
            raise

    def fill(self, build):
        fresh = os.path.join(self.folder, "fresh")
        os.mkdir(fresh, 0o700)
        self.step(os.path.join(ROOT, "certs/devca.sh"), os.path.join(fresh, "tls"))
        self.step(os.path.join(build, "consultctl"), "import", os.path.join(ROOT, "deploy/demo/demo.json"), "--data", fresh)
        people = [self.person("clinician", "DEMO-TOWN-1", i) for i in range(self.people)]
        people += [self.person("specialist", "DEMO-CITY-1", i) for i in range(self.people)]
        self.write(people)
        for person in people[1:]:
            del person["account"]["password"]
        brief = os.path.join(self.folder, "import.json")
        self.write(people, brief)
        self.step(os.path.join(build, "consultctl"), "import", brief, "--data", fresh)
        # One password hashed is enough: its copies cost as much at each sign-in.
        with sqlite3.connect(os.path.join(fresh, "consult.db")) as db:
            db.execute("UPDATE account SET password_hash = (SELECT password_hash FROM account WHERE login = ?) WHERE login LIKE 'load.%'",
                       (people[0]["account"]["login"],))
        db.close()

    @staticmethod
    def step(*command):
        done = output(command, 120)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-1000:]}")

    def person(self, role, organisation, i):
        return {"code": f"LOAD-{role.upper()}-{i}", "organisation": organisation, "name_zh": f"压测医师{i}", "name_en": f"Load {role.title()} {i}",
                "title": "attending", "licence_no": f"LOAD-{role.upper()}-LIC-{i}", "licensed_since": "2015-01-01",
                **({"specialties": ["cardiology"]} if role == "specialist" else {}),
                "account": {"login": f"load.{role}{i}", "roles": [role], "password": self.password}}

    def write(self, people, path=None):
        with open(path or self.accounts, "w", encoding="utf-8") as f:
            json.dump({"format": "consult-gateway-import-1", "demonstration": True, "practitioners": people}, f, ensure_ascii=False)

    def copy_to(self, folder):
        shutil.copytree(os.path.join(self.folder, "fresh"), folder, dirs_exist_ok=True)

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
