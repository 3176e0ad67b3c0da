#!/usr/bin/env bash
# Lists the orders that the rider may take, and those that they carry.
# usage: rider-deliveries.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# = 0 ] || wrong_use
rider GET "$store/api/rider/delivery"
id=$(printf '%s' "$body" | json_field order_id) || id=''
[ -z "$id" ] || remember delivery "$id"
