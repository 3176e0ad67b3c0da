#!/usr/bin/env bash
# Shows the store's settings, or changes some of them.
# usage: store-settings.sh [JSON]
#
# For example: store-settings.sh '{"busy_minutes":10}'
#              store-settings.sh '{"paused_until":"2030-01-01T18:00:00+09:00"}'; null ends a pause
#              store-settings.sh '{"auto_accept":true,"default_prep_minutes":25,"area_codes":["서울 마포구"]}'
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case $# in
    0) owner GET "$store/api/store/settings" ;;
    1) owner PUT "$store/api/store/settings" -H 'Content-Type: application/json' --data-raw "$1" ;;
    *) wrong_use ;;
esac
