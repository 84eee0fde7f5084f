# ask_clients.ksh - ask the clients that the other master could not make speak. Reads only.
# Given: NONCE and what clients.ksh is given, list_clients.
clients_section "$(list_clients)"
say "$NONCE complete"
