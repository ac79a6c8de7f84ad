#!/usr/bin/env bash
# What the logs of a fleet say of a request: its id through all processes, a slow one with its stages, a
# storm of slow ones in ten lines a second; never who asked.
# shellcheck source=tests/e2e/serve_lib.sh
. "$(dirname "$0")/serve_lib.sh"
"$SOUK_BIN/make_model" good.model 200 3000 32 4 1 || fail "make_model"
for user in $(seq 0 199); do echo "visitor$user" >>users.txt; done # also in no model: the log must not name them

# By its request_id a request is found in every log, with the questions that it was made of.
for s in 0 1; do replica shard$s good.model $s/2 --log-level debug; done
proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --log-level debug
ask recommend --user u7 --json >answer.json || fail "recommend"
id=$(/usr/bin/python3 -c 'import json; print(json.load(open("answer.json"))["request_id"])')
stop_fleet
grep -q " DEBUG request .* request_id=$id op=\"recommend\" status=ok total_ms=[0-9.]* queue_ms=[0-9.]* profile_ms=[0-9.]* scan_ms=[0-9.]* merge_ms=" proxy.log ||
    fail "the proxy's log lacks the request: $(grep -c DEBUG proxy.log) lines"
grep " DEBUG question .* for=\"$id\"" proxy.log | sed 's/.* question=\([^ ]*\) .* shard=\([0-9]*\) .*/\1 \2/' >questions.txt
[ "$(cut -d' ' -f2 questions.txt | sort -u | wc -l)" = 2 ] || fail "not asked of both shards: $(cat questions.txt)"
while read -r question shard; do
    grep -q " DEBUG question .* question=\"$question\" for=\"$id\" op=\"[a-z]*\" status=ok " "shard$shard.log" || fail "shard $shard did not log $question"
done <questions.txt

# A shard that stands still for a while: the proxy says where the time went.
for s in 0 1; do replica shard$s good.model $s/2; done
proxy proxy "ipc://$work/shard0 ipc://$work/shard1"
kill -STOP "${pid[shard1]}"
ask recommend --user u7 --timeout 5s >out.txt 2>&1 &
asking=$!
sleep .4
kill -CONT "${pid[shard1]}"
wait $asking || fail "no answer: $(cat out.txt)"
grep ' WARN slow_request ' proxy.log >slow.txt || fail "no slow request: $(tail -3 proxy.log)"
/usr/bin/python3 - <<'PY' 2>err.txt || fail "$(tail -1 err.txt)"
import re
lines = open("slow.txt").read().splitlines()
assert len(lines) == 1, lines
ms = {k: float(v) for k, v in re.findall(r"(\w+)_ms=([\d.]+)", lines[0])}
stages = sum(v for k, v in ms.items() if k not in ("total", "queue"))
assert ms["total"] >= 150, ms # of 400: asking takes its time to begin
assert ms["total"] - 50 <= ms["queue"] + stages <= ms["total"] + 1, ms
PY

# A storm: everything is slow, a few lines say so, and none is lost.
stop_fleet
for s in 0 1; do replica shard$s good.model $s/2 --slow 1ms --threads 1; done
proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --slow 1ms
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 64 --duration 2s --timeout 10s --json >load.json || fail "load"
stop_fleet
/usr/bin/python3 - <<'PY' 2>err.txt || fail "$(tail -1 err.txt)"
import json, re
sent = json.load(open("load.json"))["sent"]
for name, event in ("proxy", "slow_request"), ("shard0", "slow_question"), ("shard1", "slow_question"):
    lines = [l for l in open(name + ".log") if " %s " % event in l]
    told = len(lines) + sum(int(re.search(r"skipped=(\d+)", l)[1]) for l in lines)
    seconds = {}
    for l in lines:
        seconds[l[:19]] = seconds.get(l[:19], 0) + 1
    assert 0 < len(lines) <= 60 and max(seconds.values()) <= 20, (name, seconds) # its seconds are not the wall clock's
    if name == "proxy":
        assert told > sent / 4, (told, sent) # what came behind the last line is not told
    else:
        assert all(re.search(r'question="[0-9a-f]{32}" for="[0-9a-f]{32}"', l) for l in lines), lines[0]
PY
! grep -l visitor ./*.log || fail "a log names a visitor"
! grep -lw u7 ./*.log || fail "a log names a visitor"

# Nothing is slow enough.
replica shard0 good.model 0/1 --slow 0ms
proxy proxy "ipc://$work/shard0" --slow 0ms
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 64 --duration 300ms --timeout 10s >load.txt || fail "load"
! grep slow_ ./proxy.log ./shard0.log || fail "--slow 0 logs"
stop_fleet
finish
