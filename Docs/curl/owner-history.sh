#!/usr/bin/env bash
# Lists the orders of the store that are over, newest first.
# usage: owner-history.sh [QUERY]        (for example: limit=10)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

owner GET "$store/api/user-order/history${1:+?$1}"
