#!/usr/bin/env bash
# Sends a test event to every tab of the store.
# usage: push-event.sh [TEXT]
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [ $# -gt 0 ]; then
    with_json "{\"data\":$(json_string "$1")}" POST "$store/api/sse/push-event" -b "$state/owner.cookies"
else
    owner POST "$store/api/sse/push-event"
fi
