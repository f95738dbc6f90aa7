"""The test VTN complains of every bad client, blames no honest one, and shows every fault. Needs no ebb."""

import vtn_selftest
from ebb import expect


def run():
    expect(vtn_selftest.run(), "the VTN is not strict, not fair, or not faulty")
