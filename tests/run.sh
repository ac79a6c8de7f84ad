#!/usr/bin/env bash
# run.sh [--all | --soak] [--preset NAME] [--target NAME] [CTEST ARGUMENT...]: set up, build and test.
#
# The default tests take at most 15 minutes on 2 cores; --all adds the long ones (ctest label
# `long`), --soak runs the hour under load instead (label `soak`). --preset takes another build than
# `release`, e.g. asan; --target builds only that, e.g. `serving` for `-R serve`. What follows goes to
# ctest: `run.sh -R unit` runs what matches.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
preset=release
target=all
jobs=$(env -u OMP_NUM_THREADS nproc)
selection=(--label-exclude '^(long|soak)$')

while [ $# -gt 0 ]; do
    case $1 in
    --all) selection=(--label-exclude '^soak$') ;;
    --soak) selection=(--label-regex '^soak$') ;;
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --target) target=${2:?--target needs a name} && shift ;;
    *) break ;;
    esac
    shift
done
build=$top/build/$preset

# A test that is skipped says why in a line `skipped: REASON`; ctest alone would keep it to itself.
list_skipped() {
    awk '/^[0-9]+\/[0-9]+ Test: / { name = $3 }
         /^skipped: / { print "  " name " (skipped): " substr($0, 10) }' \
        "$build/Testing/Temporary/LastTest.log"
}

# list_label LABEL OPTION: tests that this selection leaves out
list_label() {
    ctest --test-dir "$build" -N --label-regex "^$1\$" |
        sed -n "s/^ *Test *#[0-9]*: \(.*\)/  \1 ($1: $2 runs it)/p"
}
list_unselected() {
    case ${selection[*]} in
    *regex*) return ;;
    *long*) list_label long --all ;;
    esac
    list_label soak --soak
}

cd "$top"
bash tests/setup.sh
cmake --preset "$preset"
cmake --build --preset "$preset" --target "$target" --parallel "$jobs"

unselected=$(list_unselected) # first: ctest -N empties the log that list_skipped reads
log=$build/ctest.log
code=0
ctest --test-dir "$build" --no-tests=error --output-on-failure --parallel "$jobs" "${selection[@]}" "$@" |
    tee "$log" || code=$?

left_out=$(list_skipped; echo "$unselected")
printf '\nLeft out:\n%s\n' "${left_out:-  nothing}"
grep -E '^[0-9]+% tests passed' "$log" || echo "no test ran"
exit "$code"
