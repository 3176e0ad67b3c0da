#!/usr/bin/env bash
# A store that delivers itself: the order is on its way, then it is there.
# usage: deliver.sh [ORDER_ID]       (default: the one that order.sh made last)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
id=${1:-$(recall order_id order.sh)}
case $id in "" | *[!0-9]*) wrong_use ;; esac
owner POST "$store/api/user-order/$id/start-delivery"
owner POST "$store/api/user-order/$id/receive-delivery"
