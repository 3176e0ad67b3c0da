#!/usr/bin/env bash
# Logs a rider in and keeps the session cookie for the calls that follow.
# usage: rider-login.sh [EMAIL [PASSWORD]]        (default: rider@example.com password)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rm -f "$state/rider.cookies"
(umask 077 && : >"$state/rider.cookies")
post_json "{\"email\":$(json_string "${1:-rider@example.com}"),\"password\":$(json_string "${2:-password}")}" \
    "$store/login" -c "$state/rider.cookies"
grep -q store_session "$state/rider.cookies" || fail "the reply set no session cookie"
