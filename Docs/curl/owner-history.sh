#!/usr/bin/env bash
# Lists the orders of the store that are over, newest first, or looks for some of them.
# usage: owner-history.sh [QUERY [TEXT]]
#
# QUERY:   for example limit=10, status=REJECT or from=2026-11-01&to=2026-11-20 (days in Korea; '' for none)
# TEXT:    words in the order's number, its menus, its note or its address
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 2 ] || wrong_use
url=$store/api/user-order/history${1:+?$1}
if [ -n "${2:-}" ]; then set -- -G --data-urlencode "query=$2"; else set --; fi
owner GET "$url" "$@"
