#!/usr/bin/env bash
# Visitors with events since training: stored ones and those of a request give the same lists, whoever
# asks first and beside whom, of 1, 2 and 3 shards; and another proxy of the same fleet, which has no
# store, knows nothing of them. (unit.laterevents compares the lists with one process's.)
. "$(dirname "$0")/serve_lib.sh"
"$SOUK_BIN/make_model" als.model 300 500 20 8 1 && "$SOUK_BIN/make_model" ease.model 90 700 0 6 3 40 &&
    "$SOUK_BIN/make_model" stages.model 60 700 0 6 4 stages || fail "make_model"
at=1700000000000

# list PROXY USER [OPTION...]
list() { "$SOUK_BIN/souk" recommend --proxy "ipc://$work/$1" --user "$2" -n 12 --json --timeout 20s --moment $((at + 60000)) "${@:3}"; }

for model in als ease stages; do
    bought=transaction
    [ $model != stages ] || bought=buy
    for shards in 1 2 3; do
        rm -f events.db*
        addresses=""
        for s in $(seq 0 $((shards - 1))); do
            replica "shard$s" $model.model "$s/$shards"
            addresses="$addresses ipc://$work/shard$s"
        done
        proxy proxy "$addresses" --events "sqlite:$work/events.db" --cache 4M
        proxy other "$addresses"
        for user in u1 stranger; do
            for event in "i3 view" "i7 $bought" "i450 view"; do
                ask event --user $user --item "${event% *}" --type "${event#* }" --time $at >/dev/null || fail "$model, $shards: event"
            done
            for k in 1 2 3 4; do list proxy $user >stored$k.json & asking[k]=$!; done
            list other $user --events "i3=view@$at,i7=$bought@$at,i450=view@$at" >asked.json || fail "$model, $shards: ask"
            list proxy $user --events "i7=$bought@$at" >both.json || fail "$model, $shards: ask with one of them"
            for k in 1 2 3 4; do wait "${asking[k]}" || fail "$model, $shards: ask at once"; done
            items <asked.json >asked.tsv
            for answer in stored1 stored2 stored3 stored4 both; do
                items <$answer.json | cmp -s - asked.tsv || fail "$model, $shards shards, $user: $answer is another list"
                grep -q '"user_type":"warm".*"degraded":false' $answer.json || fail "$model, $shards shards, $user: $(cut -c1-300 $answer.json)"
            done
            [ $shards -gt 1 ] || cp asked.tsv "first.$user.tsv"
            cmp -s "first.$user.tsv" asked.tsv || fail "$model: $user gets another list of $shards shards than of one"
            cut -f1 asked.tsv | grep -qx i7 && fail "$model, $shards shards: $user gets again what was bought"
        done
        list other stranger | grep -q '"user_type":"cold"' || fail "$model: a proxy without a store knows the stranger"
        stop other
        stop_fleet
    done
done
finish
