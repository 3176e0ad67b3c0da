#!/usr/bin/env bash
# The store accepts an order. Without minutes it promises its default, and what a busy kitchen needs longer.
# usage: accept.sh [ORDER_ID [MINUTES]]      (default: the one that order.sh made last)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 2 ] || wrong_use
id=${1:-$(recall order_id order.sh)}
case $id${2:-} in "" | *[!0-9]*) wrong_use ;; esac
if [ $# = 2 ]; then set -- -H 'Content-Type: application/json' --data-raw "{\"prep_minutes\":$2}"; else set --; fi
owner POST "$store/api/user-order/$id/accept" "$@"
