#!/usr/bin/env bash
# Lists the orders of the store that are under way, and the cursor from which a stream misses nothing.
# usage: owner-current.sh [QUERY]        (for example: limit=10)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner GET "$store/api/user-order/current${1:+?$1}"
