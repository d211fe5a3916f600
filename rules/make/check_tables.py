#!/usr/bin/env python3
"""Check exchanges/*.toml, codes.toml and packages.toml; print what is wrong by file, exit 1 if anything is.

Needs Python 3.11 or later and nothing else. The program makes the same checks when it loads the tables.
"""

import itertools
import pathlib
import re
import subprocess
import sys
import tomllib

RULES = pathlib.Path(__file__).resolve().parent.parent

RULE_IDS = {
    "credentials/account-suspended", "credentials/invalid-key", "credentials/invalid-passphrase",
    "credentials/invalid-signature", "credentials/ip-not-allowed", "credentials/key-expired",
    "credentials/key-ip-or-permission", "credentials/permission-denied", "credentials/session-expired",
    "network/exchange-connection-lost", "network/exchange-maintenance", "network/exchange-timeout",
    "network/exchange-unavailable", "payload/exchange-answer", "rate-limit/connection-limit",
    "rate-limit/exchange-limit", "rate-limit/ip-banned", "rate-limit/order-rate", "system/clock-skew",
    "system/nonce",
}  # fmt: skip

# Numbers that are HTTP statuses as often as codes: a row that uses one must ask for words too.
STATUS = range(400, 600)
# The shortest message that may stand without a key such as "reason": beside it.
SHORTEST_MESSAGE = 13

MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
# PEP 508: the name of a requirement.
REQUIREMENT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
# What Rust's regex has no word for, or leaves out for the sake of linear time.
NOT_IN_RUST = re.compile(r"\(\?[=!<>](?![A-Za-z_]\w*>)|\(\?P=|\\[1-9]|\\Z|\*\+|\+\+|\?\+")

problems = []


def problem(file, text):
    """Note one thing that is wrong in a file."""
    problems.append(f"{file}: {text}")


def load(path):
    """One TOML file as a dict; empty, and noted, where it cannot be read."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        problem(path.name, error)
        return {}


def check_keys(file, where, table, required, optional=()):
    """Required keys are there, and no others than these."""
    for key in sorted(set(required) - table.keys()):
        problem(file, f"{where}: no {key}")
    for key in sorted(table.keys() - set(required) - set(optional)):
        problem(file, f"{where}: unknown key {key}")


def code_order(code):
    """Numbers by value, then words."""
    return (0, int(code), "") if re.fullmatch(r"-?\d+", code) else (1, 0, code)


def check_rows(file, rows):
    """The rows of one exchange: kinds, rule ids, order, and no row behind one that always comes first."""
    for row in rows:
        where = row.get("code") or row.get("message") or "row without code and message"
        if ("code" in row) == ("message" in row):
            problem(file, f"{where}: a row has either code or message")
            return
        check_keys(file, where, row, ["rule", "means"], ["code", "message", "contains"])
        if row.get("rule") not in RULE_IDS:
            problem(file, f"{where}: unknown rule {row.get('rule')}")
        if not row.get("means") or "\n" in row["means"] or len(row["means"]) > 110:
            problem(file, f"{where}: means is one short line")
        if "message" in row and "contains" in row:
            problem(file, f"{where}: contains goes with code only")
        if "message" in row and len(row["message"]) < SHORTEST_MESSAGE:
            problem(file, f"{where}: too short to stand alone, give it its key or make it a code")
        if "code" in row and re.fullmatch(r"\d+", row["code"]) and "contains" not in row:
            if int(row["code"]) in STATUS and file != "ibkr.toml":
                problem(file, f"{where}: looks like an HTTP status, ask for words too (contains)")
            if int(row["code"]) < 100:
                problem(file, f"{where}: so small a number has to ask for words too (contains)")

    codes = [row for row in rows if "code" in row]
    messages = [row["message"] for row in rows if "message" in row]
    if rows != codes + [row for row in rows if "message" in row]:
        problem(file, "rows with a code come before rows with a message")
    order = [code_order(row["code"]) for row in codes]
    if order != sorted(order):
        problem(file, "rows are not sorted by code")
    for code, group in itertools.groupby(codes, key=lambda row: row["code"]):
        words = [row.get("contains") for row in group]
        if None in words[:-1]:
            problem(file, f"{code}: the row without contains comes last")
        if len(set(words)) != len(words):
            problem(file, f"{code}: given twice")
        for i, earlier in enumerate(words):
            for later in words[i + 1 :]:
                if earlier and later and earlier in later:
                    problem(file, f"{code}: '{later}' is never reached behind '{earlier}'")
    if messages != sorted(set(messages)):
        problem(file, "messages are not sorted, or one stands twice")
    for i, earlier in enumerate(messages):
        for later in messages[i + 1 :]:
            if earlier in later:
                problem(file, f"'{later}' is never reached behind '{earlier}'")


def check_exchanges():
    """Every exchange table, and what they must not share. Returns the exchange ids."""
    owner, exchanges = {}, set()
    for path in sorted((RULES / "exchanges").glob("*.toml")):
        table = load(path)
        file = path.name
        check_keys(file, "table", table, ["exchange", "ids", "hosts", "modules", "error"])
        exchange = table.get("exchange")
        exchanges.add(exchange)
        if exchange != path.stem or exchange not in table.get("ids", []):
            problem(file, "exchange is the file's name and one of ids")
        for kind in ("ids", "hosts", "modules"):
            for value in table.get(kind, []):
                if owner.setdefault((kind, value), file) != file:
                    problem(file, f"{value}: also in {owner[kind, value]}")
                if value != value.strip() or (kind != "modules" and value != value.lower()):
                    problem(file, f"{value}: ids and hosts are lower case")
        for module in table.get("modules", []):
            if not MODULE.fullmatch(module):
                problem(file, f"{module}: not a module name")
        for host in table.get("hosts", []):
            if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", host):
                problem(file, f"{host}: not a host suffix")
        check_rows(file, table.get("error", []))
    return exchanges


def check_codes(exchanges):
    """Code contexts: each regex compiles, finds its examples and no others' code, and has its literal."""
    file, names = "codes.toml", set()
    contexts = load(RULES / file).get("context", [])
    for context in contexts:
        name = context.get("name", "context without name")
        check_keys(file, name, context, ["name", "regex", "literal", "examples"], ["exchange"])
        if name in names:
            problem(file, f"{name}: given twice")
        names.add(name)
        if context.get("exchange", "binance") not in exchanges:
            problem(file, f"{name}: no table of {context['exchange']}")
        if len(context.get("literal", "")) < 4:
            problem(file, f"{name}: the literal has at least 4 bytes")
        try:
            regex = re.compile(context.get("regex", ""))
        except re.error as error:
            problem(file, f"{name}: {error}")
            continue
        if set(regex.groupindex) != {"code"} or regex.groups != 1:
            problem(file, f"{name}: exactly one group, code")
        if NOT_IN_RUST.search(context.get("regex", "")):
            problem(file, f"{name}: syntax that Rust's regex has not")
        if not context.get("examples"):
            problem(file, f"{name}: no example")
        for example in context.get("examples", []):
            found = regex.search(example["text"])
            if not found or found["code"] != example["code"]:
                problem(file, f"{name}: finds {found and found['code']} in: {example['text']}")
            if context.get("literal", "") not in example["text"]:
                problem(file, f"{name}: literal not in: {example['text']}")


# Healthy text in which no context may find a code.
NO_CODE = (
    "GET /api/v3/ping HTTP/1.1 200 in 41 ms",
    "bot exited with code 137",
    "process finished, exit code: 1, status code: 429",
    "order 1003 filled at 10035.5, id=-1021",
    "closing code=1000 reason=",
    "{'code': None, 'data': []}",
    '{"code": null, "label": "btc"}',
    "{'error': [], 'result': {}}",
    "received 42 candles (1m)",
    "Retry 3 of 10, reqId pending",
)


def check_no_code():
    """No context finds a code in text that holds none."""
    for context in load(RULES / "codes.toml").get("context", []):
        for text in NO_CODE:
            if found := re.search(context.get("regex", "x^"), text):
                problem("codes.toml", f"{context['name']}: finds {found['code']} in: {text}")


def check_packages():
    """The module table: names are names, choices agree with it, nothing of the standard library is to be installed."""
    file = "packages.toml"
    table = load(RULES / file)
    check_keys(file, "table", table, ["stdlib", "modules", "choice", "package", "removed", "system"])
    modules, stdlib = table.get("modules", {}), set(table.get("stdlib", []))
    for module, requirement in modules.items():
        if not MODULE.fullmatch(module):
            problem(file, f"{module}: not a module name")
        if not REQUIREMENT.fullmatch(requirement):
            problem(file, f"{requirement}: not a requirement name")
        if module.split(".")[0] in stdlib:
            problem(file, f"{module}: is in the standard library")
    for choice in table.get("choice", []):
        check_keys(file, choice.get("module"), choice, ["module", "package", "why"], ["others", "avoid"])
        if modules.get(choice.get("module")) != choice.get("package"):
            problem(file, f"choice {choice.get('module')}: not what [modules] says")
        for other in choice.get("others", []):
            check_keys(file, f"choice {choice['module']}", other, ["package", "names"])
    for name, note in table.get("package", {}).items():
        check_keys(file, f"package {name}", note, [], ["needs", "note", "successor"])
        if name not in modules.values():
            problem(file, f"package {name}: no module of it is known")
    for name, entry in table.get("removed", {}).items():
        check_keys(file, f"removed {name}", entry, ["removed"], ["use", "package"])
        if not re.fullmatch(r"3\.\d+", entry.get("removed", "")):
            problem(file, f"removed {name}: a version such as 3.12")
        if name in stdlib or name in modules:
            problem(file, f"removed {name}: also in stdlib or [modules]")
    for name, entry in table.get("system", {}).items():
        check_keys(file, f"system {name}", entry, [], ["debian", "debian-python"])
        if not entry:
            problem(file, f"system {name}: empty")
    if subprocess.run([sys.executable, RULES / "make/packages.py", "--check"], capture_output=True).returncode:
        problem(file, "stale: run make/packages.py")


def main():
    exchanges = check_exchanges()
    check_codes(exchanges)
    check_no_code()
    check_packages()
    print("\n".join(problems) or "tables are sound")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
