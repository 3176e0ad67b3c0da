#!/usr/bin/env bash
# Pays an order that is pending, again after a decline.
# usage: pay.sh [ORDER_ID]           (default: the one that order.sh made last)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
id=${1:-$(recall order_id order.sh)}
case $id in "" | *[!0-9]*) wrong_use ;; esac
customer POST "$api/api/user-order/$id/pay"
