# Shared by deploy/run and tests/run: what both must do on a fresh machine. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
clock_least=1704067200 # 2024-01-01: a clock before that was never set, and certificates and records would carry its dates

say() { printf '== %s\n' "$*"; }
complain() { printf 'error: %s\n' "$*" >&2; return 1; }
die() { complain "$*" || exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo here. Run as root: $*"
    fi
}

need_clock() {
    [ "$(date +%s)" -ge "$clock_least" ] || die "the clock of this machine is not set ($(date -u +%F)). Set it first: timedatectl set-ntp true"
}

# need_space FOLDER MIB WHAT-FOR
need_space() {
    local free_mib
    free_mib=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free_mib" -ge "$2" ] || die "$1 has $free_mib MiB free, $3 needs $2 MiB"
}

# need_writable FOLDER WHAT: a folder that is not there yet is made where its parents allow it, and is asked about there.
need_writable() {
    local at=$1
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    [ -d "$at" ] || die "$2 $1: $at is no folder"
    [ -w "$at" ] && [ -x "$at" ] ||
        die "$2 $1: $(id -un) may not write in $at (it belongs to $(stat -c %U "$at")). Run as that user, or choose another folder"
}

# node and npm may come from elsewhere than Debian; then Debian's packages are left alone.
have_node() {
    command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}

# is_installed PACKAGE [LEAST]: and, where a least version is named, at least that one.
is_installed() {
    local status version
    read -r status version < <(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null)
    [ "$status" = installed ] && { [ -z "${2:-}" ] || dpkg --compare-versions "$version" ge "$2"; }
}

# install_packages LIST...: installs what is missing or too old of the packages named in the lists, one a line, some with the
# least version that will do.
install_packages() {
    local missing=() package least
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
        die "this is no Debian machine (no apt-get): Debian 12 or 13 is needed"
    while read -r package least; do
        case "$package" in ''|'#'*) continue ;; esac
        case "$package" in nodejs|npm) have_node && continue ;; esac
        is_installed "$package" "$least" || missing+=("$package")
    done < <(cat "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${#missing[@]} Debian packages: ${missing[*]}"
    as_root apt-get update -q || die "apt-get update failed: see its last lines above (network, proxy in /etc/apt/apt.conf.d, clock)"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" ||
        die "apt-get install failed: see its last lines above. When it is put right, run this again"
}

# npm_ci FOLDER: installs exactly what the lock file names, once per lock file.
npm_ci() {
    local stamp="$1/node_modules/.lock-sum" sum
    sum=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
    say "npm packages of ${1#"$root"/}"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error) ||
        complain "npm ci failed in ${1#"$root"/}. Behind a proxy or with a registry of your own: npm config set proxy|registry|cafile, then run this again" ||
        return 1
    echo "$sum" >"$stamp"
}

build_console() {
    local dist="$root/gateway/console/dist"
    npm_ci "$root/gateway/console" || return 1
    if [ ! -f "$dist/index.html" ] || [ -n "$(find "$root/gateway/console" -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -newer "$dist/index.html" -print -quit)" ]; then
        say "building the console"
        (cd "$root/gateway/console" && npm run --silent build) || complain "the console was not built: see above"
    fi
}

# build_c PRESET [cmake option...]: everything, tests too; goes on after an error so that one run shows them all.
build_c() {
    local preset=$1
    shift
    say "building C ($preset)"
    (cd "$root" && cmake --preset "$preset" "$@" >/dev/null && cmake --build --preset "$preset" -- -k 0)
}

# build_programs PRESET: what runs in a hospital, and nothing else.
build_programs() {
    say "building C ($1)"
    (cd "$root" && cmake --preset "$1" >/dev/null && cmake --build --preset "$1" --target consult-gateway consultctl consult-imaging) ||
        complain "the build failed: see the first lines above that say error"
}
