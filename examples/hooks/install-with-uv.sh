#!/bin/sh
# Installs one requirement into the bot's own venv: install-with-uv.sh VENV REQUIREMENT
# Use it with `{package}`, which is what the bot's own requirements say and never what a log says.
set -eu
venv=$1
requirement=$2

# Without the bot's interpreter there is nothing to install into.
[ -x "$venv/bin/python" ] || { echo "no $venv/bin/python" >&2; exit 125; }

uv pip install --python "$venv/bin/python" -- "$requirement"
