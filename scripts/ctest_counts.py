#!/usr/bin/env python3
"""Prints `PASSED FAILED SKIPPED` of a JUnit file that ctest wrote, and on stderr why tests were skipped."""

import sys
import xml.etree.ElementTree as ElementTree

counts = {"passed": 0, "failed": 0, "skipped": 0}
for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
    status, skipped = case.get("status"), case.find("skipped")
    if status == "run":
        counts["passed"] += 1
    elif status == "disabled" or (skipped is not None and skipped.get("message").startswith("SKIP_")):
        counts["skipped"] += 1
        output = (case.findtext("system-out") or "").split("\n")
        print(f"{case.get('name')}: {next((line for line in reversed(output) if line.strip()), 'skipped')}",
              file=sys.stderr)
    else:  # among them: a program that is not there
        counts["failed"] += 1
print(*counts.values())
