# list_filesets.ksh - let NIM list the filesets of one client: it does so only for the master that controls the client
# (nim.md 4.5). Reads only. Given: NONCE NIM CLIENT LIMIT.
section lslpp "$LIMIT" "$NIM" -o lslpp "$CLIENT"
say "$NONCE complete"
