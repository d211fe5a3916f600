#!/bin/sh
# Posts the diagnosis, one JSON object, to the address in WEBHOOK_URL.
set -eu
: "${WEBHOOK_URL:?set WEBHOOK_URL}"

# The address may hold a token: it goes in by a file handle, where `ps` does not show it.
curl --silent --show-error --fail --max-time 20 --output /dev/null \
    --header 'Content-Type: application/json' --data-binary @- \
    --config /dev/fd/3 3<<END
url = "$WEBHOOK_URL"
END
