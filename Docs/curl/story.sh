#!/usr/bin/env bash
# Tells the whole story and checks it: a customer logs in, looks around and orders; the store owner watches the event
# stream, sees that order, once, accepts and cooks it; a rider brings it, the customer confirms, and the settlement has it.
# Ends with an error when anything is not so.
# usage: story.sh
#
# It uses the other scripts of this folder, and the demo data (DEMO_DATA=1).

here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/delivery-story-XXXXXX")
export DELIVERY_STATE=$folder/state
watcher=''
# shellcheck disable=SC2317 # it is called by a trap
finish() {
    local status=$?
    [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
    rm -rf "$folder"
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM
source "$here/lib.sh"

chapter() { printf '\n== %s\n' "$*"; }
# tell SCRIPT [ARGUMENT…]: runs it, shows its reply (shortened) and leaves it in $reply.
reply=''
tell() {
    local script=$1 failed=''
    shift
    printf '$ Docs/curl/%s' "$script"
    [ $# = 0 ] || printf ' %q' "$@"
    printf '\n'
    reply=$("$here/$script" "$@") || failed=1
    if [ ${#reply} -gt 600 ]; then printf '%s …\n' "${reply:0:600}"; else printf '%s\n' "$reply"; fi
    [ -z "$failed" ] || fail "$script failed"
}
# expect WHAT TEXT…: the last reply must contain each of the texts.
expect() {
    local what=$1 text
    shift
    for text; do
        case $reply in *"$text"*) ;; *) fail "$what: the reply lacks $text" ;; esac
    done
    printf 'ok: %s\n' "$what"
}
# Finds the order by its own id, not by that of its store or of one of its menus.
mentions_order() {
    sed -E 's/"store_menu_responses":\[[^]]*\]//g;s/"store_response":\{[^}]*\}//g' |
        grep "${1:--q}" -E "\"id\":${order}[,}]"
}
expect_order() {
    mentions_order <<<"$reply" || fail "$1: the reply lacks order $order"
    printf 'ok: %s\n' "$1"
}
# wait_for SECONDS WHAT COMMAND…
wait_for() {
    local left=$(($1 * 20)) what=$2
    shift 2
    until "$@"; do
        left=$((left - 1))
        [ $left -gt 0 ] || fail "$what did not come. The stream so far: $(cat "$folder/stream")"
        sleep 0.05
    done
    printf 'ok: %s\n' "$what"
}

chapter "Both services are ready"
tell health.sh
expect "both say so" '"UP"'

chapter "A customer logs in"
tell login.sh
expect "a token came" '"access_token"' '"refresh_token"'
tell refresh.sh
tell me.sh
expect "it is she" 'customer@example.com'

chapter "She looks for a store, and for something to eat"
tell stores.sh KOREAN_FOOD
expect "there is store 1" '"id":1' 'KOREAN_FOOD'
tell menus.sh 1
expect "with a menu" '"store_id":1' '"amount"'
menu=$(json_field id <<<"$reply")

chapter "The store owner logs in and watches"
tell owner-login.sh
tell owner-me.sh
expect "it is the owner of store 1" 'owner1@example.com'
printf '$ Docs/curl/watch.sh &\n'
: >"$folder/stream"
"$here/watch.sh" >"$folder/stream" &
watcher=$!
wait_for 10 "the stream is open" grep -q '^event: *onopen' "$folder/stream"

chapter "The customer orders, and sends the same order once more because she is not sure"
export IDEMPOTENCY_KEY=story-$$-$RANDOM$RANDOM
tell order.sh 1 "$menu" "$menu"
expect "the order is taken (201)" '"result_code":201' '"status":"ORDER"'
order=$(cat "$DELIVERY_STATE/order_id")
tell order.sh 1 "$menu" "$menu"
[ "$(cat "$DELIVERY_STATE/order_id")" = "$order" ] || fail "the same key made a second order"
printf 'ok: it is one order, number %s\n' "$order"
tell order-by-id.sh
expect_order "she can look it up"
tell current.sh limit=1
expect_order "and it is under way"

chapter "The owner sees it"
seen() { grep '^data:' "$folder/stream" | grep user_order_response | mentions_order -c; }
appears() { [ "$(seen)" -gt 0 ]; }
wait_for 10 "order $order is on the stream" appears
tell push-event.sh "the end"
wait_for 10 "a test event arrives after it" grep -q 'the end' "$folder/stream"
[ "$(seen)" = 1 ] || fail "order $order is on the stream $(seen) times"
printf 'ok: the order came exactly once\n\n'
cat "$folder/stream"
tell owner-current.sh limit=5
expect_order "the snapshot has it too"
expect "with the cursor of the stream" '"last_event_id"'

chapter "The store takes the order to its end"
moved() { grep -A 3 '^event: *order-status' "$folder/stream" | grep "\"id\":${order}[,}]" | grep -q "\"status\":\"$1\""; }
tell accept.sh "$order" 25
expect "it is accepted, for in 25 minutes" '"status":"ACCEPT"' '"prep_minutes":25' '"action":"ACCEPT"'
wait_for 10 "every tab hears of it" moved ACCEPT
if again=$("$here/accept.sh" "$order" 2>/dev/null); then fail "it was accepted twice"; fi
case $again in *'"result_code":3001'*) printf 'ok: nobody accepts it twice (409, 3001)\n' ;; *) fail "$again" ;; esac
tell start-cooking.sh "$order"
expect "it cooks" '"status":"COOKING"'
tell finish-cooking.sh "$order"
expect "it is cooked" '"status":"COOKED"'

chapter "A rider brings it"
tell rider-login.sh
tell rider-deliveries.sh
expect "the rider sees it" "\"order_id\":$order,"
tell rider-take.sh "$order"
tell rider-pick-up.sh "$order"
expect "it is on its way" '"status":"DELIVERY"'
tell rider-complete.sh "$order"
expect "it is there" '"status":"DELIVERED"'
wait_for 10 "the store's tabs have seen it go" moved DELIVERED
tell confirm.sh "$order"
expect "the customer has received it" '"status":"RECEIVE"'
tell order-by-id.sh "$order"
expect "and sees who did what when" '"timeline"' '"action":"START_COOKING"' '"action":"TAKE"' '"actor":"RIDER"'

chapter "The settlement has it"
settled() { "$here/settlement.sh" format=csv 2>/dev/null | grep -q ",$order,SALE,"; }
wait_for 10 "the sale is booked" settled

chapter "The store brings another order itself"
IDEMPOTENCY_KEY='' tell order.sh 1 "$menu"
another=$(cat "$DELIVERY_STATE/order_id")
acceptable() { "$here/accept.sh" "$another" >/dev/null 2>&1; }
wait_for 10 "it is accepted" acceptable
tell start-cooking.sh "$another"
tell finish-cooking.sh "$another"
tell deliver.sh "$another"
expect "the store has brought it" '"status":"DELIVERED"'

chapter "The store's day"
tell sold-out.sh "$menu" 30
expect "a menu is sold out for half an hour" '"sold_out":true' '"sold_out_until"'
if again=$(IDEMPOTENCY_KEY='' "$here/order.sh" 1 "$menu" 2>/dev/null); then fail "it could be ordered"; fi
case $again in *'"result_code":3002'*) printf 'ok: so that nobody can order it (409, 3002)\n' ;; *) fail "$again" ;; esac
tell sold-out.sh "$menu" on-sale
expect "and on sale again" '"sold_out":false'
tell store-settings.sh '{"busy_minutes":10}'
expect "a busy kitchen needs ten minutes more" '"busy_minutes":10'
tell stores.sh KOREAN_FOOD
expect "which customers see beforehand" '"busy_minutes":10' '"estimated_minutes":'
tell store-settings.sh '{"busy_minutes":0}'
tell summary.sh
expect "the day in figures" '"sales":' '"average_cooking_seconds":'

chapter "A tab that comes back"
kill "$watcher" 2>/dev/null || true
wait "$watcher" 2>/dev/null || true
: >"$folder/stream"
"$here/watch.sh" 0 >"$folder/stream" &
watcher=$!
wait_for 10 "gets the order again from the log" appears

chapter "An operator"
tell operator-login.sh
tell dead-letters.sh
expect "the messages that nobody could work on" '"total"'

printf '\nThe story ended well: order %s went from the customer through the store and the rider to the settlement.\n' "$order"
