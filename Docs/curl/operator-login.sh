#!/usr/bin/env bash
# Logs an operator in and keeps the session cookie for the calls that follow.
# usage: operator-login.sh [EMAIL [PASSWORD]]        (default: operator@example.com password)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rm -f "$state/operator.cookies"
(umask 077 && : >"$state/operator.cookies")
post_json "{\"email\":$(json_string "${1:-operator@example.com}"),\"password\":$(json_string "${2:-password}")}" \
    "$store/login" -c "$state/operator.cookies"
grep -q store_session "$state/operator.cookies" || fail "the reply set no session cookie"
