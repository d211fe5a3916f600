#!/usr/bin/env bash
# Builds the wheel, installs it from its file into a fresh venv and runs the program there. Needs Python 3
# with pip, and Rust. Usage: tools/check_wheel.sh
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/build"
"$folder/build/bin/pip" install -q 'maturin>=1.8,<2'
"$folder/build/bin/maturin" build --release --locked --out "$folder/wheels" --interpreter python3
ls -l "$folder"/wheels/*.whl

python3 -m venv "$folder/fresh"
"$folder/fresh/bin/pip" install -q --no-index "$folder"/wheels/*.whl
"$folder/fresh/bin/wd-diagnose" --version
report=$("$folder/fresh/bin/wd-diagnose" --format json --fail-on never fixtures/network/refused-ccxt.log)
python3 -c 'import json, sys
rule = json.loads(sys.argv[1])["verdict"]["rule"]
sys.exit(0 if rule == "network/connection-refused" else f"verdict {rule}")' "$report"
echo "the installed wheel diagnoses the sample log"
