# witnesses.ksh - ask clients whether they reach their master, all at a time. Reads only.
# Given: NONCE C_RSH PATIENCE, and list_witnesses: a client and the host that it shall try on each line.

# testify CLIENT HOST: ping first, for a dead host keeps nimclient until the limit of the whole.
testify() {
    words=$(limited "$PATIENCE" "$C_RSH" "$1" "/usr/sbin/ping -c 1 -w 5 $2; /usr/sbin/nimclient -l master" 2>&1)
    say "$words" | awk -v name="$1" '{ print name " " $0 }'
}

testimony() {
    list_witnesses | {
        while read -r client host; do
            testify "$client" "$host" &
        done
        wait
    }
}

section witnesses $((PATIENCE + 10)) testimony
say "$NONCE complete"
