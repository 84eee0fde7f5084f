# clients.ksh - ask clients for their own words, several at a time. Reads only.
# Given: NONCE C_RSH LSNIM WIDTH LIMIT PORTS PORTS_EACH PORT_SECONDS PORT_STEP PORT_LOOKS.

# spoken_by NAME STATUS TEXT: of what a client said, the lines that matter, each led by its name, then '<name> @ <status>'.
# What follows the status is told with it. All of one client's lines are written at once, so that workers may write side by side.
spoken_by() {
    spoken=
    spoken_ifs=$IFS
    IFS='
'
    set -f
    for line in $3; do
        case ${line#export } in
            *0042-* | *refused* | *denied* | *'timed out'*) ;;
            *NIM_NAME* | *NIM_HOSTNAME* | *NIM_CONFIGURATION* | *NIM_MASTER* | *NIM_SHELL*) ;;
            [0-9][0-9][0-9][0-9]-[0-9]*) ;;
            *[!0-9A-Fa-f]*) continue ;;
        esac
        spoken="$spoken$1 $line
"
    done
    set +f
    IFS=$spoken_ifs
    say "$spoken$1 @ $2"
}

# count_ports: set left to how many privileged ports c_rsh may use before PORTS are in use: NIM, NFS and rsh need the
# rest. A port is in use for up to 240 seconds after its conversation (nim.md 3.4). What netstat does not tell is free.
count_ports() {
    left=$(limited 20 netstat -an 2>/dev/null | awk -v most="$PORTS" '
        $1 ~ /^tcp/ {
            parts = split($4, part, ".")
            port = part[parts] + 0
            if (port >= 512 && port <= 1023) used[port] = 1
        }
        END {
            count = 0
            for (port in used) count++
            print most - count
        }')
}

# hold_pace: come back when this worker may start a conversation. Each takes its share of what is left, and one at least;
# the shares of all do not add up to more than that.
hold_pace() {
    while [ $share -le 0 ] && [ $looks -gt 0 ]; do
        count_ports
        if [ "$left" -gt 0 ]; then
            share=$((left / (WIDTH * PORTS_EACH) + 1))
        else
            looks=$((looks - 1))
            sleep "$PORT_STEP"
        fi
    done
    share=$((share - 1))
}

# converse ADDRESS: ask the client that c_rsh knows by it; set words and words_status. One that could not be asked because this
# master had no port free is asked again later. Only after PORT_LOOKS looks without any free port it is left, with 'no port'
# after its status; the next ones are then asked at once.
converse() {
    while :; do
        hold_pace
        words=$(limited "$LIMIT" "$C_RSH" "$1" 'LC_ALL=C /usr/bin/oslevel -s; /usr/bin/uname -m; cat /etc/niminfo' 2>&1)
        words_status=$?
        no_port=
        case $words in
            *NIM_NAME=*) ;;
            *rresvport* | *'orts in use'* | *'already in use'* | *'assign requested address'*) no_port=yes ;;
        esac
        if [ -z "$no_port" ]; then
            looks=$PORT_LOOKS
            break
        fi
        words_status="$words_status no port"
        if [ $looks -le 0 ]; then
            break
        fi
        share=0
        looks=$((looks - 1))
        sleep "$PORT_STEP"
    done
}

# other_address NAME: the host of a client's first interface, as this master's database has it; nothing where that is its name.
other_address() {
    limited 5 "$LSNIM" -l "$1" 2>/dev/null | awk -v name="$1" '
        index($1, "if") == 1 && $2 == "=" {
            if (tolower($4) != tolower(name) && $4 ~ /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/) print $4
            exit
        }'
}

# is_of_client WORDS: whether a failure tells of the client or the way to it, not of what it is called.
is_of_client() {
    case $1 in
        *0042-008* | *efused* | *enied* | *'imed out'*) return 0 ;;
    esac
    return 1
}

# ask_client NAME: some programs of IBM's give c_rsh the name of the object, some that of its host. So whoever does not answer
# to the one at once is asked by the other. Only a host that calls itself by this name has answered for it; where neither is
# answered, what tells more of the client counts.
ask_client() {
    converse "$1"
    case "$no_port$words_status $words" in
        *NIM_NAME=* | yes* | 137* | 143*) ;;
        *)
            first_words=$words
            first_status=$words_status
            address=$(other_address "$1")
            if [ -n "$address" ]; then
                converse "$address"
                case $words in
                    *NIM_NAME="$1" | *NIM_NAME="$1"[!A-Za-z0-9_.-]* | *NIM_NAME=\""$1"\"*)
                        words_status="$words_status as $address"
                        ;;
                    *)
                        if is_of_client "$first_words" || ! is_of_client "$words"; then
                            words=$first_words
                            words_status=$first_status
                        fi
                        ;;
                esac
            fi
            ;;
    esac
    spoken_by "$1" "$words_status" "$words"
}

# ask_clients NAMES: WIDTH workers, each takes every WIDTH-th name; a client that hangs costs its limit once. The answers pass
# through sed because it hands them on in blocks: a packet for each of thousands of clients costs the reader a second.
ask_clients() {
    looks=$PORT_LOOKS
    count_ports
    share=$((left / (WIDTH * PORTS_EACH)))
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
    done | sed ''
    wait
}

# clients_section NAMES: how many clients are asked and in how many seconds all of them can be: each costs its limit twice, were
# all slow to refuse, and the ports that both conversations keep, were all of them kept for the longest time.
clients_section() {
    count=0
    for client in $1; do
        count=$((count + 1))
    done
    seconds=$((300 + (count + WIDTH - 1) / WIDTH * 2 * (LIMIT + 5) + count * 2 * PORT_SECONDS))
    say "$NONCE asking $count"
    section clients $seconds ask_clients "$1"
}
