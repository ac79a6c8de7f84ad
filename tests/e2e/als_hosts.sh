#!/usr/bin/env bash
# souk-train als on 3 hosts over TCP, their links at 1 Gbit/s and 100 Mbit/s: the model of one rank, to
# the byte; bytes sent within 1.1 of the row-exchange volume, both as printed and as the links counted.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/ingest_lib.sh"
. "$here/netns_lib.sh"
missing=$(netns_missing)
[ -z "$missing" ] || skip "three hosts on this machine: $missing"
trap 'netns_down; rm -rf "$work"' EXIT

"$SOUK_BIN/souk-generate" --visitors 60000 --items 6000 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"
netns_up 3 || fail "no hosts"

# Bytes that came from the hosts so far.
link_bytes() { cat "/sys/class/net/souk$net_id".*/statistics/rx_bytes | awk '{ sum += $1 } END { print sum }'; }
field() { awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) value = $(i + 1) } END { print value }' hosts.txt; }

# train EPOCHS ARGUMENTS...
train() {
    netns_mpirun 1 -x OMP_NUM_THREADS -x ASAN_OPTIONS "$SOUK_BIN/souk-train" als --dataset "$work/shop.ds" --seed 3 \
        --out "$work/hosts.model" --epochs "$@" >hosts.txt 2>hosts.err || fail "train $*: $(tail -3 hosts.err)"
}

mpirun -n 1 "$SOUK_BIN/souk-train" als --dataset shop.ds --seed 3 --epochs 12 --out one.model >/dev/null 2>&1 || fail "one rank"
for rate in 1gbit 100mbit; do
    netns_rate $rate || fail "tc"
    for options in "--chunks 1" "--chunks 4"; do
        # shellcheck disable=SC2086
        {
            start=$(link_bytes)
            train 2 $options
            middle=$(link_bytes)
            train 12 $options
            end=$(link_bytes)
        }
        for file in one.model/part-*.h5; do
            cmp -s "$file" "hosts.model/${file##*/}" || fail "$rate $options: ${file##*/} differs"
        done
        wire=$(((end - middle - (middle - start)) / 10))
        echo "$rate $options: seconds $(field seconds) wait $(field wait) sent $(field sent) MB volume $(field volume) MB," \
            "on the links $wire bytes an epoch"
        awk "BEGIN { exit !($(field ratio) <= 1.1 && $(field ratio) > 0) }" || fail "$rate $options: ratio $(field ratio)"
        # Headers, acknowledgements, Gram matrices and the basis come on top of the rows.
        awk "BEGIN { exit !($wire > $(field sent) * .95e6 && $wire < $(field sent) * 1.1e6 + 2e6) }" ||
            fail "$rate $options: the links carried $wire bytes an epoch, $(field sent) MB are printed"
    done
    train 2 --wire bf16
    awk "BEGIN { exit !($(field ratio) == 0.5) }" || fail "$rate bf16: ratio $(field ratio)"
done
finish
