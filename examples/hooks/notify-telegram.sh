#!/bin/sh
# Sends what happened to a Telegram chat: TELEGRAM_TOKEN is the bot's token, TELEGRAM_CHAT the chat's id.
set -eu
: "${TELEGRAM_TOKEN:?set TELEGRAM_TOKEN}" "${TELEGRAM_CHAT:?set TELEGRAM_CHAT}"
api=${TELEGRAM_API:-https://api.telegram.org}

text="$WD_LEVEL in $WD_SOURCE: $WD_SUMMARY
$WD_RULE, $WD_FINGERPRINT"

# The token is part of the address: it goes in by a file handle, where `ps` does not show it.
# Plain text, no parse_mode: nothing of a log is taken for markup.
curl --silent --show-error --fail --max-time 20 --output /dev/null \
    --data-urlencode "chat_id=$TELEGRAM_CHAT" --data-urlencode "text=$text" \
    --config /dev/fd/3 3<<END
url = "$api/bot$TELEGRAM_TOKEN/sendMessage"
END
