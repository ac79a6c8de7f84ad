#!/usr/bin/env bash
# Users of Online Retail whom ALS was not trained on, folded in by a fleet of two shards from the
# events that requests bring: at least .97 of the NDCG@10 that the same users have for the same
# targets when they are trained in full. Five tenths of the users, each hidden from a training of its
# own; one tenth alone says little: another seed of the full training moves its ratio by .04.
data=${SOUK_REFERENCE_DATA:-}/online_retail/online_retail.csv.zst
here=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/serve_lib.sh"
[ -r "$data" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"
/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip "python3-h5py is not installed"

train() {
    mpirun -n 2 "$SOUK_BIN/souk-train" als --epochs 15 --factors 64 --dataset or.ds "$@" >/dev/null 2>train.log ||
        fail "train $*: $(tail -1 train.log)"
}

zstd -qdc "$data" >or.csv
mpirun -n 2 "$SOUK_BIN/souk-ingest" --format online-retail --split 2011-11-09 --out or.ds or.csv 2>ingest.log ||
    fail "ingest: $(tail -1 ingest.log)"
train --out full.model
replica full full.model 0/1
proxy of_full "ipc://$work/full"
for tenth in 1 2 3 4 5; do
    train --hide-users .1 --hide-seed $tenth --out hidden.model
    replica hidden0 hidden.model 0/2
    replica hidden1 hidden.model 1/2
    proxy of_hidden "ipc://$work/hidden0 ipc://$work/hidden1"
    /usr/bin/python3 "$here/foldin_quality.py" "$SOUK_BIN/souk" or.ds 1320796800000 "ipc://$work/of_full" \
        hidden.model "ipc://$work/of_hidden" | tee -a figures.txt || fail "tenth $tenth"
    stop of_hidden
    stop hidden0
    stop hidden1
done
awk '{ split($1, n, "="); split($2, t, "="); split($3, f, "="); users += n[2]; trained += n[2] * t[2]; folded += n[2] * f[2] }
     END { printf "all tenths: users=%d trained=%.5f folded=%.5f ratio=%.4f (at least .97)\n", users, trained / users, folded / users, folded / trained
           exit !(folded >= .97 * trained) }' figures.txt || fail "fold-in falls behind"
finish
