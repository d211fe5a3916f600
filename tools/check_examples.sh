#!/usr/bin/env bash
# Checks examples/ with the tools that read such files: the published schemas of GitHub, GitLab and compose (as
# check-jsonschema carries them), docker compose, systemd-analyze for units, shellcheck for scripts and for the scripts
# inside YAML, and the program itself for its options. What cannot be checked here is said.
# Usage: tools/check_examples.sh [PROGRAM]
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-target/debug/wd-diagnose}
status=0

say() { printf '%-44s %s\n' "$1" "$2"; }
check() {
    local name=$1
    shift
    if output=$("$@" 2>&1); then say "$name" ok; else say "$name" FAILED; echo "$output" >&2; status=1; fi
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q check-jsonschema ruamel.yaml

# The file against the schema of what reads it.
schema() { check "$2 ($1)" "$folder/venv/bin/check-jsonschema" --builtin-schema "vendor.$1" "$2"; }
schema github-workflows examples/github/workflow.yml
schema github-actions examples/github/action.yml
schema gitlab-ci examples/gitlab-ci.yml
schema compose-spec examples/compose.yaml

if docker compose version >/dev/null 2>&1; then
    check "examples/compose.yaml (docker compose)" docker compose -f examples/compose.yaml config -q
elif command -v docker-compose >/dev/null; then
    # An old one: it wants a version, which newer ones ignore.
    { echo 'version: "3.8"'; cat examples/compose.yaml; } >"$folder/compose.yaml"
    check "examples/compose.yaml (docker-compose)" docker-compose -f "$folder/compose.yaml" config -q
else
    say "examples/compose.yaml" "not checked: no docker compose"
fi

if command -v systemd-analyze >/dev/null; then
    # Programs of the examples need not be installed here: units are checked with ones that are.
    for unit in examples/systemd/*.service examples/prometheus/*.service examples/prometheus/*.timer; do
        sed -E 's#^ExecStart=[^ ]+#ExecStart=/bin/true#; s#^WorkingDirectory=.*#WorkingDirectory=/#' "$unit" \
            >"$folder/$(basename "$unit")"
    done
    for unit in "$folder"/*.service "$folder"/*.timer; do
        check "$(basename "$unit") (systemd-analyze)" env XDG_RUNTIME_DIR="$folder" systemd-analyze verify --user "$unit"
    done
else
    say "units" "not checked: no systemd-analyze"
fi

if command -v shellcheck >/dev/null; then
    for script in examples/hooks/*.sh tools/*.sh .ci/*; do
        check "$script (shellcheck)" shellcheck "$script"
    done
    # What the jobs run, a script each.
    "$folder/venv/bin/python" - "$folder" examples/github/*.yml <<'PY'
import pathlib, sys
from ruamel.yaml import YAML
folder, *files = sys.argv[1:]
for file in files:
    text = YAML(typ="safe").load(pathlib.Path(file).read_text())
    lists = [job["steps"] for job in text.get("jobs", {}).values()]
    lists += [text["runs"]["steps"]] if "runs" in text else []
    for number, step in enumerate(step for steps in lists for step in steps if "run" in step):
        script = pathlib.Path(folder, f"{pathlib.Path(file).stem}-{number}.bash")
        script.write_text("#!/usr/bin/env bash\nset -eo pipefail\n" + step["run"])
PY
    for script in "$folder"/*.bash; do
        # Variables come from the environment of the step; what is installed is words.
        check "$(basename "$script") of examples/github (shellcheck)" shellcheck -e SC2153,SC2154,SC2086 "$script"
    done
else
    say "scripts" "not checked: no shellcheck"
fi

# Every option that an example gives to the program is one of its options.
help=$("$program" --help)
options=$(grep -rhoE 'wd-diagnose .*' examples --include='*.y*ml' --include='*.service' --include=README.md |
    grep -oE -- '(^| )--[a-z-]+' | tr -d ' ' | sort -u)
for option in $options; do
    if ! grep -qE -- "(^|[ ,])$option\b" <<<"$help"; then say "$option" "FAILED: no such option"; status=1; fi
done
say "options of the program" "$(wc -w <<<"$options") looked up"
exit "$status"
