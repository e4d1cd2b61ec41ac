#!/bin/sh
# Makes a development CA and a server certificate into a folder:
#     certs/devca.sh FOLDER [NAME-OR-ADDRESS...]
# ca.pem ca.key server.pem (with the CA behind it) server.key, ECDSA P-256. The server certificate names localhost, 127.0.0.1,
# ::1, the host name, every address of this machine, and what is given. Idempotent: what is there is kept while it is valid now
# and for 7 days more; a server certificate that misses a name, was signed by another CA or is not of its key is made anew under
# the same CA, so that browsers go on trusting it. What an interrupted run left is put right by the next. For development and tests only.
set -eu

folder=${1:?usage: certs/devca.sh FOLDER [NAME-OR-ADDRESS...]}
shift
days_ca=3650
days_server=397        # browsers refuse server certificates that live longer (CA/Browser Forum BR 6.3.2)
seconds_left=604800    # renew when less is left
back_minutes=60        # valid from an hour ago: the clock of a client may be late

say() { printf '%s\n' "devca: $*"; }
die() { printf '%s\n' "devca: $*" >&2; exit 1; }

command -v openssl >/dev/null || die "openssl is missing"
for name in "$@"; do
    case $name in
    ''|*[!A-Za-z0-9.:*_-]*) die "no name and no address: '$name'" ;;
    esac
done

umask 077
mkdir -p "$folder" || die "the folder $folder cannot be made"
work=$(mktemp -d "$folder/.devca.XXXXXX") || die "nothing can be written into $folder"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

is_address() {
    case $1 in
    *:*) return 0 ;;
    *[!0-9.]*) return 1 ;;
    *.*.*.*) return 0 ;;
    *) return 1 ;;
    esac
}

# Only what may stand in a certificate: a host name may be "(none)", and link-local addresses need a zone that no browser takes.
names() {
    printf '%s\n' localhost 127.0.0.1 ::1
    {
        uname -n
        hostname -f 2>/dev/null || true
        hostname -I 2>/dev/null | tr ' ' '\n' || true
    } | grep -E '^[A-Za-z0-9.:-]+$' | grep -v '^fe80:' || true
    for name in "$@"; do printf '%s\n' "$name"; done
}

sans() {
    names "$@" | awk 'NF && !seen[$0]++' | while read -r name; do
        if is_address "$name"; then printf 'IP:%s\n' "$name"; else printf 'DNS:%s\n' "$name"; fi
    done
}

# Valid now (a clock that was wrong once leaves certificates of the future) and not about to end.
still_good() {
    openssl x509 -in "$1" -noout -checkend "$seconds_left" >/dev/null 2>&1 &&
        openssl verify -CAfile "$folder/ca.pem" "$1" >/dev/null 2>&1
}

key_fits() { # CERTIFICATE KEY
    public=$(openssl pkey -in "$2" -pubout 2>/dev/null) && [ "$public" = "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" ]
}

# OpenSSL 3.0's "x509 -req" knows no start date, "ca" does.
sign() { # REQUEST EXTENSIONS DAYS OUT [ca options...]
    request=$1 extensions=$2 days=$3 out=$4
    shift 4
    : >"$work/index"
    cat >"$work/ca.cnf" <<END
[ca]
default_ca = dev
[dev]
new_certs_dir = $work
database = $work/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
END
    now=$(date +%s)
    openssl ca -batch -notext -config "$work/ca.cnf" -in "$request" -out "$out" -extfile "$extensions" \
        -startdate "$(stamp $((now - back_minutes * 60)))" -enddate "$(stamp $((now + days * 86400 - back_minutes * 60)))" "$@"
}
stamp() { date -u -d "@$1" +%Y%m%d%H%M%SZ; }

logged() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; die "openssl failed: see above (is the disk full?)"; }; }

new_key() { logged openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -keyout "$1" -out "$2" -subj "$3"; }

if ! still_good "$folder/ca.pem" || ! key_fits "$folder/ca.pem" "$folder/ca.key"; then
    cat >"$work/extensions" <<END
basicConstraints=critical,CA:TRUE,pathlen:0
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
END
    new_key "$work/ca.key" "$work/ca.csr" "/CN=consult-gateway development CA ($(uname -n | tr -cd 'A-Za-z0-9.-' | cut -c 1-20))"
    logged sign "$work/ca.csr" "$work/extensions" "$days_ca" "$work/ca.pem" -selfsign -keyfile "$work/ca.key"
    rm -f "$folder/server.pem"
    mv "$work/ca.key" "$folder/ca.key"
    mv "$work/ca.pem" "$folder/ca.pem"
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

chmod 600 "$folder/ca.key"
if still_good "$folder/server.pem" && key_fits "$folder/server.pem" "$folder/server.key" && has_names; then
    chmod 600 "$folder/server.key"
    say "$folder/server.pem is still good"
    exit 0
fi

cat >"$work/extensions" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=$(printf '%s\n' "$wanted" | paste -sd, -)
END
new_key "$work/server.key" "$work/server.csr" "/CN=consult-gateway"
logged sign "$work/server.csr" "$work/extensions" "$days_server" "$work/server.pem" -cert "$folder/ca.pem" -keyfile "$folder/ca.key"
cat "$folder/ca.pem" >>"$work/server.pem"
mv "$work/server.key" "$folder/server.key"
mv "$work/server.pem" "$folder/server.pem"
chmod 644 "$folder/ca.pem" "$folder/server.pem"
say "made $folder/server.pem for $(printf '%s' "$wanted" | tr '\n' ' ')"
