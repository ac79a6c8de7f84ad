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
s = socket.socket(socket.AF_UNIX)
s.settimeout(10)
s.connect(sys.argv[1])
s.sendall(b"\0SP\0" + struct.pack(">HH", 0x30, 0))
body = struct.pack(">I", 0x80000001) + open(sys.argv[2], "rb").read()
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
    head = read(9)
    reply = read(struct.unpack(">Q", head[1:])[0])[4:]
    sys.stdout.buffer.write(reply)
except (ConnectionError, BrokenPipeError):
    print("CLOSED")
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
stop_fleet
finish
