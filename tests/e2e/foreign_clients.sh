#!/usr/bin/env bash
# Clients that are not ours, nngcat and libnanomsg's nanocat, get the answer that souk gets.
. "$(dirname "$0")/serve_lib.sh"
command -v nngcat >/dev/null || skip "nngcat is not installed (package nng-utils)"
command -v nanocat >/dev/null || skip "nanocat is not installed (package nanomsg-utils)"
"$SOUK_BIN/make_model" als.model 100 200 16 4 3 || fail "make_model"
fleet als.model 2
ask recommend --user u5 -n 5 --json | items >expected.tsv

# The request, written by hand: {"v": 1, "op": "recommend", "id": "x1", "user": "u5", "n": 5}
printf '\x85\xa1v\x01\xa2op\xa9recommend\xa2id\xa2x1\xa4user\xa2u5\xa1n\x05' >request.bin

cat >decode.py <<'PY'
import struct, sys
data, at = open(sys.argv[1], "rb").read(), 0
def take(n):
    global at
    at += n
    return data[at - n:at]
def number(code): return struct.unpack(">" + code, take(struct.calcsize(code)))[0]
def decode():
    h = number("B")
    if h < 0x80: return h
    if h < 0x90: return {decode(): decode() for _ in range(h & 15)}
    if h < 0xa0: return [decode() for _ in range(h & 15)]
    if h < 0xc0: return take(h & 31).decode()
    if h >= 0xe0: return h - 256
    if h in (0xc2, 0xc3): return h == 0xc3
    if h == 0xd9: return take(number("B")).decode()
    if h == 0xda: return take(number("H")).decode()
    if h == 0xdc: return [decode() for _ in range(number("H"))]
    return number({0xca: "f", 0xcb: "d", 0xcc: "B", 0xcd: "H", 0xce: "I", 0xcf: "Q", 0xd0: "b", 0xd1: "h", 0xd2: "i", 0xd3: "q"}[h])
reply = decode()
assert at == len(data), "bytes behind the reply"
assert reply["status"] == 0 and reply["id"] == "x1" and reply["v"] == 1, reply
for r in reply["recommendations"]:
    print("%s\t%.9g" % (r["item_id"], r["score"]))
PY

# check NAME COMMAND...: the command writes the reply to standard output
check() {
    local name=$1
    shift
    timeout 10 "$@" >reply.bin 2>err.txt || fail "$name: exit code $?: $(head -2 err.txt)"
    /usr/bin/python3 decode.py reply.bin >got.tsv 2>err.txt || fail "$name: $(tail -1 err.txt)"
    cmp -s expected.tsv got.tsv || fail "$name: $(diff expected.tsv got.tsv | head -4)"
}

check nngcat nngcat --req --dial "ipc://$work/proxy" --file request.bin --raw --recv-timeout 5
check nanocat nanocat --req --connect "ipc://$work/proxy" --file request.bin --raw --recv-timeout 5
stop_fleet
finish
