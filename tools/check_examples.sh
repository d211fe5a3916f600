#!/usr/bin/env bash
# Checks examples/ with the tools that read such files: systemd-analyze for units, docker compose, PyYAML
# for the rest of YAML, shellcheck for scripts, and the program itself for its options. What cannot be checked here
# is said. Usage: tools/check_examples.sh [PROGRAM]
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
"$folder/venv/bin/pip" install -q pyyaml
for file in examples/*.yml examples/*.yaml examples/*/*.yml; do
    check "$file (YAML)" "$folder/venv/bin/python" -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$file"
done

if docker compose version >/dev/null 2>&1; then
    check "examples/compose.yaml (docker compose)" docker compose -f examples/compose.yaml config -q
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
        check "$(basename "$unit") (systemd-analyze)" systemd-analyze verify --user "$unit"
    done
else
    say "units" "not checked: no systemd-analyze"
fi

if command -v shellcheck >/dev/null; then
    for script in examples/hooks/*.sh tools/*.sh .ci/run .ci/full; do
        [ -e "$script" ] && check "$script (shellcheck)" shellcheck "$script"
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
