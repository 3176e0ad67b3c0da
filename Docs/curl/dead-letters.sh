#!/usr/bin/env bash
# Lists the messages that nobody could work on, the oldest first. The id of the oldest is kept for the next two scripts.
# usage: dead-letters.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

operator GET "$store/api/dead-letter"
oldest=$(json_field id <<<"$body" || true)
if [ -n "$oldest" ]; then remember dead_letter "$oldest"; else rm -f "$state/dead_letter"; fi
