# client.ksh - the words of the client that this runs on. Reads only, needs no root. Given: NONCE OSLEVEL NAME WITNESS.
own_words() {
    spoken_by "$NAME" 0 "$(
        {
            "$OSLEVEL" -s
            uname -m
            cat /etc/niminfo
        } 2>&1
    )"
}

# Whether it reaches its master. nimclient wants root; ping tells without.
testimony() {
    host=$(sed -n 's/^export NIM_MASTER_HOSTNAME=//p' /etc/niminfo | tr -d '"')
    {
        limited 10 /usr/sbin/ping -c 1 -w 5 "$host"
        limited 10 /usr/sbin/nimclient -l master
    } 2>&1 | awk -v name="$NAME" '{ print name " " $0 }'
}

section clients 20 own_words
if [ "$WITNESS" = yes ]; then
    section witnesses 25 testimony
fi
say "$NONCE complete"
