# Shared by deploy/run and tests/run: what both must do on a fresh machine. Sourced, not run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# node and npm may come from elsewhere than Debian; then Debian's packages are left alone.
have_node() {
    command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 18 ]
}

# install_packages LIST...: installs what is missing of the packages named in the lists, one a line.
install_packages() {
    local missing=() package
    while read -r package; do
        case "$package" in ''|'#'*) continue ;; esac
        case "$package" in nodejs|npm) have_node && continue ;; esac
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done < <(cat "$@")
    if [ ${#missing[@]} -gt 0 ]; then
        say "installing ${#missing[@]} Debian packages: ${missing[*]}"
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
    fi
}

# npm_ci FOLDER: installs exactly what the lock file names, once per lock file.
npm_ci() {
    local stamp="$1/node_modules/.lock-sum" sum
    sum=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ] && return
    say "npm packages of ${1#"$root"/}"
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error)
    echo "$sum" >"$stamp"
}

build_console() {
    local dist="$root/gateway/console/dist"
    npm_ci "$root/gateway/console"
    if [ ! -f "$dist/index.html" ] || [ -n "$(find "$root/gateway/console" -path '*/node_modules' -prune -o -path '*/dist' -prune -o -type f -newer "$dist/index.html" -print -quit)" ]; then
        say "building the console"
        (cd "$root/gateway/console" && npm run --silent build)
    fi
}

# build_c PRESET [cmake option...]
build_c() {
    local preset=$1
    shift
    say "building C ($preset)"
    (cd "$root" && cmake --preset "$preset" "$@" >/dev/null && cmake --build --preset "$preset" -- -k 0)
}
