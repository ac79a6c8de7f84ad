#!/usr/bin/env bash
# The lists of 1, 2, 3 and 4 shards are those of one scan over all items, score for score.
. "$(dirname "$0")/serve_lib.sh"
"$SOUK_BIN/make_model" als.model 300 500 20 8 1 && "$SOUK_BIN/make_model" ease.model 90 700 0 6 3 40 && "$SOUK_BIN/make_model" popular.model 50 200 0 5 2 && "$SOUK_BIN/make_model" stages.model 60 700 0 6 4 stages || fail "make_model"

# check MODEL SHARDS user|item ID N
check() {
    local command=recommend
    [ "$3" = user ] || command=similar
    "$SOUK_BIN/brute_force" "$1" "$3" "$4" "$5" >expected.tsv
    ask $command --"$3" "$4" -n "$5" --json >answer.json || fail "$command $4"
    items <answer.json >got.tsv
    cmp -s expected.tsv got.tsv || fail "$1, $2 shards, $3 $4: $(diff expected.tsv got.tsv | head -4)"
}

for shards in 1 2 3 4; do
    fleet als.model $shards
    for user in u0 u1 u17 u123 u299 nobody; do check als.model $shards user $user 10; done
    check als.model $shards user u5 1
    check als.model $shards user u6 500
    for item in i0 i7 i499; do check als.model $shards item $item 10; done
    stop_fleet
    fleet ease.model $shards
    for user in u0 u1 u17 u89 nobody; do check ease.model $shards user $user 15; done
    check ease.model $shards user u2 700
    for item in i0 i699; do check ease.model $shards item $item 10; done
    stop_fleet
    fleet popular.model $shards
    for user in u0 u7 nobody; do check popular.model $shards user $user 25; done
    stop_fleet
    case $shards in 1 | 4) continue ;; esac
    fleet stages.model $shards # lists of its users: twostage_parity.sh
    for item in i0 i699; do check stages.model $shards item $item 10; done
    check stages.model $shards user nobody 25
    stop_fleet
done
ask recommend --user u1 >/dev/null 2>&1 && fail "answers without a fleet"
finish
