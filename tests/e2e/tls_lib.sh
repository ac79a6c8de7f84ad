# shellcheck shell=bash
# What the scripts about TLS share: certificates, made as docs/security.md says. Sourced after serve_lib.sh
# or what sources that.
command -v openssl >/dev/null || skip "no openssl here (tests/setup.sh installs it)"
doc=$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../../docs/security.md
sed -n '/<!-- certificates -->/,/<!-- end -->/s/^    //p' "$doc" >certificates.sh
# shellcheck disable=SC1091
. ./certificates.sh
# shellcheck disable=SC2034
here=DNS:localhost,IP:127.0.0.1

make_authority() { certificate_authority "$1" 2>openssl.log || fail "no CA: $(tail -1 openssl.log)"; }
# make_certificate CA NAME NAMES [DAYS]
make_certificate() { certificate "$@" 2>openssl.log || fail "no certificate: $(tail -1 openssl.log)"; }

# with NAME [CA]: the options of a process that is NAME
with() { echo "--tls-cert $1.crt --tls-key $1.key --tls-ca ${2:-ca}.crt"; }

# address NAME: where a replica or a proxy listens, as its log says
address() { sed -n 's/.*ready .*listen=\([^ ]*\) .*/\1/p' "$1.log"; }

# metric NAME SAMPLE: its value on the monitor of a process; nothing where it has none
metric() {
    /usr/bin/python3 -c '
import sys, urllib.request
for line in urllib.request.urlopen("http://%s/metrics" % sys.argv[1], timeout=20).read().decode().splitlines():
    if line.rpartition(" ")[0] == sys.argv[2]:
        print(line.rpartition(" ")[2])' "$(monitor_of "$1")" "$2"
}
