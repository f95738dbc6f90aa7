"""Every scenario of the strict pool; see run_strict.py."""

import run_strict
from ebb import expect


def run():
    expect(run_strict.main([]) == 0, "at least one scenario has violations")
