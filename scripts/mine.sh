#!/usr/bin/env bash
# Builds ebb (the first run also installs what building needs) and mines: scripts/mine.sh [ebb mine's options].
# Without options it mines against a pool of its own. Only ebb writes to stdout.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/release

{
  # shellcheck source=scripts/setup.sh
  source "$here/setup.sh"
  setup_packages build
  # Once configured, the build configures itself again when it must. build.ninja is written last.
  [[ -f $build/build.ninja ]] || (cd "$here/.." && cmake --preset release -DEBB_TESTS=OFF)
  cmake --build "$build" --target ebb --parallel "$(nproc)"
} >&2

(($#)) || set -- --demo
exec "$build/miner/ebb" mine "$@"
