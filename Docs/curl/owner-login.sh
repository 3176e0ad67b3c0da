#!/usr/bin/env bash
# Logs a store owner in and keeps the session cookie for the calls that follow.
# usage: owner-login.sh [EMAIL [PASSWORD]]        (default: owner1@example.com password)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rm -f "$state/owner.cookies"
(umask 077 && : >"$state/owner.cookies")
post_json "{\"email\":$(json_string "${1:-owner1@example.com}"),\"password\":$(json_string "${2:-password}")}" \
    "$store/login" -c "$state/owner.cookies"
grep -q store_session "$state/owner.cookies" || fail "the reply set no session cookie"
