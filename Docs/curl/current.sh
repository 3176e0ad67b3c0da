#!/usr/bin/env bash
# Lists the orders of the customer that are under way, newest first.
# usage: current.sh [QUERY]        (for example: limit=10)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/user-order/current${1:+?$1}"
