#!/usr/bin/env bash
# setup.sh: install what building and testing Souk needs, on Debian 12 or 13. What is there is left
# alone; root is needed only where packages are missing. tests/quickstart.sh and tests/run.sh
# call it. SOUK_DEPS=FOLDER puts nng elsewhere than into build/deps (CMake reads it too).
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
deps=$(realpath -m "${SOUK_DEPS:-$top/build/deps}")
nng_version=1.10.1
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
work= # where nng is unpacked before it is renamed into place

die() {
    echo "setup: $*" >&2
    exit 1
}

packages=(
    build-essential cmake ninja-build pkg-config git           # to build
    libopenmpi-dev openmpi-bin                                 # MPI
    libopenblas-openmp-dev                                     # see warn_of_pthread_openblas
    libscalapack-openmpi-dev liblapacke-dev                    # dense models
    libhdf5-dev libxxhash-dev libzstd-dev                      # files: format, digests, compression
    libjansson-dev libinih-dev libmsgpack-dev uthash-dev       # JSON, INI, messages, hash tables
    libcurl4-openssl-dev                                       # runs logged to an MLflow server
    libmicrohttpd-dev libgnutls28-dev zlib1g-dev               # HTTP: monitoring port, front door
    libsqlite3-dev libpq-dev libsodium-dev libsystemd-dev      # events, tokens, services
    libhwloc-dev                                               # threads on cores of their own
    libcriterion-dev                                           # unit tests
    zstd hdf5-tools python3-numpy python3-scipy python3-h5py   # tests: data, independent readers
    iproute2 nftables                                          # tests: hosts on one machine
    nng-utils nanomsg-utils                                    # tests: clients that are not ours
    openssl                                                    # tests: certificates
    prometheus                                                 # tests: metrics as it reads them
    postgresql sqlite3 curl                                    # tests: a real server, other clients
    wrk                                                        # benchmarks: load over HTTP
    systemd                                                    # tests: systemd-analyze judges units
    clang valgrind shellcheck                                  # tests: fuzzing, memory, scripts
)
case $codename in
    bookworm) packages+=(libclang-rt-14-dev) ;; # no libnng-dev: see fetch_nng
    trixie) packages+=(libclang-rt-19-dev libnng-dev libmbedtls-dev) ;;
    *) die "this is '$codename'; Debian 12 (bookworm) or 13 (trixie) is needed" ;;
esac

# Node from elsewhere brings an npm of its own, which Debian's would conflict with.
command -v npm >/dev/null || packages+=(nodejs npm) # tests: the API's document, a generated client

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

install_packages() {
    local missing=() root=() package
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing and there is no sudo; run as root:
    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        root=(sudo)
    fi
    echo "setup: installing ${missing[*]}"
    "${root[@]}" apt-get -q -o DPkg::Lock::Timeout=600 update ||
        die "apt-get update failed (see above): is there a network?"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        install --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install the packages (see above); mend that, then run again"
}

# With both variants installed the pthread one is loaded, and its threads fight OpenMP's.
warn_of_pthread_openblas() {
    ! is_installed libopenblas0-pthread ||
        echo "setup: warning: libopenblas0-pthread hides the openmp variant: remove it" >&2
}

# Where the system's own sources have $codename from. apt reads them, as they come in several
# formats; this downloads nothing and needs no lists.
list_mirrors() {
    apt-get update --print-uris | sed -n "s|^'\(.*/\)dists/$codename/main/binary-.*|\1|p" |
        awk '!/^cdrom:/ && !seen[$0]++'
}

# The version is the package's: nng.h of 1.10.1 says 1.10.0.
nng_is_there() {
    local changes=$deps/nng/usr/share/doc/libnng-dev/changelog.Debian.gz
    [ -e "$changes" ] && [[ $(zcat "$changes") == "nng ($nng_version-"* ]]
}

# fetch_packages MIRROR: libnng-dev and libmbedtls-dev of Debian 13 into $work. Its options keep apt
# off the system's sources and lists; apt checks the signatures.
fetch_packages() {
    local nng
    local options=(
        -q -o "Dir::Etc::sourcelist=$work/sources.list" -o "Dir::Etc::sourceparts=$work/empty"
        -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=$work/empty"
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
        -o "APT::Sandbox::User=$(id -un)" -o Debug::NoLocking=1 -o APT::Update::Error-Mode=any)
    echo "deb [signed-by=$keyring] $1 trixie main" >"$work/sources.list"
    rm -rf "$work/lists" "$work/cache"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty"
    if ! apt-get "${options[@]}" update; then
        echo "setup: $1 did not give Debian 13's signed package lists" >&2
        return 1
    fi
    nng=$(apt-cache "${options[@]}" madison libnng-dev |
        awk -v v="$nng_version-" 'index($3, v) == 1 && !n++ { print $3 }')
    if [ -z "$nng" ]; then
        echo "setup: $1 has no libnng-dev $nng_version: change nng_version in tests/setup.sh" >&2
        return 1
    fi
    (cd "$work" && apt-get "${options[@]}" download "libnng-dev=$nng" libmbedtls-dev)
}

fetch_from_any_mirror() {
    local mirror mirrors
    mirrors=$(list_mirrors)
    [ -n "$mirrors" ] || die "apt has no source for $codename main: add Debian's, then run again"
    for mirror in $mirrors; do
        fetch_packages "$mirror" && return 0
    done
    die "could not fetch nng $nng_version (see above): is there a network?"
}

# Debian 12's nng 1.5.2 stops reconnecting when a peer is killed under load. Debian 13's goes into a
# folder of its own, so that the system stays as it is, and appears there whole or not at all.
fetch_nng() {
    local package
    echo "setup: fetching nng $nng_version into $deps/nng"
    [ -e "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
    if ! mkdir -p "$deps" || ! work=$(mktemp -d "$deps/nng.XXXXXX"); then
        die "cannot write to $deps: set SOUK_DEPS to another folder"
    fi
    trap 'rm -rf "$work"' EXIT
    fetch_from_any_mirror
    for package in "$work"/*.deb; do
        dpkg -x "$package" "$work/tree"
    done
    [ ! -e "$deps/nng" ] || mv -T "$deps/nng" "$work/old"
    mv -T "$work/tree" "$deps/nng"
    nng_is_there || die "$deps/nng is not nng $nng_version: remove it, then run again"
}

install_packages
warn_of_pthread_openblas
[ "$codename" != bookworm ] || nng_is_there || fetch_nng
