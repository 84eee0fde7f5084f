# clients.ksh - ask clients for their own words, several at a time. Reads only. Given: C_RSH WIDTH LIMIT.

# spoken_by NAME: of what a client said, the lines that matter, each led by its name.
spoken_by() {
    grep -E '^(export +)?NIM_(NAME|HOSTNAME|CONFIGURATION|MASTER|SHELL)|^[0-9][0-9][0-9][0-9]-[0-9]|^[0-9A-Fa-f]+$|0042-|refused|denied|timed out' |
        sed "s/^/$1 /"
}

# ask_client NAME: each line led by the client's name, so that workers may write side by side; '<name> @ <status>' ends it.
ask_client() {
    words=$(limited "$LIMIT" "$C_RSH" "$1" 'LC_ALL=C /usr/bin/oslevel -s; /usr/bin/uname -m; cat /etc/niminfo' 2>&1)
    words_status=$?
    {
        printf '%s\n' "$words" | spoken_by "$1"
        printf '%s @ %s\n' "$1" "$words_status"
    } | cat
}

# ask_clients NAMES: WIDTH workers, each takes every WIDTH-th name; a dead client costs its limit once.
ask_clients() {
    worker=0
    while [ $worker -lt "$WIDTH" ]; do
        (
            turn=0
            for client in $1; do
                if [ $turn -eq $worker ]; then
                    ask_client "$client"
                fi
                turn=$(((turn + 1) % WIDTH))
            done
        ) &
        worker=$((worker + 1))
    done | cat
    wait
}
