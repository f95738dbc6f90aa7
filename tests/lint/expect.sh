# shellcheck shell=bash
# Shared by the tests of the lint scripts; sourced. A lint is proven by what it catches.
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect_clean WHAT COMMAND...: the command finds no fault.
expect_clean() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok: $what passes"
  else
    echo "FAILED: $what must pass, but: $output"
    failures=$((failures + 1))
  fi
}

# expect_caught TEXT WHAT COMMAND...: the command fails and TEXT is in what it says.
expect_caught() {
  local text=$1 what=$2 output status=0
  shift 2
  output=$("$@" 2>&1) || status=$?
  if ((status == 1)) && [[ $output == *"$text"* ]]; then
    echo "ok: $what is caught"
  else
    echo "FAILED: $what must be caught with '$text'; exit $status, output: $output"
    failures=$((failures + 1))
  fi
}
