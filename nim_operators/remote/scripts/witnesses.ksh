# witnesses.ksh - ask clients whether they reach their master, all at a time. Reads only.
# Given: NONCE C_RSH PATIENCE, and list_witnesses: a client, the host that it shall try, and what c_rsh knows it by.

# testify CLIENT HOST ADDRESS: ping first, for a dead host keeps nimclient until the limit of the whole.
testify() {
    words=$(limited "$PATIENCE" "$C_RSH" "$3" "/usr/sbin/ping -c 1 -w 5 $2; /usr/sbin/nimclient -l master" 2>&1)
    say "$words" | awk -v name="$1" '{ print name " " $0 }'
}

testimony() {
    list_witnesses | {
        while read -r client host address; do
            testify "$client" "$host" "$address" &
        done
        wait
    }
}

section witnesses $((PATIENCE + 10)) testimony
say "$NONCE complete"
