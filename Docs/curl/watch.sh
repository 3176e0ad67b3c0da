#!/usr/bin/env bash
# Watches the event stream of the store until Ctrl-C: first onopen, then each new order as it comes.
# usage: watch.sh [LAST_EVENT_ID]
#
# With the id of the last event that was seen, everything after it comes first; 0 is the beginning.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -s "$state/owner.cookies" ] || fail "no session yet: call owner-login.sh first"
exec curl -sS -N --fail-with-body -b "$state/owner.cookies" -H "Accept: text/event-stream" \
    ${1:+-H "Last-Event-ID: $1"} "$store/api/sse/connect"
