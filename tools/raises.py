#!/usr/bin/env python3
"""What libraries raise: benches/raises.tsv, of which `make-rules` makes rules by the thousand.

usage: tools/raises.py SITE-PACKAGES... > benches/raises.tsv

Reads the sources of the packages below, and prints each exception class with the text that it is raised with up to the first value that is filled in:
package, class, text; tab-separated, sorted, each text once, 300 of a package at most. Only what a rule could look for: three words or more, 14 to 80
characters of ASCII. The packages are those of the virtual environments that fixtures/make/run.py makes.
"""
import ast
import builtins
import re
import sys
from collections import Counter
from pathlib import Path

PACKAGES = ("aiohttp apscheduler botocore boto3 ccxt httpx jsonschema jwt loguru numpy pandas polygon psutil psycopg2 pybit pydantic redis requests "
            "s3transfer sqlalchemy supervisor telegram urllib3 watchdog websocket websockets binance charset_normalizer certifi dateutil").split()

OF_A_PACKAGE = 300


def opening(node):
    """The constant text that an argument begins with, or None."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.split(r"%[-#0-9.]*[a-z(]|\{", node.value)[0]
    if isinstance(node, ast.JoinedStr) and node.values:
        return opening(node.values[0])
    if isinstance(node, ast.BinOp):
        return opening(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return opening(node.func.value)
    return None


def raises(path):
    """Class and text of each `raise` in a file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            function = node.exc.func
            name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
            text = (opening(node.exc.args[0]) or "").split("\n")[0].strip(" :'\"`(=,.")
            if re.fullmatch(r"[A-Z]\w+", name) and re.fullmatch(r"[ -~]{14,80}", text) and text.count(" ") >= 2 and not re.search(r"['\"\\\t]", text):
                yield name, text


def main():
    seen = {}
    for root in map(Path, sys.argv[1:]):
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                if not re.search(r"/(tests?|testing|_testing)/|conftest|/test_", str(path)):
                    for name, text in raises(path):
                        qualified = name if hasattr(builtins, name) else f"{package}.{name}"
                        seen.setdefault(text.lower(), (package, qualified, text))
    told = Counter()
    for row in sorted(seen.values()):
        told[row[0]] += 1
        if told[row[0]] <= OF_A_PACKAGE:
            print("\t".join(row))


if __name__ == "__main__":
    main()
