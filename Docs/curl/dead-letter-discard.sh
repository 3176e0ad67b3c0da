#!/usr/bin/env bash
# Drops a dead letter for good.
# usage: dead-letter-discard.sh [ID]        (default: the oldest that dead-letters.sh has shown)
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ $# -le 1 ] || wrong_use
id=${1:-$(recall dead_letter dead-letters.sh)}
case $id in "" | *[!0-9a-f]*) wrong_use ;; esac
operator DELETE "$store/api/dead-letter/$id"
