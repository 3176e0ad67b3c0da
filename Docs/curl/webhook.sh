#!/usr/bin/env bash
# A customer's webhook: each change of one's orders is sent to a URL, signed.
# usage: webhook.sh                  (shows it, and its last deliveries)
#        webhook.sh set URL          (the secret is kept for verify, and shown once)
#        webhook.sh rotate URL       (with a new secret)
#        webhook.sh remove
#        webhook.sh verify ID TIME SIGNATURES < BODY
#
# The last one says whether a request is right: give it the fields webhook-id, webhook-timestamp and webhook-signature, and
# the body as it came, octet by octet. It needs python3. A receiver does the same, in its own language; it also remembers
# the ids that it has seen, since a request may come twice, and takes of two with the same order the one with the higher
# order_version.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The key goes by the environment, since a list of processes shows arguments to everybody.
check='
import base64, hashlib, hmac, os, sys, time

sent_id, sent_time, signatures = sys.argv[1:]
if not sent_time.isdigit() or abs(time.time() - int(sent_time)) > 300:
    # Perhaps somebody kept it and sends it again.
    sys.exit("the request is too old, or from the future")
key = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
content = f"{sent_id}.{sent_time}.".encode() + sys.stdin.buffer.read()
expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
# Each of them, and in a time that does not tell where they differ.
if not any([hmac.compare_digest(expected.encode(), one.encode()) for one in signatures.split()]):
    sys.exit("the signature is wrong")
print("right")
'

verify() {
    local secret
    secret=$(recall webhook_secret "webhook.sh set")
    WEBHOOK_SECRET=$secret python3 -c "$check" "$@"
}

# set_webhook URL true|false
set_webhook() {
    local token secret
    token=$(recall access_token login.sh)
    with_json "{\"url\":$(json_string "$1"),\"rotate_secret\":$2}" PUT "$api/api/user/webhook" \
        -H "authorization-token: $token"
    secret=$(json_field secret <<<"$body")
    [ -z "$secret" ] || remember webhook_secret "$secret"
}

case ${1:-}/$# in
    /0) customer GET "$api/api/user/webhook" ;;
    set/2) set_webhook "$2" false ;;
    rotate/2) set_webhook "$2" true ;;
    remove/1) customer DELETE "$api/api/user/webhook" ;;
    verify/4) verify "$2" "$3" "$4" ;;
    *) wrong_use ;;
esac
