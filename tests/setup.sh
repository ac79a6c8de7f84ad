#!/usr/bin/env bash
# Install what building and testing Souk needs on Debian 12 or 13. Does nothing that is done already;
# asks for root only to install packages. Called by tests/quickstart.sh and tests/run.sh.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
deps=${SOUK_DEPS:-$top/build/deps}
nng_version=1.10.1
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")

die() { echo "setup: $*" >&2; exit 1; }

packages=(
  build-essential cmake ninja-build pkg-config git            # build
  libopenmpi-dev openmpi-bin                                   # MPI
  libopenblas-openmp-dev libscalapack-openmpi-dev              # dense algebra; only the openmp OpenBLAS
  libhdf5-dev libxxhash-dev libjansson-dev libinih-dev         # files, digests, JSON, INI
  libmsgpack-dev                                               # messages
  libcriterion-dev                                             # unit tests
  zstd hdf5-tools python3-numpy python3-h5py                   # tests: reference data, independent checks
  nng-utils nanomsg-utils                                      # tests: clients that are not ours
)
case $codename in
  bookworm) packages+=(clang libclang-rt-14-dev) ;;            # fuzzing
  trixie) packages+=(clang libclang-rt-19-dev libnng-dev libmbedtls-dev) ;;
  *) die "this is '$codename'; Debian 12 (bookworm) or 13 (trixie) is needed" ;;
esac

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "packages are missing and there is no sudo: run as root: $*"
  fi
}

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "setup: installing ${missing[*]}"
  as_root apt-get -q -o DPkg::Lock::Timeout=600 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
    install --no-install-recommends "${missing[@]}"
}

# The system's own Debian sources with the suite's name replaced: first the one that serves $codename.
trixie_sources() {
  local uri
  uri=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk -v suite="$codename" 'tolower($1) == "uris:" { uri = $2 }
         tolower($1) == "suites:" { for (i = 2; i <= NF; i++) if ($i == suite) { print uri; exit } }')
  [ -n "$uri" ] || uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -E 's/\[[^]]*\]//' | awk -v suite="$codename" '$1 == "deb" && $3 == suite { print $2; exit }')
  [ -n "$uri" ] || die "found no Debian source for $codename under /etc/apt: add one, then run again"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri trixie main"
}

# Debian 12's nng 1.5.2 stops reconnecting when a peer is killed under load, so that 1.10.1 comes from
# Debian 13: downloaded by apt, which checks the signatures, and unpacked beside the build, so that the
# system stays as it is.
unpack_nng() {
  local work=$deps/nng.partial
  [ -e "$deps/nng/usr/include/nng/nng.h" ] && return 0
  echo "setup: fetching nng $nng_version into ${deps#"$top"/}/nng"
  rm -rf "$work"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/empty" "$work/tree"
  trixie_sources >"$work/apt/sources.list"
  local options=(
    -q -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o "Dir::Etc::sourceparts=$work/apt/empty"
    -o "Dir::Etc::preferencesparts=$work/apt/empty" -o "Dir::State::Lists=$work/apt/lists"
    -o "Dir::Cache=$work/apt/cache" -o "APT::Sandbox::User=$(id -un)" -o Debug::NoLocking=1
    -o APT::Get::List-Cleanup=0)
  apt-get "${options[@]}" update || die "cannot read Debian 13's package lists: is there a network?"
  local nng
  nng=$(apt-cache "${options[@]}" madison libnng-dev | awk -v v="$nng_version" 'index($3, v) == 1 { print $3; exit }')
  [ -n "$nng" ] || die "Debian 13 no longer offers libnng-dev $nng_version: change nng_version in tests/setup.sh"
  (cd "$work" && apt-get "${options[@]}" download "libnng-dev=$nng" libmbedtls-dev) ||
    die "cannot download libnng-dev $nng"
  local package
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/tree"; done
  [ -e "$work/tree/usr/include/nng/nng.h" ] || die "libnng-dev $nng holds no nng/nng.h"
  rm -rf "$deps/nng"
  mv "$work/tree" "$deps/nng"
  rm -rf "$work"
}

install_packages
[ "$codename" != bookworm ] || unpack_nng
