#!/usr/bin/env bash
# --track: run folders that MLflow's documentation describes, an MLflow server's REST API, and runs
# that end well whatever happens to the tracker.
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/ingest_lib.sh"
server= # process id

"$SOUK_BIN/souk-generate" --visitors 1000 --items 100 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop >/dev/null 2>&1 || fail "ingest"

check() { /usr/bin/python3 "$tests/check_mlflow_store.py" "$@" >checked.txt || fail "check_mlflow_store $*: $(grep FAIL checked.txt)"; }
# train NAME ARGUMENTS...: NAME.model, NAME.err
train() {
    local name=$1
    shift
    mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset shop.ds --factors 16 --epochs 4 --out "$name.model" "$@" >"$name.txt" 2>"$name.err"
}
# unharmed NAME WARNINGS WHAT: the model is that of an untracked run, and so many warnings were given
unharmed() {
    local file
    for file in plain.model/part-*.h5; do
        cmp -s "$file" "$1.model/${file##*/}" || { fail "$3: another model"; break; }
    done
    [ "$(grep -c tracking_failed "$1.err")" = "$2" ] || fail "$3: not $2 warnings: $(cat "$1.err")"
}

train plain || fail "train"

# Runs of all programs in one folder.
train filed --track runs --experiment "a shop's" --run-name first || fail "train --track"
unharmed filed 0 "a folder"
mpirun -n 2 "$SOUK_BIN/souk-train" popular --dataset shop.ds --out popular.model --track runs >/dev/null 2>&1 || fail "popular --track"
mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset shop.ds --model filed.model --track runs >/dev/null 2>&1 || fail "evaluate --track"
mpirun -n 2 "$SOUK_BIN/souk-tune" --dataset shop.ds --trials 3 --space lambda=log:0.001:0.1,factors=8,epochs=2 --objective recall@20 \
    --out tuned.ini --track runs --experiment search >/dev/null 2>tune.err || fail "tune --track: $(tail -1 tune.err)"
train second --track "$PWD/runs" --experiment "a shop's" || fail "train into an absolute folder"
check runs --runs 8 --running 0
[ "$(find runs -mindepth 1 -maxdepth 1 -type d | wc -l)" = 3 ] || fail "not three experiments: a shop's, souk, search"
grep -q "FINISHED 'first' .*'loss'" checked.txt || fail "no loss: $(cat checked.txt)"
grep -q "recall_at_20" checked.txt || fail "no recall_at_20"
[ "$(cat runs/*/*/artifacts/tuned.ini)" = "$(cat tuned.ini)" ] || fail "tuned.ini is not the run's artifact"
[ "$(find runs -path '*/tags/mlflow.parentRunId' | wc -l)" = 3 ] || fail "the trials are not below the search"
[ "$(wc -l <"$(find runs -path '*/metrics/loss' | head -1)")" = 4 ] || fail "not one loss per epoch"

# A run that fails says so; one that was killed half-way can be read.
mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset nowhere.ds --out x.model --track failed >/dev/null 2>&1 && fail "trained on nothing"
check failed --runs 1 --running 0
grep -q ' FAILED ' checked.txt || fail "the run did not fail: $(cat checked.txt)"
mpirun -n 2 --report-pid pid "$SOUK_BIN/souk-train" als --dataset shop.ds --factors 16 --epochs 10000 --out x.model --track killed >/dev/null 2>&1 &
job=$!
for _ in $(seq 200); do
    [ "$(cat killed/*/*/metrics/loss 2>/dev/null | wc -l)" -ge 5 ] && break
    sleep .05
done
pgrep -P "$(cat pid)" | head -1 | xargs kill -9
wait $job && fail "a killed rank went unnoticed"
check killed --runs 1 --running 1

# A folder that cannot be written to, and a disk that fills up.
echo file >taken
train taken --track taken/runs || fail "train beside a lost folder"
unharmed taken 1 "a lost folder"
mkdir small
if mount -t tmpfs -o size=256k tmpfs small 2>/dev/null; then
    # The first lines fit, then a block is missing.
    mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset shop.ds --factors 8 --epochs 4000 --out full.model --track small/runs >/dev/null 2>full.err &
    job=$!
    for _ in $(seq 200); do [ -e small/runs ] && [ "$(cat small/runs/*/*/metrics/loss 2>/dev/null | wc -l)" -ge 2 ] && break; sleep .02; done
    dd if=/dev/zero of=small/filler bs=1k count=256 2>/dev/null
    wait $job || fail "a full disk stopped the run"
    [ "$(grep -c tracking_failed full.err)" = 1 ] || fail "a full disk: $(grep tracking full.err)"
    rm small/filler
    check small/runs --runs 1
    umount small
else
    echo "not tried: a full disk (mount is not permitted)"
fi

# An MLflow server.
start_server() {
    mkdir "$1" && echo "$2" >"$1/mode"
    /usr/bin/python3 "$tests/e2e/mlflow_server.py" "$1" &
    server=$!
    for _ in $(seq 200); do [ -e "$1/port" ] && break; sleep .05; done
    url=http://127.0.0.1:$(cat "$1/port")
}
stop_server() { kill "$server" && wait "$server" 2>/dev/null; }
# state FOLDER EXPRESSION over s, the server's state
state() { /usr/bin/python3 -c "import json; s = json.load(open('$1/state')); r = list(s['runs'].values()); assert $2, s" 2>state.txt || fail "$1: not $2: $(tail -1 state.txt)"; }

start_server good good
MLFLOW_TRACKING_TOKEN=secret train served --track "$url/" --experiment 'a/b & c' || fail "train with a server"
unharmed served 0 "a server"
state good "len(r) == 1 and r[0]['status'] == 'FINISHED' and 'a/b & c' in s['experiments']"
state good "[m['step'] for m in r[0]['metrics'] if m['key'] == 'loss'] == [1, 2, 3, 4]"
state good "r[0]['params']['factors'] == '16' and r[0]['tags']['souk.model'] == 'served.model'"
grep -q '"Bearer secret"' good/requests || fail "the token was not sent"
mpirun -n 2 "$SOUK_BIN/souk-tune" --dataset shop.ds --trials 3 --space lambda=log:0.001:0.1,factors=8,epochs=2 --objective recall@20 \
    --out served.ini --track "$url" >/dev/null 2>&1 || fail "tune with a server"
state good "len(r) == 5 and len([x for x in r if 'mlflow.parentRunId' in x['tags']]) == 3 and len(s['artifacts']) == 1"
stop_server
train dead --track "$url" || fail "train with a dead server"
unharmed dead 1 "a dead server"
start_server garbage garbage
train garbage --track "$url" || fail "train with a server that talks nonsense"
unharmed garbage 1 "nonsense"
stop_server
# Out of order in the beginning, well in the end: all arrives.
start_server late error
train late --epochs 4000 --factors 64 --track "$url" &
job=$!
for _ in $(seq 200); do [ -e late/requests ] && break; sleep .05; done
echo good >late/mode
wait $job || fail "train with a server that was out of order"
[ "$(grep -c tracking_failed late.err)" = 1 ] || fail "not one warning: $(cat late.err)"
state late "[m['step'] for m in r[0]['metrics'] if m['key'] == 'loss'] == list(range(1, 4001)) and r[0]['status'] == 'FINISHED'"
stop_server

code=0
train x --track ftp://host || code=$?
[ $code = 2 ] || fail "--track ftp://host: exit code $code"
finish
