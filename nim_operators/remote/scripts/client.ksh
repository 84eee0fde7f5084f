# client.ksh - the words of the client that this runs on. Reads only, needs no root. Given: NONCE OSLEVEL NAME.
own_words() {
    spoken_by "$NAME" 0 "$(
        {
            "$OSLEVEL" -s
            uname -m
            cat /etc/niminfo
        } 2>&1
    )"
}

section clients 20 own_words
printf '%s complete\n' "$NONCE"
