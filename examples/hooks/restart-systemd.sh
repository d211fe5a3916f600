#!/bin/sh
# Starts a unit of the user's systemd again: restart-systemd.sh UNIT
# For a system unit leave out `--user` and let the hook run as a user who may do that.
set -eu
unit=$1

# A unit that does not exist will not exist in a minute either: give up at once.
systemctl --user cat "$unit" >/dev/null || exit 125

# Five starts in ten seconds make systemd refuse the next; the count starts anew here.
systemctl --user reset-failed "$unit" || true
systemctl --user restart "$unit"
systemctl --user is-active "$unit"
