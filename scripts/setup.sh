#!/usr/bin/env bash
# Installs the packages that are missing on Debian 12 or Ubuntu 24.04, and nothing when all is there.
#   scripts/setup.sh build   what building and mining need
#   scripts/setup.sh test    the same, and what scripts/test.sh needs
# Sourced, it defines setup_packages, which takes the same argument. Everything it says goes to stderr.
set -euo pipefail

# An entry is COMMAND:PACKAGE (wanted only while there is no such command) or PACKAGE. Of names joined by
# "|" any installed one will do; else the first that apt knows is taken.
setup_build_set=(
  ca-certificates clang++:clang g++:g++ ninja:ninja-build
  "libboost1.81-dev|libboost1.83-dev|libboost-dev"
  "libboost-json1.81-dev|libboost-json1.83-dev|libboost-json-dev"
  libexpected-dev libcli11-dev libspdlog-dev libcurl4-openssl-dev libhwloc-dev libssl-dev
  libsqlite3-dev libical-dev libhowardhinnant-date-dev libtomlplusplus-dev tzdata
  libmosquitto-dev libmodbus-dev libgpiod-dev libpugixml-dev
  libpsl-dev
)
# clang-format is the same version on both systems, for versions differ in taste. The others must be the
# system's own: an older clang cannot read a newer libstdc++.
setup_test_set=(
  catch2 python3:python3 qemu-x86_64:qemu-user node:nodejs npm:npm ccache:ccache
  aarch64-linux-gnu-g++:g++-aarch64-linux-gnu libfaketime
  nut-server mosquitto mosquitto-clients python3-pymodbus python3-serial-asyncio
  python3-jsonschema python3-yaml microsocks tinyproxy
  clang-tidy:clang-tidy llvm-symbolizer:llvm "clang-format-14|clang-format"
  "libclang-rt-dev|libclang-rt-14-dev"
)

setup_say() { printf 'setup: %s\n' "$*" >&2; }

# The CMake files need this version.
setup_has_cmake() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n '1s/^cmake version //p') || true
  [[ -n $version && $(printf '3.25\n%s\n' "$version" | sort -V | head -n 1) == 3.25 ]]
}

# Prints the entries' packages that are not installed, alternatives still joined by "|".
setup_missing() {
  local entry installed package
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' ')"
  for entry; do
    if [[ $entry == *:* ]]; then
      command -v "${entry%%:*}" >/dev/null || printf '%s\n' "${entry#*:}"
      continue
    fi
    for package in ${entry//|/ }; do
      [[ $installed != *" $package "* ]] || continue 2
    done
    printf '%s\n' "$entry"
  done
}

# Prints the first of the names joined by "|" that apt can install, or the first when it knows none.
setup_pick() {
  local package
  for package in ${1//|/ }; do
    if LC_ALL=C apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
      printf '%s\n' "$package"
      return
    fi
  done
  printf '%s\n' "${1%%|*}"
}

# apt-get without questions; its output only when it fails.
setup_apt() {
  local log status=0
  log=$(mktemp)
  "${setup_sudo[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -y -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null >"$log" 2>&1 || status=$?
  if ((status)); then
    setup_say "apt-get $1 failed:"
    grep -E '^(E|W|Err|dpkg): ?' "$log" >&2 || tail -n 20 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

setup_install() {
  local entry
  local -a packages=()
  setup_apt update || return
  for entry; do packages+=("$(setup_pick "$entry")"); done
  setup_say "installing ${packages[*]}"
  setup_apt install --no-install-recommends "${packages[@]}"
}

setup_packages() {
  local -a wanted=("${setup_build_set[@]}") missing
  [[ ${1:-build} != test ]] || wanted+=("${setup_test_set[@]}")
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    setup_say "no apt here, so nothing is installed: see the package list in scripts/setup.sh if the build fails"
    return 0
  fi
  setup_has_cmake || wanted+=(cmake)
  mapfile -t missing < <(setup_missing "${wanted[@]}")
  if ((${#missing[@]})); then
    setup_sudo=()
    if ((EUID != 0)); then
      setup_sudo=(sudo)
      # Without a terminal nobody can type a password.
      [[ -t 0 ]] || setup_sudo=(sudo -n)
      if ! command -v sudo >/dev/null || ! "${setup_sudo[@]}" true; then
        setup_say "no rights to install packages (not root, and no sudo); missing: ${missing[*]}"
        return 1
      fi
    fi
    # Once more after a failure: mirrors have bad moments.
    setup_install "${missing[@]}" || { sleep 5 && setup_install "${missing[@]}"; } || {
      setup_say "could not install: ${missing[*]}"
      return 1
    }
  fi
  setup_has_cmake || {
    setup_say "CMake 3.25 or newer is needed; this system's packages have $(cmake --version | head -n 1)"
    return 1
  }
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-build} in
    build | test) setup_packages "${1:-build}" ;;
    *) setup_say "usage: setup.sh [build|test]" && exit 2 ;;
  esac
fi
