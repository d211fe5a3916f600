#!/usr/bin/env python3
"""Write rules/packages.toml: which requirement brings an importable module.

    packages.py                    write the table
    packages.py --check            exit 1 when the table is stale
    packages.py --verify [DIR]     compare distributions.txt with what packages say of themselves:
                                   wheels in DIR, else what is installed for this interpreter

Reads distributions.txt, choices.toml and stdlib.txt beside it. Uses no network: wheels for --verify
are fetched by hand (`pip download --no-deps NAME`), a few at a time, when an entry is in doubt.
Needs Python 3.11 or later.
"""

import argparse
import email.parser
import importlib.metadata
import json
import pathlib
import re
import sys
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent / "rules" / "packages.toml"

HEADER = """\
# Which requirement brings an importable module. Made by tools/packages.py from tools/distributions.txt,
# tools/choices.toml and tools/stdlib.txt: edit those, then run the script.
#
#   stdlib         modules of the standard library (Python 3.13): one that is missing is never to be installed
#   [modules]      module -> requirement as its project spells it; of dotted modules the longest that fits decides
#   [[choice]]     one module, several packages: which is meant
#   [package.X]    what a requirement needs beside it, or what to know of it
#   [removed]      modules that left the standard library
#   [system]       modules of the standard library that an interpreter may lack
"""


def default_module(distribution):
    """The module that a distribution has when nothing else is said: lower case, `_` for `-` and `.`."""
    return re.sub(r"[-.]", "_", distribution).lower()


def normalised(distribution):
    """The name under which the package index compares distributions (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def read_distributions():
    """distributions.txt as {module: distribution}; a module named twice is an error."""
    modules = {}
    for number, line in enumerate((HERE / "distributions.txt").read_text().splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        distribution, named = words[0], words[1:] or [default_module(words[0])]
        for module in named:
            if module in modules:
                sys.exit(f"distributions.txt:{number}: {module} is already given to {modules[module]}")
            modules[module] = distribution
    return modules


def check_choices(modules, choices):
    """Every choice names a known module and the package that [modules] gives it; every note a known package."""
    known = set(modules.values())
    for choice in choices["choice"]:
        if modules.get(choice["module"]) != choice["package"]:
            sys.exit(f"choices.toml: {choice['module']} is given to {modules.get(choice['module'])}")
        for other in choice.get("others", []):
            if other["package"] not in known:
                sys.exit(f"choices.toml: {other['package']} is not in distributions.txt")
    for package in choices["package"]:
        if package not in known:
            sys.exit(f"choices.toml: [package.{package}] is not in distributions.txt")


def quoted(key):
    """A TOML key, quoted only where it has to be."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def render():
    """The whole table as text."""
    modules = read_distributions()
    hand_made = (HERE / "choices.toml").read_text()
    check_choices(modules, tomllib.loads(hand_made))
    stdlib_lines = (HERE / "stdlib.txt").read_text().splitlines()
    stdlib = [name for name in stdlib_lines if name and not name.startswith("#")]

    parts = [HEADER, "stdlib = ["]
    line = " "
    for name in sorted(stdlib):
        item = f' "{name}",'
        if len(line) + len(item) > 118:
            parts.append(line)
            line = " "
        line += item
    parts += [line, "]", "", "[modules]"]
    parts += [f"{quoted(module)} = {json.dumps(modules[module])}" for module in sorted(modules)]
    body = hand_made.split("\n\n", 1)[1]  # without the comment on the file itself
    return "\n".join(parts) + "\n\n" + body


def metadata_of_wheels(folder):
    """(distribution, top-level modules) of every wheel in a folder, from METADATA and the files it holds."""
    for path in sorted(pathlib.Path(folder).glob("*.whl")):
        with zipfile.ZipFile(path) as wheel:
            names = wheel.namelist()
            [metadata] = [n for n in names if n.endswith(".dist-info/METADATA") and n.count("/") == 1]
            name = email.parser.BytesHeaderParser().parsebytes(wheel.read(metadata))["Name"]
        yield name, top_levels(names)


def metadata_of_installed():
    """(distribution, top-level modules) of everything installed for this interpreter."""
    for distribution in importlib.metadata.distributions():
        yield distribution.metadata["Name"], top_levels(str(f) for f in distribution.files or [])


def top_levels(names):
    """Importable top-level modules among the file names of a distribution."""
    found = set()
    for name in names:
        head, _, rest = name.partition("/")
        module = head if rest else re.sub(r"(\.[\w-]+)?\.(py|so|pyd)$", "", head)
        if (rest.endswith((".py", ".so", ".pyd")) or head.endswith((".py", ".so", ".pyd"))) and module.isidentifier():
            found.add(module)
    return found - {"__pycache__", "tests", "test", "examples", "docs", "bin"}


def verify(source):
    """Print where distributions.txt and the packages disagree; the number of disagreements."""
    modules = read_distributions()
    listed = {}
    for module, distribution in modules.items():
        listed.setdefault(normalised(distribution), set()).add(module.split(".")[0])
    seen = wrong = 0
    for name, tops in source:
        named = listed.get(normalised(name))
        if not named or not tops:
            continue
        seen += 1
        missing = named - tops
        unnamed = {t for t in tops - named if not t.startswith("_")}
        if missing:
            wrong += 1
            print(f"{name}: named {sorted(missing)}, it has {sorted(tops)}")
        elif unnamed:
            print(f"{name}: also has {sorted(unnamed)}")
    print(f"{seen} distributions compared, {wrong} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--verify", nargs="?", const="", metavar="DIR")
    arguments = parser.parse_args()
    if arguments.verify is not None:
        source = metadata_of_wheels(arguments.verify) if arguments.verify else metadata_of_installed()
        sys.exit(1 if verify(source) else 0)
    text = render()
    tomllib.loads(text)
    if arguments.check:
        if not TABLE.exists() or TABLE.read_text() != text:
            sys.exit("rules/packages.toml is stale: run tools/packages.py")
    else:
        TABLE.write_text(text)


if __name__ == "__main__":
    main()
