#!/bin/bash
# What every program owes its caller: --help on stdout, --version with the git hash, usage errors
# with exit code 2 and nothing on stdout; the same programs after cmake --install.
: "${SOUK_BIN:?set it to the folder of the built programs}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# expect CODE COMMAND...: leaves stdout and stderr in $work
expect() {
    local expected=$1 code
    shift
    "$@" >"$work/stdout" 2>"$work/stderr"
    code=$?
    [ $code = "$expected" ] || fail "$*: exit code $code, not $expected"
}

check_command() {
    expect 0 "$@" --help
    grep -qi '^usage: ' "$work/stdout" || fail "$*: no usage line in --help"
    [ -s "$work/stderr" ] && fail "$*: --help writes to stderr"
    expect 2 "$@" --no-such-option
    [ -s "$work/stdout" ] && fail "$*: a usage error writes to stdout"
    grep -q -- '--no-such-option' "$work/stderr" || fail "$*: does not name the wrong option"
    expect 2 "$@" --help=yes
    expect 1 "$@" --config "$work/missing.ini"
    grep -q 'missing.ini' "$work/stderr" || fail "$*: does not name the missing file"
    echo 'facters = 64' >"$work/wrong.ini"
    expect 2 "$@" --config "$work/wrong.ini"
    grep -q "wrong.ini:1: unknown key 'facters'" "$work/stderr" || fail "$*: took an unknown key"
    expect 0 "$@" --dump-config
    grep -q ' = ' "$work/stdout" || fail "$*: --dump-config shows no option"
}

check_version() {
    expect 0 "$@" --version
    grep -qE '^souk[a-z -]* [0-9]+\.[0-9]+\.[0-9]+ \([0-9a-f]{7,}(-dirty)?\)$|\(unknown\)$' \
        "$work/stdout" || fail "$*: version is '$(cat "$work/stdout")'"
}

# Open MPI leaks; what does not link it is checked for leaks too.
without_leak_check() {
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 "$@"
}

for name in generate replica proxy; do
    check_command "$SOUK_BIN/souk-$name"
    check_version "$SOUK_BIN/souk-$name"
done
for name in ingest evaluate tune; do
    without_leak_check check_command "$SOUK_BIN/souk-$name"
    without_leak_check check_version "$SOUK_BIN/souk-$name"
done
for command in als covisit content popular; do
    without_leak_check check_command "$SOUK_BIN/souk-train" $command
done
for command in publish list rollback verify; do
    check_command "$SOUK_BIN/souk-registry" $command
done
for command in recommend similar explain health load; do
    check_command "$SOUK_BIN/souk" $command
done
for command in add list revoke check; do
    check_command "$SOUK_BIN/souk-token" $command
done
for command in export prune stats erase migrate; do
    check_command "$SOUK_BIN/souk-events" $command
done
for command in add drain undrain remove list top; do
    check_command "$SOUK_BIN/souk-proxyctl" $command
done
for program in souk souk-train souk-registry souk-proxyctl souk-token souk-events; do
    without_leak_check expect 2 "$SOUK_BIN/$program"
    without_leak_check expect 2 "$SOUK_BIN/$program" no-such-command
    grep -q no-such-command "$work/stderr" || fail "$program: does not name the wrong command"
    without_leak_check expect 0 "$SOUK_BIN/$program" --help
    without_leak_check check_version "$SOUK_BIN/$program"
done

expect 0 cmake --install "$SOUK_BIN/.." --prefix "$work/installed"
for program in "$SOUK_BIN"/souk*; do
    installed=$work/installed/bin/${program##*/}
    [ -x "$installed" ] || fail "${program##*/} is not installed"
    without_leak_check check_version "$installed"
done

[ $failures -eq 0 ] || { echo "$failures failures"; exit 1; }
echo ok
