#!/usr/bin/env bash
# The kitchen starts to cook an accepted order.
# usage: start-cooking.sh [ORDER_ID]       (default: the one that order.sh made last)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
id=${1:-$(recall order_id order.sh)}
case $id in "" | *[!0-9]*) wrong_use ;; esac
owner POST "$store/api/user-order/$id/start-cooking"
