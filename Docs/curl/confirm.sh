#!/usr/bin/env bash
# Says that the customer has received an order: possible once it is on its way.
# usage: confirm.sh [ORDER_ID]        (default: the one order.sh has made)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

id=${1:-$(recall order_id order.sh)}
customer POST "$api/api/user-order/$id/confirm"
