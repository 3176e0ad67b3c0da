#!/usr/bin/env bash
# Asks both services whether they live and whether they are ready.
# usage: health.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok=0
for url in "$api" "$store"; do
    # Each in a shell of its own: the first one that fails must not hide the others.
    (call GET "$url/health/live") || ok=1
    (call GET "$url/health/ready") || ok=1
done
exit $ok
