#!/usr/bin/env bash
# Shows one order of the customer.
# usage: order-by-id.sh [ORDER_ID]        (default: the one order.sh has made)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

id=${1:-$(recall order_id order.sh)}
customer GET "$api/api/user-order/id/$id"
