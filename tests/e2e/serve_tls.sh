#!/usr/bin/env bash
# TLS on the links: who has no certificate of the fleet's CA is refused, counted and logged, and those who
# have one do not notice; what cannot be served safely does not start.
scripts=$(dirname "$(realpath "$0")")
# shellcheck source=tests/e2e/serve_lib.sh
. "$scripts/serve_lib.sh"
# shellcheck source=tests/e2e/tls_lib.sh
. "$scripts/tls_lib.sh"
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
for user in $(seq 0 199); do echo "u$user"; done >users.txt
"$SOUK_BIN/reference_lists" good.model 10 2 users.txt >good.ref || fail "reference_lists"

make_authority ca
make_authority foreign
for name in a0 b0 proxy client; do make_certificate ca $name $here; done
make_certificate ca fleet DNS:fleet.souk
make_certificate ca late $here -1
make_certificate foreign stranger $here

# refused CODE TEXT COMMAND...
refused() {
    local code=$1 text=$2 got=0
    shift 2
    timeout 30 "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -2 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(tail -2 out.txt)"
}

# ---- what does not start ----

# start_refused CODE TEXT OPTION...: of both programs
start_refused() {
    refused "$1" "$2" "$SOUK_BIN/souk-replica" --model good.model --monitor none "${@:3}"
    refused "$1" "$2" "$SOUK_BIN/souk-proxy" --shards ipc:///nowhere --monitor none "${@:3}"
}
start_refused 2 '--insecure' --listen tcp://0.0.0.0:0
start_refused 2 '--tls-ca' --listen tcp://:0
start_refused 2 'takes --tls-cert' --listen tls+tcp://127.0.0.1:0
start_refused 2 '--tls-key is missing' --listen tls+tcp://127.0.0.1:0 --tls-cert a0.crt --tls-ca ca.crt
start_refused 2 'not tls+tcp://' --listen ws://127.0.0.1:0
start_refused 2 'hard limit' --connections 1000000
start_refused 1 'nowhere.crt: No such file' --listen tls+tcp://127.0.0.1:0 --tls-cert nowhere.crt --tls-key a0.key --tls-ca ca.crt
start_refused 3 'a0.key: not a certificate' --listen tls+tcp://127.0.0.1:0 --tls-cert a0.key --tls-key a0.key --tls-ca ca.crt
start_refused 3 'users.txt: not a certificate' --listen tls+tcp://127.0.0.1:0 --tls-cert a0.crt --tls-key a0.key --tls-ca users.txt
start_refused 3 'a0.crt: not a private key' --listen tls+tcp://127.0.0.1:0 --tls-cert a0.crt --tls-key a0.crt --tls-ca ca.crt
start_refused 3 'b0.key: not the key of the certificate in a0.crt' --listen tls+tcp://127.0.0.1:0 --tls-cert a0.crt --tls-key b0.key --tls-ca ca.crt
refused 2 'takes --tls-cert' "$SOUK_BIN/souk" health --proxy tls+tcp://127.0.0.1:1
refused 3 'b0.key: not the key' "$SOUK_BIN/souk" health --proxy tls+tcp://127.0.0.1:1 --tls-cert a0.crt --tls-key b0.key --tls-ca ca.crt
proxy open ipc:///nowhere --listen tcp://0.0.0.0:0 --insecure
stop open

# ---- a fleet, and who is let in ----

chmod a+r b0.key
# shellcheck disable=SC2046
{
    replica a0 good.model 0/2 --listen tls+tcp://127.0.0.1:0 $(with a0)
    replica b0 good.model 1/2 --listen tls+tcp://127.0.0.1:0 $(with b0)
    shards="$(address a0) $(address b0)"
    proxy proxy "$shards" --listen tls+tcp://127.0.0.1:0 $(with proxy)
}
grep -q ' WARN tls_key_is_open .*file=b0.key' b0.log || fail "nobody warns of an open key"
grep -q tls_key_is_open a0.log && fail "a warning of a key that is not open"
at=$(address proxy)

SOUK_TLS_CERT=client.crt SOUK_TLS_KEY=client.key SOUK_TLS_CA=ca.crt \
    "$SOUK_BIN/souk" recommend --proxy "$at" --user u1 >out.txt || fail "no answer with variables"
# shellcheck disable=SC2046
{
    "$SOUK_BIN/souk" load --proxy "$at" $(with client) --users users.txt --rate $((200 / ${SOUK_SLOWDOWN:-1})) --duration 3s \
        --timeout 10s --reference good.ref --min-whole 1 --json >load.json 2>load.err &
    pid[load]=$!
}

# peers CERT VERSION TAKEN: three connections
peers() {
    local taken
    taken=$(/usr/bin/python3 "$scripts/tls_peer.py" "${at#tls+tcp://}" ca.crt "$1" "$2" 3 2>err.txt) || fail "$1: $(tail -1 err.txt)"
    [ "$taken" = "$3" ] || fail "TLS $2 with '$1': $taken of 3 taken, not $3"
}
for version in 1.2 1.3; do
    peers client $version 3
    peers none $version 0
    peers stranger $version 0
    peers late $version 0
    peers plain $version 0
done

# counted REASON NUMBER
counted() {
    local i got
    for i in $(seq 100); do
        got=$(metric proxy "souk_connections_refused_total{reason=\"$1\"}")
        [ "$got" = "$2" ] && return
        sleep .05
    done
    fail "$got connections refused for '$1', not $2, after $i looks"
}
counted no_certificate 6
counted certificate 12
counted not_tls 6
for reason in handshake stalled protocol limit; do counted $reason 0; done

wait "${pid[load]}" || fail "the load met the refusals: $(tail -1 load.err)"
unset 'pid[load]'
echo "load meanwhile: $(cut -c1-70 load.json)"
for reason in no_certificate certificate not_tls; do
    lines=$(grep -c " WARN connections_refused .*reason=$reason count=" proxy.log)
    [ "$lines" = 1 ] || fail "$lines lines in the log for '$reason' within a minute: $(grep connections_refused proxy.log)"
done
expiry=$(metric proxy souk_tls_certificate_expiry_timestamp_seconds)
ends=$(date -d "$(openssl x509 -in proxy.crt -noout -enddate | cut -d= -f2)" +%s)
[ "$expiry" = "$ends" ] || fail "the certificate ends at $ends, the metric says $expiry"

# ---- as our own client sees it ----

# asking CODE TEXT OPTION...; who is refused tries until its time is over
asking() {
    local ms=10000
    [ "$1" = 0 ] || ms=$((300 * ${SOUK_SLOWDOWN:-1}))
    refused "$1" "$2" "$SOUK_BIN/souk" recommend --proxy "$at" --user u1 --timeout ${ms}ms "${@:3}"
}
# shellcheck disable=SC2046
{
    asking 0 'model' $(with client)
    asking 1 'does not take our certificate' $(with stranger)
    asking 1 'does not take our certificate' $(with late)
    grep -q tls_certificate_expired out.txt || fail "a client does not say that its certificate is out of date"
    asking 1 'verification failed' $(with client foreign)
    asking 1 'verification failed' $(with client) --tls-name fleet.souk
    asking 2 'takes --tls-cert'
    at=tcp://${at#tls+tcp://} asking 1 'cannot connect'
}

# ---- names: one for all listeners ----

# shellcheck disable=SC2046
{
    replica f0 good.model 0/2 --listen tls+tcp://127.0.0.1:0 $(with fleet)
    shards="$(address f0) $(address b0)"
    proxy wary "$shards" --listen "ipc://$work/wary" $(with proxy)
    grep -q 'not_ready .*no replica of shard 0' wary.log || fail "a name that is not the host's was taken"
    [ "$(metric wary "souk_replica_connected{replica=\"$(address f0)\",shard=\"0\"}")" = 0 ] || fail "a connection to another name"
    stop wary
    replica f1 good.model 1/2 --listen tls+tcp://127.0.0.1:0 $(with fleet)
    proxy named "$(address f0) $(address f1)" --listen "ipc://$work/named" $(with proxy) --tls-name fleet.souk
    grep -q ' ready ' named.log || fail "--tls-name: $(tail -1 named.log)"
}

# ---- a certificate that was taken back ----

cat >ca.cnf <<'CNF'
[ca]
default_ca = own
[own]
database = index.txt
default_md = sha256
CNF
touch index.txt
openssl ca -config ca.cnf -keyfile ca.key -cert ca.crt -revoke client.crt 2>openssl.log || fail "$(tail -1 openssl.log)"
openssl ca -config ca.cnf -keyfile ca.key -cert ca.crt -gencrl -crldays 30 -out crl.pem 2>openssl.log || fail "$(tail -1 openssl.log)"
cat ca.crt crl.pem >both.crt
# shellcheck disable=SC2046
{
    stop proxy
    proxy proxy "$(address a0) $(address b0)" --listen tls+tcp://127.0.0.1:0 $(with proxy both)
    at=$(address proxy)
    asking 1 'does not take our certificate' $(with client)
    asking 0 'model' $(with a0)
}
stop_fleet
finish
