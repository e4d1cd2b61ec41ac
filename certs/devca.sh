#!/bin/sh
# Makes a development CA and a server certificate into a folder:
#     certs/devca.sh FOLDER [NAME-OR-ADDRESS...]
# ca.pem ca.key server.pem (with the CA behind it) server.key, ECDSA P-256. The server certificate names localhost, 127.0.0.1,
# ::1, the host name, every address of this machine, and what is given. Idempotent: what is there and still good for
# 7 days is kept; a server certificate that misses a name is made anew under the same CA. For development and tests only.
set -eu

folder=${1:?usage: certs/devca.sh FOLDER [NAME-OR-ADDRESS...]}
shift
days_ca=3650
days_server=397        # browsers refuse server certificates that live longer (CA/Browser Forum BR 6.3.2)
seconds_left=604800    # renew when less is left

umask 077
mkdir -p "$folder"
work=$(mktemp -d "$folder/.devca.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

say() { printf '%s\n' "devca: $*"; }

is_address() {
    case $1 in
    *:*) return 0 ;;
    *[!0-9.]*) return 1 ;;
    *.*.*.*) return 0 ;;
    *) return 1 ;;
    esac
}

names() {
    printf '%s\n' localhost 127.0.0.1 ::1
    hostname 2>/dev/null || true
    hostname -f 2>/dev/null || true
    # link-local addresses need a zone and cannot be typed into a browser
    hostname -I 2>/dev/null | tr ' ' '\n' | grep -v '^fe80' || true
    for name in "$@"; do printf '%s\n' "$name"; done
}

sans() {
    names "$@" | awk 'NF && !seen[$0]++' | while read -r name; do
        if is_address "$name"; then printf 'IP:%s\n' "$name"; else printf 'DNS:%s\n' "$name"; fi
    done
}

still_good() { openssl x509 -in "$1" -noout -checkend "$seconds_left" >/dev/null 2>&1; }

if ! still_good "$folder/ca.pem" || [ ! -s "$folder/ca.key" ]; then
    openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$days_ca" \
        -keyout "$work/ca.key" -out "$work/ca.pem" -subj "/CN=consult-gateway development CA" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>"$work/log" ||
        { cat "$work/log" >&2; exit 1; }
    mv "$work/ca.key" "$folder/ca.key"
    mv "$work/ca.pem" "$folder/ca.pem"
    rm -f "$folder/server.pem"
    say "made $folder/ca.pem"
fi

wanted=$(sans "$@")
has_names() {
    for san in $wanted; do
        value=${san#*:}
        if [ "${san%%:*}" = IP ]; then check=-checkip; else check=-checkhost; fi
        openssl x509 -in "$folder/server.pem" -noout "$check" "$value" 2>/dev/null | grep -q 'does match' || return 1
    done
}

if still_good "$folder/server.pem" && [ -s "$folder/server.key" ] && has_names &&
    openssl verify -CAfile "$folder/ca.pem" "$folder/server.pem" >/dev/null 2>&1; then
    say "$folder/server.pem is still good"
    exit 0
fi

cat >"$work/extensions" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$(printf '%s\n' "$wanted" | paste -sd, -)
END
{
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -keyout "$work/server.key" \
        -out "$work/server.csr" -subj "/CN=consult-gateway" &&
        openssl x509 -req -in "$work/server.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -sha256 \
            -set_serial "0x$(openssl rand -hex 12)" -days "$days_server" -extfile "$work/extensions" -out "$work/server.pem"
} 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
cat "$folder/ca.pem" >>"$work/server.pem"
mv "$work/server.key" "$folder/server.key"
mv "$work/server.pem" "$folder/server.pem"
chmod 644 "$folder/ca.pem" "$folder/server.pem"
say "made $folder/server.pem for $(printf '%s' "$wanted" | tr '\n' ' ')"
