#!/usr/bin/env bash
# The store rejects an order; the customer gets the money back.
# usage: reject.sh [REASON [ORDER_ID]]       (default: TOO_BUSY, and the order that order.sh made last)
#
# REASON: OUT_OF_ITEMS, KITCHEN_CLOSED, TOO_BUSY, CANNOT_COMPLETE_NOTE, CUSTOMER_CALLED or OTHER.
# NOTE in the environment is what the customer should read. EXPECTED_STATUS=ACCEPT rejects an order that was accepted.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 2 ] || wrong_use
id=${2:-$(recall order_id order.sh)}
case $id in "" | *[!0-9]*) wrong_use ;; esac
note=${NOTE:+,\"note\":$(json_string "$NOTE")}
expected=${EXPECTED_STATUS:+,\"expected_status\":$(json_string "$EXPECTED_STATUS")}
owner POST "$store/api/user-order/$id/reject" -H 'Content-Type: application/json' \
    --data-raw "{\"reason\":$(json_string "${1:-TOO_BUSY}")$note$expected}"
