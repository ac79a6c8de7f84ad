# shellcheck shell=bash
# What the scripts about souk-ingest share. Sourced; moves into a folder of its own.
: "${SOUK_BIN:?set it to the folder of the built programs}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1
# Open MPI's plug-ins leak, and are unloaded when the sanitizer looks: no suppression can name them.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

skip() {
    echo "skipped: $*"
    exit 77
}

# ingest RANKS ARGUMENTS...
ingest() {
    local ranks=$1
    shift
    mpirun -n "$ranks" "$SOUK_BIN/souk-ingest" "$@"
}

finish() {
    if [ "$failures" -gt 0 ]; then
        echo "$failures failures"
        exit 1
    fi
    echo ok
    exit 0
}
