#!/usr/bin/env bash
# The rider takes a cooked order. Who comes second gets 409.
# usage: rider-take.sh [ORDER_ID]        (default: the first that rider-deliveries.sh has shown)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
id=${1:-$(recall delivery rider-deliveries.sh)}
case $id in "" | *[!0-9]*) wrong_use ;; esac
rider POST "$store/api/rider/delivery/$id/take"
