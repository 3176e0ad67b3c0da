#!/usr/bin/env bash
# Orders. A menu that is named twice is ordered twice.
# usage: order.sh [STORE_ID MENU_ID…]        (default: 1 1)
#
# NOTE in the environment is what the store should read.
# IDEMPOTENCY_KEY in the environment is sent along: the same key with the same order makes one order, however often it
# is sent. The id of the order is kept for order-by-id.sh.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# != 1 ] || wrong_use
[ $# -gt 0 ] || set -- 1 1
for number; do case $number in "" | *[!0-9]*) wrong_use ;; esac; done
menus=$(IFS=,; printf "%s" "${*:2}")
token=$(recall access_token login.sh)
note=${NOTE:+,\"note\":$(json_string "$NOTE")}
post_json "{\"store_id\":$1,\"store_menu_id_list\":[$menus]$note}" "$api/api/user-order" \
    -H "authorization-token: $token" ${IDEMPOTENCY_KEY:+-H "Idempotency-Key: $IDEMPOTENCY_KEY"}
# The Location header names the new order.
id=$(sed -n "s/^[Ll]ocation:.*[^0-9]\([0-9][0-9]*\)[^0-9]*$/\1/p" "$state/head" | tail -n 1)
remember order_id "${id:-$(json_field id <<<"$body")}"
