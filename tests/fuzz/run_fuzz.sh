#!/usr/bin/env bash
# run_fuzz.sh [SECONDS [TARGET...]]: build the fuzz targets with clang and run each that long (60).
# What is found is written to build/fuzz/findings; once mended it belongs into tests/fuzz/corpus.
set -euo pipefail
seconds=${1:-60}
shift || true
cd "$(dirname "$0")/../.."
command -v clang >/dev/null || { echo "skipped: clang is not installed"; exit 77; }
[ $# -gt 0 ] || set -- message csv tokenlist model foresttext replica
cmake --preset fuzz >/dev/null
cmake --build build/fuzz --target "${@/#/fuzz_}"
mkdir -p build/fuzz/findings
for target in "$@"; do
  mkdir -p "build/fuzz/grown/$target"
  echo "fuzz_$target for $seconds s"
  build/fuzz/bin/fuzz_"$target" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/findings/"$target"- "build/fuzz/grown/$target" "tests/fuzz/corpus/$target" \
    >"build/fuzz/$target.log" 2>&1 || { tail -40 "build/fuzz/$target.log"; exit 1; }
  grep -E 'number_of_executed_units|^Done' "build/fuzz/$target.log"
done
