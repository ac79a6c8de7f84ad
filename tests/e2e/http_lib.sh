# shellcheck shell=bash
# What the scripts about HTTP share, beside serve_lib.sh: a proxy that listens on $SOUK. Sourced.
command -v curl >/dev/null || skip "curl is not installed"
command -v /usr/bin/python3 >/dev/null || skip "python3 is not installed"

# http_proxy NAME "SHARDS" [OPTION...]: as proxy(); sets SOUK to its address over HTTP
http_proxy() {
    proxy "$1" "$2" --http 127.0.0.1:0 "${@:3}" || return 1
    wait_for "$1.log" ' http ' || return 1
    SOUK=http://$(sed -n 's/.* http .*listen=\([^ ]*\)$/\1/p' "$1.log")
    export SOUK
}

# status CODE CURL-ARGUMENT...: the reply's body is in body.txt, its head in head.txt
status() {
    local expected=$1 got
    shift
    got=$(curl -s -m 20 -D head.txt -o body.txt -w '%{http_code}' "$@")
    [ "$got" = "$expected" ] || fail "$expected expected, $got: $* ($(head -c 300 body.txt))"
}

# json NAME: a field of the reply
json() {
    /usr/bin/python3 -c '
import json, sys
value = json.load(open("body.txt"))
for key in sys.argv[1].split("."):
    value = value[int(key)] if isinstance(value, list) else value[key]
print(value)' "$1"
}
