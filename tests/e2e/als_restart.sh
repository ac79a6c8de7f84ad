#!/usr/bin/env bash
# als_restart.sh [KILLS]: souk-train als, interrupted in every way and taken up again on other numbers
# of ranks, gives the part files of a run that was not. KILLS: how often a rank is killed (3).
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
kills=${1:-3}
epochs=90
SOUK_TEST_SEED=${SOUK_TEST_SEED:-$$} # random moments: say which
echo "SOUK_TEST_SEED=$SOUK_TEST_SEED"
RANDOM=$SOUK_TEST_SEED

"$SOUK_BIN/souk-generate" --visitors 3000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"

# start RANKS NAME ARGUMENTS...: train in the background; NAME.out, NAME.err, and the job's id in $job
start() {
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-train" als --dataset shop.ds --epochs $epochs --seed 3 --factors 64 \
        --solver "$solver" --out "$name.model" "$@" >"$name.out" 2>"$name.err" &
    job=$!
}

# train RANKS NAME ARGUMENTS...: to the end; the exit code
train() {
    start "$@"
    wait $job
}

# ended CODE WHAT: wait for the job
ended() {
    local code=0
    wait $job || code=$?
    [ $code = "$1" ] || fail "$2: exit code $code, not $1: $(tail -2 ./*.err)"
}

# wait_for TEXT FILE: until it is there
wait_for() {
    for _ in $(seq 300); do
        grep -q -- "$1" "$2" 2>/dev/null && return
        sleep .05
    done
    fail "no '$1' in $2 after 15 s: $(tail -2 "$2")"
}

# some_rank: the process id of a rank of $job, any of them
some_rank() {
    local pids
    mapfile -t pids < <(pgrep -P "$job")
    [ ${#pids[@]} -gt 0 ] && echo "${pids[RANDOM % ${#pids[@]}]}"
}

# same NAME WHAT: against whole.model
same() {
    local file
    for file in whole.model/part-*.h5; do
        cmp -s "$file" "$1.model/$(basename "$file")" || { fail "$2: $(basename "$file") differs"; return; }
    done
}

# nothing_beside NAME: no temporary name is left
nothing_beside() { { [ ! -e ".$1.partial" ] && [ ! -e ".$1.replaced" ]; } || fail "$1: a temporary name is left"; }

solver=cg # starts from the factors that are there: the users' matter, too
train 1 whole || fail "the run that is not interrupted: $(tail -2 whole.err)"

# SIGUSR1 to mpirun (forwarded), then to one rank alone: saved each time, and on it goes.
start 2 usr1 --checkpoint usr1.ck --checkpoint-minutes 0
wait_for 'epoch 2 ' usr1.out
kill -USR1 $job
wait_for ' checkpoint program' usr1.err
kill -USR1 "$(some_rank)" 2>/dev/null
ended 0 "SIGUSR1"
same usr1 "after SIGUSR1"
[ -e usr1.ck/checkpoint.h5 ] || fail "SIGUSR1 left no checkpoint"
nothing_beside usr1.ck
train 3 again --checkpoint usr1.ck --resume || fail "resume after SIGUSR1: $(tail -2 again.err)"
grep -q ' resumed ' again.err || fail "did not resume: $(cat again.err)"
same again "resumed from SIGUSR1's checkpoint on 3 ranks"

# SIGTERM to one rank: saved, code 4; taken up on other numbers of ranks, and interrupted once more.
start 2 term --checkpoint term.ck --checkpoint-minutes 0
for next in 3 1; do
    wait_for 'epoch [1-9]' term.out
    kill -TERM "$(some_rank)" 2>/dev/null
    ended 4 "SIGTERM to a rank"
    grep -q 'interrupted after epoch' term.err || fail "SIGTERM is not explained: $(tail -2 term.err)"
    [ ! -e term.model ] || fail "an interrupted run left a model"
    start "$next" term --checkpoint term.ck --checkpoint-minutes 0 --resume
done
ended 0 "resume after SIGTERM"
same term "after two SIGTERM, on 2, 3 and 1 ranks"

# SIGTERM to mpirun, which kills within a second: the last checkpoint is whole.
start 2 mpirun --checkpoint mpirun.ck --checkpoint-epochs 2
wait_for ' checkpoint program.*epoch=4' mpirun.err
kill -TERM $job
wait $job && fail "mpirun survived SIGTERM"
train 1 mpirun --checkpoint mpirun.ck --resume || fail "resume after mpirun's end: $(tail -2 mpirun.err)"
same mpirun "after SIGTERM to mpirun"
nothing_beside mpirun.ck

# kill -9 of a rank at random moments: no work is lost but that since the last checkpoint. A run that
# gets to its end is compared, and the next one starts from nothing.
killed=0 finished=0 left=0 done_before=0
for ((attempt = 0; killed < kills && attempt < 4 * kills; attempt++)); do
    start $((1 + attempt % 3)) killed --checkpoint killed.ck --checkpoint-epochs 1 --resume
    sleep "$(printf '0.%03d' $((200 + RANDOM % 800)))"
    victim=$(some_rank) && kill -9 "$victim" 2>/dev/null
    if wait $job; then
        finished=$((finished + 1))
        same killed "after kill -9"
        rm -rf killed.ck killed.model
        done_before=0
        continue
    fi
    killed=$((killed + 1))
    if [ -e killed.model ]; then # killed between the model's rename and the end: it must be whole
        left=$((left + 1))
        same killed "left by a killed run"
        mpirun -n 1 "$SOUK_BIN/souk-evaluate" --dataset shop.ds --model killed.model --k 5 --bootstrap 0 >/dev/null 2>left.err ||
            fail "a killed run left a model that cannot be read: $(tail -1 left.err)"
        rm -rf killed.ck killed.model
        done_before=0
        continue
    fi
    resumed=$(sed -n 's/.* resumed .*epoch=\([0-9]*\).*/\1/p' killed.err)
    [ -z "$resumed" ] || [ "$resumed" -ge $((done_before - 1)) ] ||
        fail "kill $killed: $done_before epochs were done, resumed from $resumed"
    last=$(awk '$1 == "epoch" { last = $2 } END { print last + 0 }' killed.out)
    [ "$last" -le "$done_before" ] || done_before=$last
done
[ $killed = "$kills" ] || fail "only $killed of $kills kills met a running rank"
train 2 killed --checkpoint killed.ck --checkpoint-epochs 30 --resume || fail "resume after kill -9: $(tail -2 killed.err)"
same killed "after kill -9"
nothing_beside killed.ck
echo "$killed kills, $left of them after the model was whole, $((finished + 1)) runs to the end, the last one killed after epoch $done_before"

finish
