#!/usr/bin/env python3
"""How often reports are right that are as sure as they say: of labelled logs, by what they say.

usage: calibration.py PROGRAM FOLDER [FOLDER ...]

FOLDER holds logs/ and cases.jsonl, an object a line: `file`, `verdict` (pattern, or "none"), and where given `accept` and `also`
(more patterns), `args` (options). A verdict is right where its pattern is the label's or one of `accept`; any other diagnosis
also where it is one of `also`. Prints, for each band of confidence, how many there were, what they said on average, how many
were right, and between which shares the true one lies (Wilson, 95 %); then each rule whose verdicts say what lies outside.
"""
import collections
import json
import math
import pathlib
import subprocess
import sys

BANDS = [0.0, 0.5, 0.601, 0.7, 0.8, 0.9, 0.95, 1.01]


def between(right, count, z=1.96):
    """The interval in which the true share lies."""
    share = right / count
    middle = share + z * z / 2 / count
    reach = z * math.sqrt(share * (1 - share) / count + z * z / 4 / count / count)
    return (middle - reach) / (1 + z * z / count), (middle + reach) / (1 + z * z / count)


def reports(program, folder):
    """Each case of a folder with the report on it."""
    for line in (folder / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        log = folder / "logs" / pathlib.PurePath(case["file"]).name
        command = [program, "--format", "json", "--fail-on", "never", *case.get("args", []), log]
        yield case, json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True).stdout)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    told = {"verdicts": [], "other diagnoses": []}
    for folder in map(pathlib.Path, sys.argv[2:]):
        for case, report in reports(sys.argv[1], folder):
            known = {case["verdict"], *case.get("accept", [])}
            verdict = report["verdict"] and report["verdict"]["fingerprint"]
            for one in report["diagnoses"]:
                is_verdict = one["fingerprint"] == verdict
                right = one["pattern"] in (known if is_verdict else known | set(case.get("also", [])))
                told["verdicts" if is_verdict else "other diagnoses"].append((one["confidence"], right, one["rule"]))
    for what, all_of_them in told.items():
        print(what)
        for low, high in zip(BANDS, BANDS[1:]):
            band = [(said, right) for said, right, _ in all_of_them if low <= said < high]
            if band:
                said, right = (sum(column) for column in zip(*band))
                print(f"  {low:.2f} to {min(high, 1):.2f}: {len(band):4} say {said / len(band):.2f}, {right / len(band):.3f} are right "
                      "({:.2f} to {:.2f})".format(*between(right, len(band))))
    rules = collections.defaultdict(list)
    for said, right, rule in told["verdicts"]:
        # What rests only on where the log stops says 0.6 at most, whatever the rule.
        if said not in (0.5, 0.6):
            rules[rule].append((said, right))
    for rule, all_of_it in sorted(rules.items()):
        said, right = (sum(column) / len(all_of_it) for column in zip(*all_of_it))
        low, high = between(right * len(all_of_it), len(all_of_it))
        if not low <= said <= high:
            print(f"{rule}: {len(all_of_it)} say {said:.2f}, {right:.3f} are right ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
