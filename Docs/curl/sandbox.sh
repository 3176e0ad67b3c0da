#!/usr/bin/env bash
# The payment gateway to try against, of an api with SANDBOX=1: how it behaves, or what it knows of an order.
# usage: sandbox.sh                                      how it behaves
#        sandbox.sh payment [ORDER_ID]                   what it knows (default: the order that order.sh made last)
#        sandbox.sh set LATENCY_MS FAILURE_PERCENT DECLINE_PERCENT
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1:-} in
    "") call GET "$api/sandbox/settings" ;;
    payment)
        [ $# -le 2 ] || wrong_use
        id=${2:-$(recall order_id order.sh)}
        case $id in "" | *[!0-9]*) wrong_use ;; esac
        call GET "$api/sandbox/payments/$id"
        ;;
    set)
        [ $# = 4 ] || wrong_use
        for number in "${@:2}"; do case $number in "" | *[!0-9]*) wrong_use ;; esac; done
        with_json "{\"latency_ms\":$2,\"failure_percent\":$3,\"decline_percent\":$4}" PUT "$api/sandbox/settings"
        ;;
    *) wrong_use ;;
esac
