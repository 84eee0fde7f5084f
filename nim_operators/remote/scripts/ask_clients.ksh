# ask_clients.ksh - ask the clients that the other master could not make speak. Reads only.
# Given: NONCE C_RSH ASK_SECONDS WIDTH LIMIT, list_clients.
listed_answers() {
    ask_clients "$(list_clients)"
}

section clients "$ASK_SECONDS" listed_answers
printf '%s complete\n' "$NONCE"
