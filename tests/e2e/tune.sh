#!/usr/bin/env bash
# souk-tune: the same result on any ranks, what souk-evaluate says of the saved model, blind to the
# test window, and able to go on after a kill.
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 6000 --items 150 --out shop 2>/dev/null || fail "generate"
shop_split=$((1430611200000 + 110 * 86400000)) # day 110 of 138
ingest 2 --format retailrocket --split 2015-08-21 --out shop.ds shop >/dev/null 2>&1 || fail "ingest"

# tune RANKS NAME ARGUMENTS...: NAME.ini, NAME.json, NAME.ini.journal
tune() {
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-tune" --dataset "${dataset:-shop.ds}" --objective recall@20 --seed 5 --out "$name.ini" \
        --json "$name.json" "$@" >"$name.txt" 2>"$name.err"
}

# same A B WHAT
same() {
    cmp -s "$1.ini" "$2.ini" || fail "$3: another configuration"
    cmp -s "$1.json" "$2.json" || fail "$3: other trials"
}

space='alpha0=log:0.01:1,lambda=log:0.001:0.1,factors=8|16,epochs=int:1:4,weight-power=0.5'
search=(--trials 14 --batch 4 --validation 30d --windows 1 --model-seeds 1 --space "$space")

# Who runs a trial does not matter.
tune 1 one "${search[@]}" || fail "tune on one rank: $(tail -1 one.err)"
tune 2 two "${search[@]}" || fail "tune on two ranks"
same one two "two trials side by side"
tune 3 three "${search[@]}" --ranks-per-trial 2 || fail "tune on three ranks"
same one three "two ranks and one that is left over"
grep -q '^weight-power = 0.5$' one.ini || fail "the constant is missing: $(cat one.ini)"

# A trial's figure is that of the saved model, to the last digit.
/usr/bin/python3 - <<'PY' >bounds || fail "no JSON"
import json
window = json.load(open("one.json"))["windows"][0]
print(window["from"], window["until"])
PY
read -r from until <bounds
mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset shop.ds --config one.ini --until "$from" --out one.model >/dev/null 2>&1 ||
    fail "souk-train does not take the configuration"
mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset shop.ds --model one.model --split "$from" --test-until "$until" --k 20 \
    --json measured.json >/dev/null 2>&1 || fail "evaluate"
/usr/bin/python3 - <<'PY' || fail "souk-evaluate says otherwise"
import json, sys
tuned, measured = json.load(open("one.json"))["best"], json.load(open("measured.json"))
print(tuned["value"], measured["metrics"]["20"]["recall"], measured["all"]["users"])
sys.exit(tuned["value"] != measured["metrics"]["20"]["recall"] or tuned["value"] <= 0)
PY

# Blind to what comes after the split: other events, other items, other users there.
mkdir other
cp shop/*.csv other/
awk -F, -v OFS=, -v cut="$shop_split" 'NR > 1 && $1 >= cut { $2 = $2 % 7 ? $2 % 500 : 900000 + NR; $4 = ($4 * 7) % 150 + NR % 20 * 1000; $3 = "transaction"; $5 = 77 }
    { print }' shop/events.csv >other/events.csv
cmp -s shop/events.csv other/events.csv && fail "nothing was changed after the split"
ingest 2 --format retailrocket --split 2015-08-21 --out other.ds other >/dev/null 2>&1 || fail "ingest the other"
dataset=other.ds tune 2 other "${search[@]}" || fail "tune the other: $(tail -1 other.err)"
same one other "events after the split"

# Killed and resumed: as if it had not been. First by a journal that a kill cut in a line.
head -n 6 one.ini.journal >cut.ini.journal
sed -n 7p one.ini.journal | head -c 40 >>cut.ini.journal
tune 2 cut "${search[@]}" --resume || fail "resume: $(tail -1 cut.err)"
same one cut "resumed"
[ "$(wc -l <cut.ini.journal)" = "$(wc -l <one.ini.journal)" ] || fail "the resumed journal has other lines"
cp cut.ini.journal whole.journal
tune 1 cut "${search[@]}" --resume || fail "resume a finished search"
cmp -s whole.journal cut.ini.journal || fail "a finished search ran again"

# Then by kill -9 of a rank at work.
mpirun -n 2 --report-pid pid "$SOUK_BIN/souk-tune" --dataset shop.ds --objective recall@20 --seed 5 --out killed.ini \
    --json killed.json "${search[@]}" >/dev/null 2>&1 &
job=$!
for _ in $(seq 200); do
    [ -e killed.ini.journal ] && [ "$(wc -l <killed.ini.journal)" -ge 4 ] && break
    sleep .02
done
rank=$(pgrep -P "$(cat pid)" | head -1)
kill -9 "$rank" || fail "there was no rank to kill"
wait $job && fail "a killed rank went unnoticed"
[ ! -e killed.ini ] || fail "a killed search left a result"
tune 2 killed "${search[@]}" --resume || fail "resume after kill -9: $(tail -1 killed.err)"
same one killed "resumed after kill -9"

# The other samplers, halving, several windows and seeds; more trials on top of a journal.
for sampler in grid random sobol; do
    tune 1 "$sampler" --trials 8 --windows 1 --model-seeds 1 --sampler $sampler --space 'alpha0=log:0.01:1,lambda=log:0.001:0.1,factors=8,epochs=2' ||
        fail "$sampler: $(tail -1 "$sampler.err")"
done
tune 2 half --trials 9 --halving --min-epochs 1 --windows 2 --model-seeds 2 --space 'lambda=log:0.001:0.1,factors=8,epochs=9' ||
    fail "halving: $(tail -1 half.err)"
/usr/bin/python3 - <<'PY' || fail "halving: $(cat half.json)"
import json, sys
outcome = json.load(open("half.json"))
epochs = sorted((trial["epochs"] for trial in outcome["trials"]), reverse=True)
print("epochs of the trials", epochs)
best = outcome["best"]
sys.exit(not (epochs[0] == 9 and epochs.count(1) >= 5 and best["epochs"] == 9 and len(best["values"]) == 4 and
              abs(sum(best["values"]) / 4 - best["value"]) < 1e-12))
PY
tune 2 cut "${search[@]}" --trials 16 --resume || fail "more trials"
[ "$(wc -l <cut.ini.journal)" = $(($(wc -l <one.ini.journal) + 2)) ] || fail "more trials: another number of lines"

# The defaults: three windows, two seeds, and a space that has the half-life.
tune 2 plain --trials 1 || fail "the defaults: $(tail -1 plain.err)"
grep -q '^half-life = [0-9]*d$' plain.ini || fail "no half-life by default: $(cat plain.ini)"
/usr/bin/python3 -c '
import json, sys
sys.exit(len(json.load(open("plain.json"))["best"]["values"]) != 6)' || fail "not six values by default"

# What goes wrong says so.
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$SOUK_BIN/souk-tune" "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(head -3 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(head -3 out.txt)"
}
expect 2 'objective' --dataset shop.ds --out x.ini --objective ndcg
expect 2 'objective' --dataset shop.ds --out x.ini --objective loss@10
expect 2 'facters' --dataset shop.ds --out x.ini --space facters=8:64
expect 2 'factors' --dataset shop.ds --out x.ini --space factors=int:4:64
expect 2 'space' --dataset shop.ds --out x.ini --space lambda=1:0
expect 2 'epochs' --dataset shop.ds --out x.ini --halving --space epochs=int:3:9
expect 2 'min-epochs' --dataset shop.ds --out x.ini --halving --min-epochs 20
expect 2 'grid' --dataset shop.ds --out x.ini --sampler grid --trials 3
expect 2 'validation' --dataset shop.ds --out x.ini --validation 365d
expect 2 'model-seeds' --dataset shop.ds --out x.ini --windows 64 --model-seeds 2
expect 2 'seed' --dataset shop.ds --out x.ini --space seed=1:9
for option in objective=explicit checkpoint=x.checkpoint init-from=one.model memory-limit=64M; do
    expect 2 "--${option%%=*}.* is for souk-train als alone" --dataset shop.ds --out x.ini --space "$option"
done
SOUK_REBALANCE=true expect 2 '--rebalance is for souk-train als alone' --dataset shop.ds --out x.ini
expect 1 'resume' --dataset shop.ds --out one.ini "${search[@]}"
expect 3 'another search: seed' --dataset shop.ds --out one.ini "${search[@]}" --resume --seed 6 --objective recall@20
expect 1 'nowhere' --dataset nowhere.ds --out x.ini
expect 1 'nowhere' --dataset shop.ds --out nowhere/x.ini
sed 's/"trial"/"tr"/' one.ini.journal >bad.ini.journal
expect 3 'bad.ini.journal:2' --dataset shop.ds --out bad.ini "${search[@]}" --resume --seed 5 --objective recall@20
[ ! -e x.ini ] && [ ! -e x.ini.journal ] || fail "a refused search left files"
finish
