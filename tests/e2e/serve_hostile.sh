#!/usr/bin/env bash
# Serving: what is wrong gets its message and an exit code or an error reply, and the fleet goes on.
. "$(dirname "$0")/serve_lib.sh"
make() { "$SOUK_BIN/make_model" "$@" || fail "make_model $*"; }

# refused CODE TEXT COMMAND...
refused() {
    local code=$1 text=$2 got=0
    shift 2
    [ "$(type -t "$1")" = function ] || set -- timeout 20 "$@"
    "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -2 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(tail -2 out.txt)"
}
replica_refused() { refused "$1" "$2" "$SOUK_BIN/souk-replica" --listen "ipc://$work/x" --model "$3" "${@:4}"; }

make good.model 200 300 16 4 1
make other.model 200 300 16 4 2
make nan.model 200 300 16 4 1 nan
make schema.model 200 300 16 4 1 schema
make stages.model 200 300 0 4 1 stages

# Models.
replica_refused 1 'nowhere.model' nowhere.model
replica_refused 3 'not finite' nan.model
replica_refused 3 'schema version 9' schema.model
cp -r good.model cut.model && truncate -s -100 cut.model/part-0002.h5
replica_refused 3 'part-0002.h5' cut.model
cp -r good.model flipped.model && printf 'x' | dd of=flipped.model/part-0001.h5 bs=1 seek=5000 conv=notrunc 2>/dev/null
replica_refused 3 'part-0001.h5' flipped.model
cp -r good.model mixed.model && cp other.model/part-0001.h5 mixed.model/
replica_refused 3 'part-0001.h5' mixed.model
replica_refused 2 'shard' good.model --shard 2/2
replica_refused 2 'shard' good.model --shard x
replica_refused 2 'there can be shards 0 to 3' good.model --shard 0/9
refused 2 'shards' "$SOUK_BIN/souk-proxy" --shards ' '
refused 2 'nonsense' "$SOUK_BIN/souk-proxy" --shards 'nonsense' --listen "ipc://$work/y"

# A port in use.
"$SOUK_BIN/souk-replica" --model good.model --listen tcp://127.0.0.1:0 2>port.log &
pid[port]=$!
wait_for port.log ' ready '
address=$(sed -n 's/.* listen=\([^ ]*\) .*/\1/p' port.log)
refused 1 'in use' "$SOUK_BIN/souk-replica" --model good.model --listen "$address"
stop port

# Requests.
fleet good.model 2
refused 1 "does not know item 'nope'" ask similar --item nope
refused 2 "'n' must be a number from 1 to 1000" ask recommend --user u1 -n 0
refused 2 "'n' must be a number from 1 to 1000" ask recommend --user u1 -n 100000
refused 2 'id of 1 to 128 bytes' ask recommend --user "$(head -c 200 /dev/zero | tr '\0' a)"
refused 2 'id of 1 to 128 bytes' ask recommend --user "$(printf '\xff\xfe')"

cat >send.py <<'PY'
# send.py SOCKET FILE: one message over nng's ipc framing (SP, REQ); prints the reply's bytes, or CLOSED
import socket, struct, sys
def send(address, message):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(address)
    s.sendall(b"\0SP\0" + struct.pack(">HH", 0x30, 0))
    body = struct.pack(">I", 0x80000001) + message
    def read(n):
        data = b""
        while len(data) < n:
            piece = s.recv(n - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data
    try:
        read(8)
        s.sendall(b"\1" + struct.pack(">Q", len(body)) + body)
        return read(struct.unpack(">Q", read(9)[1:])[0])[4:]
    except (ConnectionError, BrokenPipeError):
        return b"CLOSED"
if __name__ == "__main__":
    sys.stdout.buffer.write(send(sys.argv[1], open(sys.argv[2], "rb").read()))
PY
# message NAME TEXT PYTHON-EXPRESSION: the reply must hold the text
message() {
    /usr/bin/python3 -c "import sys; sys.stdout.buffer.write($3)" >message.bin
    local target
    for target in ${targets:-proxy shard0}; do
        timeout 20 /usr/bin/python3 send.py "$work/$target" message.bin >reply.bin 2>err.txt || fail "$1: $(tail -1 err.txt)"
        grep -aq -- "$2" reply.bin || fail "$1 to $target: no '$2' in: $(head -c 200 reply.bin | tr -d '\0')"
    done
}
message 'empty message' 'empty' 'b""'
message 'garbage' 'not a map' 'b"\xc1\xff\x00garbage"'
message '10 MB' 'at most' 'b"\x81\xa1v\xc6" + (10485760).to_bytes(4, "big") + bytes(10485760)'
message 'nested 1,000 deep' 'nested too deep' 'b"\x81\xa1v" + b"\x91" * 1000 + b"\x01"'
message 'cut short' 'cut short' 'b"\x82\xa1v\x01\xa2op\xd9\xff"'
message 'four billion elements' 'cut short' 'b"\x81\xa1v\xdd\xff\xff\xff\xff"'
message 'bytes behind' 'bytes behind' 'b"\x81\xa1v\x01\x01"'
message 'not finite' 'not finite' 'b"\x81\xa1v\xca\x7f\xc0\x00\x00"'
message 'another version' "'v' must be 1" 'b"\x81\xa1v\x09"'
message 'unknown operation' 'does not know the operation' 'b"\x82\xa1v\x01\xa2op\xa3xyz"'
message 'wrong type' 'must be a text' 'b"\x82\xa1v\x01\xa2op\x07"'
# scan NAME ROWS WEIGHTS: a history that no proxy would send to a replica
scan() {
    targets=shard0 message "$1" 'is not as the scan takes it' "b'\\x84\\xa1v\\x01\\xa2op\\xa4scan\\xa7history'
        + b'\\xc4' + bytes([8 * len($2)]) + b''.join(x.to_bytes(8, 'little', signed=True) for x in $2)
        + b'\\xaehistory_weight\\xc4' + bytes([len($3)]) + $3"
}
scan 'more items than weights' '[1, 2]' 'bytes(4)'
scan 'more weights than items' '[]' 'bytes(4)'
scan 'a history out of order' '[2, 1]' 'bytes(8)'
scan 'a weight that is not finite' '[1]' 'bytes([0, 0, 192, 127])'
scan 'half a weight' '[1]' 'bytes(2)'
ask recommend --user u1 >/dev/null || fail "the fleet does not answer any more"

# Replicas that do not fit together. The first proxy has seen the fleet; these see it wrong.
replica twin good.model 0/2
replica foreign other.model 1/2
replica third good.model 1/3
# topology NAME TEXT SHARDS
topology() {
    proxy "$1" "$3"
    refused 1 "$2" "$SOUK_BIN/souk" recommend --proxy "ipc://$work/$1" --user u1
    refused 0 '"state":"topology"' "$SOUK_BIN/souk" health --proxy "ipc://$work/$1"
    stop "$1"
}
topology twins 'parts overlap' "ipc://$work/shard0 ipc://$work/twin"
topology models 'serves model' "ipc://$work/shard0 ipc://$work/foreign"
topology mixed 'shards, the proxy was given 2' "ipc://$work/shard0 ipc://$work/third"
proxy half "ipc://$work/shard0 ipc://$work/absent"
refused 1 'no replica of shard 1' "$SOUK_BIN/souk" recommend --proxy "ipc://$work/half" --user u1
stop half

# A shard is lost: the answer says that it is partial; the home shard lost: degraded.
kill -9 "${pid[shard1]}" && unset 'pid[shard1]'
refused 0 '"partial":true' ask recommend --user u1 --json
ask recommend --user u1 -n 3 >/dev/null || fail "no answer from the shard that is left"
refused 2 'is not calibrated' ask recommend --user u1 --min-confidence 0.5
refused 2 'has no ranker to explain' ask explain --user u1 --items i1
stop_fleet

# Two stages: what no client, and no proxy, would send.
cat >pack.py <<'PY'
# pack(OBJECT): MessagePack of maps, lists, texts, bytes, numbers and booleans
import struct, sys
from send import send
def head(short, limit, long, n): return bytes([short | n]) if n < limit else long + struct.pack(">I", n)
def pack(o):
    if isinstance(o, bool): return b"\xc3" if o else b"\xc2"
    if isinstance(o, int): return b"\xd3" + struct.pack(">q", o)
    if isinstance(o, float): return b"\xcb" + struct.pack(">d", o)
    if isinstance(o, str): return head(0xa0, 32, b"\xdb", len(o.encode())) + o.encode()
    if isinstance(o, bytes): return b"\xc6" + struct.pack(">I", len(o)) + o
    if isinstance(o, list): return head(0x90, 16, b"\xdd", len(o)) + b"".join(map(pack, o))
    return head(0x80, 16, b"\xdf", len(o)) + b"".join(pack(k) + pack(v) for k, v in o.items())
def events(item=(3, 5), ms=(1, 2), type=(0, 1), value=(0, .5)):
    return {"event_item": struct.pack("<%dq" % len(item), *item), "event_ms": struct.pack("<%dq" % len(ms), *ms),
            "event_type": bytes(type), "event_value": struct.pack("<%df" % len(value), *value)}
def rows(*r): return struct.pack("<%dq" % len(r), *r)
def floats(*f): return struct.pack("<%df" % len(f), *f)
def ask(op, *fields, **more):
    o = {"v": 1, "op": op}
    for f in fields: o.update(f)
    o.update(more)
    return pack(o)
PY
# asked TARGET NAME TEXT PYTHON-EXPRESSION: the reply must hold the text; send_all sends them
asked() { printf '%s\t%s\t%s\t%s\n' "$@" >>asks.tsv; }
send_all() {
    /usr/bin/python3 - "$work" <<'PY' || fail "$(cat wrong.txt)"
import sys
from pack import *
wrong = []
for line in open("asks.tsv"):
    target, name, text, message = line.rstrip("\n").split("\t")
    reply = send(sys.argv[1] + "/" + target, eval(message))
    if text.encode() not in reply:
        wrong.append("%s to %s: no '%s' in: %r" % (name, target, text, reply[:200]))
open("wrong.txt", "w").write("\n".join(wrong))
sys.exit(len(wrong) > 0)
PY
}
fleet stages.model 2
for op in candidates rank explain; do
    bad_visit() { asked shard0 "$op: $1" 'or the events are absent or not as a replica takes them' "ask('$op', $2)"; }
    bad_visit 'no moment' 'events()'
    bad_visit 'a moment that is none' 'events(), moment_ms=-4'
    bad_visit 'an item beyond the model' 'events(item=(3, 300)), moment_ms=9'
    bad_visit 'an item below 0' 'events(item=(-1, 3)), moment_ms=9'
    bad_visit 'times out of order' 'events(ms=(2, 1)), moment_ms=9'
    bad_visit 'a type beyond the model' 'events(type=(0, 2)), moment_ms=9'
    bad_visit 'a value that is no number' 'events(value=(0, float("nan"))), moment_ms=9'
    bad_visit 'one time too few' 'events(ms=(1,)), moment_ms=9'
    bad_visit 'half a time' 'events(), {"event_ms": bytes(12)}, moment_ms=9'
    bad_visit 'too many events' 'events(*[[1] * 4001] * 4), moment_ms=9'
done
for op in rank explain; do
    bad_best() { asked shard0 "$op: $1" "'best' must be 4 finite numbers" "ask('$op', events(), $2, moment_ms=9)"; }
    bad_best 'no heads' '{}'
    bad_best 'too few heads' '{"best": floats(1, 2, 3)}'
    bad_best 'a head that is infinite' '{"best": floats(1, 2, 3, float("inf"))}'
done
bad_rank() { asked shard0 "rank: $1" "$2" "ask('rank', events(), $3, moment_ms=9, best=floats(1, 1, 1, 1))"; }
bad_rank 'rows out of order' "'rows' must ascend" '{"rows": rows(4, 4)}'
bad_rank 'too many rows' "'rows' must ascend" '{"rows": rows(*range(300))}'
bad_rank 'no list' "'n' must be" '{"n": 0}'
bad_rank 'rows of nobody' 'hits' '{"rows": rows(-7, 10**12)}'
asked shard0 'explain: too many items' "'items' must be a list" "ask('explain', events(), items=['i1'] * 51, moment_ms=9)"
asked shard0 'resolve: no texts' "'items' and 'types' must be" "ask('resolve', items=[1], types=[''])"
asked shard0 'resolve: half a row' "'rows' int64" "ask('resolve', items=[], types=[], rows=bytes(12))"
asked shard0 'resolve: vectors by number' "'vectors' and 'categories' bool" "ask('resolve', items=[], types=[], vectors=1)"
asked shard0 'rules: no part' "'from' must be" "ask('rules', {'from': -1})"
asked shard0 'candidates: no category' "'category' is not" "ask('candidates', events(), category=7, moment_ms=9)"
bad_events() { asked proxy "events: $1" "$2" "ask('recommend', user='u1', events=$3)"; }
bad_events 'not a list' "'events' must be a list" '{"item": "i1"}'
bad_events 'not maps' 'number 1 is not a map' '[{"item": "i1", "type": "view"}, 5]'
bad_events 'no item' "has no 'item'" '[{"type": "view"}]'
bad_events 'no type' "has no 'type'" '[{"item": "i1"}]'
bad_events 'an unknown type' "'type' that the model does not know" '[{"item": "i1", "type": "stare"}]'
bad_events 'a time that is none' "has an 'ms'" '[{"item": "i1", "type": "view", "ms": -1}]'
bad_events 'a value that is a text' "has a 'value'" '[{"item": "i1", "type": "view", "value": "much"}]'
bad_events 'a value beyond float' "has a 'value'" '[{"item": "i1", "type": "view", "value": 1e300}]'
bad_events 'too many' 'at most 1000 events' '[{"item": "i1", "type": "view"}] * 1001'
asked proxy 'a confidence that is none' "'min_confidence' must be" "ask('recommend', user='u1', min_confidence=1.5)"
asked proxy 'a moment that is none' "'moment_ms' must be" "ask('recommend', user='u1', moment_ms=-1)"
asked proxy 'explain nothing' "'items' must be a list of 1 to 50" "ask('explain', user='u1', items=[])"
asked proxy 'explain an unknown item' "does not know item 'x1'" "ask('explain', user='u1', items=['i1', 'x1'])"
send_all
ask recommend --user u1 --json | grep -q '"partial":false' || fail "the fleet does not answer any more"
refused 2 'is not ITEM=TYPE' ask recommend --user u1 --events i1
refused 2 'is neither a time' ask recommend --user u1 --moment soon

# A shard that hangs costs its share of the answer, in any round, and not the deadline.
kill -STOP "${pid[shard1]}"
for user in u1 u2 u3 u4; do # of both home shards
    ask recommend --user $user --events i1=view,i2=view,i3=buy --timeout 500ms --json >answer.json || fail "no answer while a shard hangs"
    grep -q '"partial":true' answer.json || fail "an answer without a shard is not partial: $(cat answer.json)"
    grep -q '"coverage":0\.' answer.json || fail "the coverage is not of a share: $(cat answer.json)"
done
kill -CONT "${pid[shard1]}"
for i in $(seq 50); do
    ask recommend --user u1 --json >answer.json
    grep -q '"partial":false,"degraded":false' answer.json && break
done
[ "$i" -lt 50 ] || fail "the shard does not come back: $(cat answer.json)"

# The replicas change their model under the proxy: a request goes to the one or to the other.
make newer.model 200 300 0 4 2 stages
kill -9 "${pid[shard0]}" "${pid[shard1]}"
replica shard0 newer.model 0/2
replica shard1 newer.model 1/2
for i in $(seq 50); do
    ask recommend --user u1 --json >answer.json 2>err.txt && grep -q '"partial":false' answer.json && break
    grep -q 'no_such_model' err.txt && fail "a request did not start again: $(cat err.txt)"
    sleep .05
done
[ "$i" -lt 50 ] || fail "no answer from the newer model: $(cat err.txt)"
grep -q '"partial":false' answer.json || fail "an answer from two models: $(cat answer.json)"
stop_fleet
finish
