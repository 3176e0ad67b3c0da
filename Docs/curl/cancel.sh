#!/usr/bin/env bash
# Cancels an order: possible until the store begins to cook.
# usage: cancel.sh [ORDER_ID]        (default: the one order.sh has made)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

id=${1:-$(recall order_id order.sh)}
customer POST "$api/api/user-order/$id/cancel"
