#!/usr/bin/env bash
# Tokens: who has none, a wrong or an old one, lacks the scope or asks too often is refused, counted,
# and changes nothing; so is who sends an admin operation to the public listener. By every face. And
# no token is seen anywhere but where it was put.
. "$(dirname "$0")/serve_lib.sh"
faces="nng http"

cat >ask.py <<'PY'
# ask.py FACE ADDRESS TOKEN-FILE|- OPERATION [KEY=TEXT...]: prints STATUS and the reply, as it came
import http.client as http_client, json, socket, struct, sys

def text(s):
    b = s.encode()
    return bytes([0xA0 + len(b)]) + b if len(b) < 32 else b"\xd9" + bytes([len(b)]) + b

def read(s, n):
    data = b""
    while len(data) < n:
        piece = s.recv(n - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data

def nng(address, token, operation, fields):
    fields = dict(fields, op=operation)
    if token:
        fields["token"] = token
    message = bytes([0x80 + len(fields) + 1]) + text("v") + b"\x01"
    message += b"".join(text(k) + text(v) for k, v in fields.items())
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(address)
    s.sendall(b"\0SP\0" + struct.pack(">HH", 0x30, 0))
    read(s, 8)
    body = struct.pack(">I", 0x80000001) + message
    s.sendall(b"\1" + struct.pack(">Q", len(body)) + body)
    reply = read(s, struct.unpack(">Q", read(s, 9)[1:])[0])[4:]
    return reply[reply.index(b"\xa6status") + 7], reply

def http(address, token, operation, fields):
    headers = {"Authorization": "Bearer " + token} if token else {}
    get = {"recommend": "/recommend/%s", "health": "/health", "user_stats": "/user/%s/stats"}.get(operation)
    if operation == "event":
        one = {"user_id": "u1", "item_id": "i1", "event_type": "view"}
        path, body = "/events", json.dumps({"events": [one] * int(fields.get("times", 1))})
    else:
        path, body = (get or "/" + operation).replace("%s", fields.get("user", "")), None if get else "{}"
    c = http_client.HTTPConnection(address, timeout=20)
    c.request("POST" if body else "GET", path, body, dict(headers, **{"Content-Type": "application/json"} if body else headers))
    r = c.getresponse()
    return {200: 0, 401: 15, 403: 16, 404: 4, 429: 17}.get(r.status, r.status), str(r.headers).encode() + r.read()

face, address, path, operation = sys.argv[1:5]
token = None if path == "-" else open(path).read().strip()
status, reply = globals()[face](address, token, operation, dict(f.split("=", 1) for f in sys.argv[5:]))
print(status)
sys.stdout.buffer.write(reply)
PY

declare -A refusals=() # by reason, as they should be counted
# refused STATUS TEXT TOKEN-FILE|- OPERATION [KEY=TEXT...]: by the face; 0: not refused
refused() {
    local status=$1 text=$2 address=$work/proxy reason
    shift 2
    case "$status $text" in
    '15 none was sent') reason=missing ;;
    '15 is not known') reason=unknown ;;
    '15 has expired') reason=expired ;;
    16*) reason=scope ;;
    '17 retry'*) reason=rate ;;
    *) reason= ;;
    esac
    [ -z "$reason" ] || refusals[$reason]=$((${refusals[$reason]:-0} + 1))
    [ "$face" = nng ] || address=$(sed -n 's/.* http .*listen=\([^ ]*\)$/\1/p' proxy.log)
    timeout 30 /usr/bin/python3 ask.py "$face" "$address" "$@" >reply.bin 2>err.txt || fail "$*: $(tail -1 err.txt)"
    [ "$(head -1 reply.bin)" = "$status" ] || fail "$face $*: status $(head -1 reply.bin), not $status"
    grep -aiq -- "$text" reply.bin || fail "$face $*: no '$text' in $(tail -n +2 reply.bin | tr -d '\0')"
}
metrics() { curl -sf "http://$(monitor_of proxy)/metrics"; }
# counted NAME{LABELS}: its value
counted() { metrics | sed -n "s/^$(printf '%s' "$1" | sed 's/[][\.*^$]/\\&/g') //p"; }
token() { (umask 077 && "$SOUK_BIN/souk-token" add "$1" --tokens tokens "${@:2}" >"$1.token") || fail "souk-token add $1"; }

"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
token shop --scopes read,write
token reports --scopes read
token slow --scopes read --rate .001:2
token ops --scopes admin
token old --scopes read
token gone --scopes read
sed -i 's/^old read [^ ]*/old read 2020-01-01T00:00:00Z/' tokens
printf 'souk_%043d\n' 0 >unknown.token
head -c 30 shop.token >cut.token

# What souk-token says.
"$SOUK_BIN/souk-token" check --tokens tokens <shop.token | grep -q '^shop read,write .* valid$' || fail "check shop"
code=0; "$SOUK_BIN/souk-token" check --tokens tokens <old.token >out.txt 2>&1 || code=$?
[ $code = 3 ] || fail "check of an expired token: exit code $code"
code=0; "$SOUK_BIN/souk-token" check --tokens tokens <unknown.token >out.txt 2>&1 || code=$?
[ $code = 3 ] || fail "check of an unknown token: exit code $code"
chmod 644 tokens
code=0; timeout 20 "$SOUK_BIN/souk-proxy" --shards ipc:///x --tokens tokens --listen "ipc://$work/x" 2>out.txt || code=$?
[ $code = 2 ] && grep -q 'open to others' out.txt || fail "tokens that all may read: exit code $code: $(cat out.txt)"
chmod 600 tokens

replica shard0 good.model 0/1
open=(--http 127.0.0.1:0 --events "sqlite:$work/events.db" --admin "ipc://$work/admin")
proxy proxy "ipc://$work/shard0" "${open[@]}" --tokens tokens --log-level debug --access-log access.log

# The state that nothing below may change.
state() {
    "$SOUK_BIN/souk-proxyctl" list --at "ipc://$work/admin" --json | grep -o '"\(address\|state\|model\)":"[^"]*"'
    "$SOUK_BIN/souk" health --proxy "ipc://$work/shard0" | grep -o '"state":"[^"]*"'
    for u in u1 u7; do ask recommend --user $u --json --token-file shop.token | items; done
}
state >before.txt
[ -s before.txt ] || fail "no state"

for face in $faces; do
    refused 15 'none was sent' - recommend user=u1
    refused 15 'is not known' unknown.token recommend user=u1
    refused 15 'is not known' cut.token recommend user=u1
    refused 15 'has expired' old.token recommend user=u1
    refused 16 'lacks the scope' ops.token recommend user=u1
    refused 16 'write' reports.token event
    refused 0 'recommendations' reports.token recommend user=u1
    # A long request takes a worker, and is checked there. What is no operation is none for anybody.
    long=$(printf '%0200d' 0)
    if [ "$face" = nng ]; then
        refused 15 'none was sent' - recommend user=u1 a="$long" b="$long" c="$long" d="$long" e="$long" f="$long"
        refused 0 'recommendations' shop.token recommend user=u1 a="$long" b="$long" c="$long" d="$long" e="$long" f="$long"
    else
        refused 16 'write' reports.token event times=50
        refused 15 'none was sent' - event times=50
    fi
    # Admin operations, from outside.
    for operation in reload drain undrain add remove canary list erase; do
        if [ "$face" = nng ]; then
            refused 15 'none was sent' - $operation
            refused 4 'does not know the operation' ops.token $operation
        else
            refused 4 'not' - $operation
            refused 4 'not' ops.token $operation
        fi
    done
    refused 0 'ready' - health
    grep -aq 'shards\|catalogue' reply.bin && fail "$face: health tells of the fleet without a token"
    refused 0 'shards' reports.token health
    refused 15 'is not known' unknown.token health
done
# Too often; the bucket is one for all faces.
face=${faces%% *}
refused 0 'recommendations' slow.token recommend user=u1
refused 0 'recommendations' slow.token recommend user=u1
for face in $faces; do refused 17 'retry[_-]after' slow.token recommend user=u1; done

for reason in missing unknown expired scope rate global_rate; do
    got=$(counted "souk_access_refused_total{reason=\"$reason\"}")
    [ "$got" = "${refusals[$reason]:-0}" ] || fail "$reason: counted ${got:-nothing}, not ${refusals[$reason]:-0}"
done
[ "$(counted 'souk_requests_total{op="other",status="unknown_operation"}')" = 8 ] || fail "unknown operations: $(counted 'souk_requests_total{op="other",status="unknown_operation"}')"
[ "$(counted 'souk_access_token_requests_total{token="slow",admitted="no"}')" = "$(wc -w <<<"$faces")" ] || fail "slow: refusals"
[ "$(counted 'souk_events_total{fate="stored"}')" = 0 ] || fail "an event was stored"
state >after.txt
cmp before.txt after.txt || fail "what was refused has changed something"

# Revoked; a file that is wrong keeps the tokens; both while the proxy runs.
face=nng
refused 0 'recommendations' gone.token recommend user=u1
"$SOUK_BIN/souk-token" revoke gone --tokens tokens || fail "revoke"
kill -HUP "${pid[proxy]}"
wait_for proxy.log 'tokens_read .*tokens=5'
refused 15 'is not known' gone.token recommend user=u1
refused 17 'retry_after' slow.token recommend user=u1
cp -p tokens good.tokens && echo 'nonsense' >>tokens
kill -HUP "${pid[proxy]}"
wait_for proxy.log 'tokens_kept .*tokens:7: a line is NAME SCOPES'
refused 0 'recommendations' shop.token recommend user=u1

# Who may write, writes.
for face in $faces; do
    [ "$face" = nng ] || refused 0 'stored' shop.token event
done
[ "$(counted 'souk_events_total{fate="stored"}')" = 1 ] || fail "the event was not stored"

# The client's ways to have a token; and what it says without.
code=0; ask recommend --user u1 >out.txt 2>&1 || code=$?
[ $code = 2 ] && grep -q 'unauthorized: a token is needed' out.txt || fail "no token: exit code $code: $(cat out.txt)"
SOUK_TOKEN=$(cat shop.token) ask recommend --user u1 >/dev/null || fail "SOUK_TOKEN"
SOUK_TOKEN_FILE=shop.token ask recommend --user u1 >/dev/null || fail "SOUK_TOKEN_FILE"
code=0; ask recommend --user u1 --token-file nowhere >out.txt 2>&1 || code=$?
[ $code = 1 ] || fail "a token's file that is not there: exit code $code"

# No token in a log, a metric, a command line or the file of hashes.
metrics >metrics.txt
for p in "${pid[@]}"; do tr '\0' ' ' <"/proc/$p/cmdline"; done >cmdlines.txt
for t in *.token; do
    secret=$(cat "$t")
    for place in proxy.log shard0.log access.log metrics.txt cmdlines.txt good.tokens out.txt; do
        grep -qF -- "${secret#souk_}" "$place" && [ "$t" != cut.token ] && fail "$place holds $t"
    done
done
stop_fleet

# An admin listener that others than root and the proxy's user can reach takes the scope admin.
cp -p good.tokens tokens
replica shard0 good.model 0/1
proxy proxy "ipc://$work/shard0" --tokens tokens --admin tcp://127.0.0.1:0
admin=$(sed -n 's/.* admin .*listen=\([^ ]*\)$/\1/p' proxy.log)
# control CODE TEXT TOKEN-FILE COMMAND...
control() {
    local expected=$1 text=$2 token=$3 code=0
    shift 3
    SOUK_TOKEN_FILE=$token "$SOUK_BIN/souk-proxyctl" "$@" --at "$admin" >out.txt 2>&1 || code=$?
    [ $code = "$expected" ] || fail "souk-proxyctl $*: exit code $code, not $expected: $(cat out.txt)"
    grep -q "$text" out.txt || fail "souk-proxyctl $*: no '$text' in $(cat out.txt)"
}
control 3 'a token is needed' '' list
control 3 'lacks the scope admin' shop.token drain "ipc://$work/shard0" --force
control 0 "^0 ipc://$work/shard0  *# ready" ops.token list
[ "$(counted 'souk_access_refused_total{reason="scope"}')" = 1 ] || fail "refused at the admin listener, and not counted"
stop_fleet

# Who lets a network in over HTTP, without tokens, is warned.
replica shard0 good.model 0/1
proxy loose "ipc://$work/shard0" --http 0.0.0.0:0 --insecure
grep -q 'http_is_open .*way_out=--tokens' loose.log || fail "no warning of an open port"
stop loose

# All together too fast, without any token.
proxy proxy "ipc://$work/shard0" "${open[@]}" --rate .01
face=nng
refused 0 'recommendations' - recommend user=u1
for face in $faces; do refused 17 'together is exceeded' - recommend user=u1; done
[ "$(counted 'souk_access_refused_total{reason="global_rate"}')" = "$(wc -w <<<"$faces")" ] || fail "global_rate"
stop_fleet
finish
