#!/usr/bin/env bash
# Watches what becomes of the customer's orders until Ctrl-C: first onopen, then each change as it happens.
# usage: user-stream.sh [LAST_EVENT_ID]
#
# With the id of the last event that was seen, everything after it comes first; 0 is the beginning.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

token=$(recall access_token login.sh)
# The token goes over standard input, so that no list of processes shows it.
exec curl -sS -N --fail-with-body -H @- -H "Accept: text/event-stream" ${1:+-H "Last-Event-ID: $1"} \
    "$api/api/sse/connect" < <(printf 'authorization-token: %s\n' "$token")
