#!/usr/bin/env bash
# Lists the orders of the customer that are over, newest first.
# usage: history.sh [QUERY]        (for example: limit=10)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

customer GET "$api/api/user-order/history${1:+?$1}"
