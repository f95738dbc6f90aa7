"""The strict pool catches every bad client and blames no honest one. Needs no ebb."""

import strict_pool_selftest
from ebb import expect


async def run():
    expect(await strict_pool_selftest.run(), "the strict pool is not strict, or not fair")
