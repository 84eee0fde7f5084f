# break_glass.ksh - take every client over by hand, on the day Airflow is down. It stands alone on the master.
# Given: BASE MASTER HOST OTHER OTHER_HOST POINT COUNT SEND FENCE M_BACKUP_DB LSSRC BACKUPS, what clients.ksh is
# given, list_clients, and list_names: each name by which a client may mean this master. Ends with 0 where every client
# names this master, with 1 where nothing was changed, with 3 where some client did not follow.

explain() {
    cat <<EOT

TAKE THE CLIENTS OVER FROM $OTHER, WITHOUT AIRFLOW

This makes $MASTER the master of $COUNT NIM clients which $OTHER controlled when this was written.
It rests on the recovery point of $POINT: what was defined or changed on $OTHER since is not known here.
Is Airflow well? Then use its runbook nim_disaster_failover instead: it checks more and keeps evidence.

In this order, and nothing else:
  1. $M_BACKUP_DB $BACKUPS/break_glass.<time>.backup
  2. $SEND
  3. each client is asked by c_rsh which master its own /etc/niminfo names; that only reads.
EOT
}

# stop SENTENCES...: end before anything was changed.
stop() {
    printf '\n'
    printf '%s\n' "$@"
    printf 'NOTHING WAS CHANGED.\n'
    exit 1
}

check_this_host() {
    if [ "$(hostname)" != "$HOST" ]; then
        stop "This is $(hostname). The clients can only be taken over on $HOST ($MASTER):" \
            "log in there and start $BASE/break_glass.ksh there."
    fi
    if [ "$(id -u)" != 0 ]; then
        stop "NIM obeys root only. Start this again as root."
    fi
    if [ ! -t 0 ]; then
        stop "It asks a person, so it wants a terminal. Log in, then type: ksh $BASE/break_glass.ksh"
    fi
    for mark in unusable fenced; do
        if [ -f "$BASE/$mark" ]; then
            cat "$BASE/$mark"
            stop "This master was fenced, see above: it is not the standby that it was at the recovery point of $POINT."
        fi
    done
    busy=$(ps -ef | grep -E '[n]im +(-F +)?-F?o *(sync|takeover)|[n]im_master_recover|[m]_restore_db')
    if [ -n "$busy" ]; then
        stop "NIM is at work here:" "$busy" "Wait until it has ended, then start this again."
    fi
    if ! "$LSSRC" -s nimesis | grep ' active' >/dev/null; then
        stop "nimesis is not active here, so this master could not serve. Start it first: startsrc -s nimesis"
    fi
    if [ -d "$BASE/lock" ]; then
        printf '\nThe pair lock is held here: run %s, since %s.\n' "$(lock_field run)" "$(lock_field taken_at)"
        printf 'Does Airflow work on that run? Then end it there first. Is Airflow down? Then go on.\n'
    fi
}

# ask_whom: make a table of a line for each client, '<name> yes', or '<name> no' and what it said; set there and away to
# counts. The table is a file: as an argument of printf, which is no part of ksh88, it could be too long.
ask_whom() {
    printf '\nAsking %s clients which master they follow; a dead one costs %s seconds, %s are asked at a time...\n' \
        "$COUNT" "$LIMIT" "$WIDTH"
    {
        list_names | sed 's/^/= /'
        ask_clients "$(list_clients)"
    } | awk '
        $1 == "=" {
            name = $2
            means[name] = 1
            next
        }
        { client = $1 }
        $2 == "@" {
            if (who[client] != "" && who[client] != client) word = "no: another host answered, it calls itself " who[client]
            else if (said[client] == "") word = "no: it did not answer"
            else if (tolower(said[client]) in means) word = "yes"
            else word = "no: it names " said[client]
            print client, word
            next
        }
        {
            sub(/^[^ ]+ +(export +)?/, "")
            value = $0
            sub(/^[^=]*=/, "", value)
            gsub(/["\047 \t\r]/, "", value)
            if ($0 ~ /^NIM_MASTER_HOSTNAME=/) said[client] = value
            if ($0 ~ /^NIM_NAME=/) who[client] = value
        }' | sort >"$BASE/break_glass.clients"
    there=$(grep -c ' yes$' "$BASE/break_glass.clients")
    away=$((COUNT - there))
}

# demand_promise: a person says that the other master is out of the way; nobody else can.
demand_promise() {
    if limited 15 ping -c 1 -w 5 "$OTHER_HOST" 2>/dev/null | grep '[1-9][0-9]* [a-z ]*received' >/dev/null; then
        promise=FENCED
        cat <<EOT

$OTHER ANSWERS PING: IT IS NOT DEAD. Two masters that serve the same clients damage both databases.
Fence it first. Log in to $OTHER_HOST as root and type:
  $FENCE
  lsitab -a | grep startsrc      then, for each entry that starts nimesis or the group nim: rmitab <its first word>
Where nobody can log in: power it off at the HMC, or take it off the network.
EOT
    else
        promise=DEAD
        cat <<EOT

$OTHER does not answer ping. That alone proves nothing: a broken network looks the same.
Look at its console or at the HMC. If it runs, power it off, or fence it. Log in there as root and type:
  $FENCE
  lsitab -a | grep startsrc      then, for each entry that starts nimesis or the group nim: rmitab <its first word>
EOT
    fi
    printf '\nType %s if you have seen that %s is %s. Anything else ends this: ' "$promise" "$OTHER" "$promise"
    read -r typed
    if [ "$typed" != "$promise" ]; then
        stop "You typed '$typed'."
    fi
}

back_up() {
    backup=$BACKUPS/break_glass.$(date -u '+%Y%m%dT%H%M%SZ').backup
    mkdir -p "$BACKUPS"
    printf '\nBacking the database of this master up to %s\n' "$backup"
    if ! "$M_BACKUP_DB" "$backup" || [ ! -s "$backup" ]; then
        stop "The backup failed, see above; make room in $BACKUPS, then start this again." \
            "If it cannot be made, and you must: $SEND"
    fi
}

# take_over: neither Ctrl-C nor a lost terminal may end a takeover halfway. What it prints is no proof of anything; what
# it writes others have to read.
take_over() {
    printf '\nTaking over. It may take long, and must not be ended. Its words are also in %s\n\n' "$BASE/break_glass.log"
    trap '' HUP INT
    {
        printf '%s %s\n' "$(now)" "$SEND"
        umask 022
        eval "$SEND"
        printf 'It ended with %s.\n' $?
    } </dev/null 2>&1 | tee -a "$BASE/break_glass.log"
    trap - HUP INT
}

tell() {
    printf '\n'
    sed -e 's/ yes$/  follows this master/' -e 's/ no: /  DOES NOT FOLLOW: /' "$BASE/break_glass.clients"
    printf '\n%s of %s clients follow %s.\n' "$there" "$COUNT" "$MASTER"
}

what_next() {
    cat <<EOT

What now:
- Keep $OTHER fenced, or powered off. When it comes back it must not serve: stop its nimesis before anything else.
- When Airflow is back: run nim_disaster_failover. It finds the clients here and records that $MASTER is the active
  master. When $OTHER is repaired: run nim_reprotect, which makes it the standby, then nim_give_back.
- To go back to the database of before on this master: ${M_BACKUP_DB%m_backup_db}m_restore_db $backup
EOT
    if [ "$away" -gt 0 ]; then
        cat <<EOT
- A client that does not follow: make it answer (switched on, nimsh running), then start this again: clients that
  follow already stay as they are. If that does not help, log in to it and run niminit with this master.
EOT
    fi
}

break_glass() {
    explain
    check_this_host
    ask_whom
    tell
    if [ "$away" -eq 0 ]; then
        printf 'There is nothing to do.\n'
        exit 0
    fi
    demand_promise
    back_up
    take_over
    ask_whom
    tell
    what_next
    if [ "$away" -gt 0 ]; then
        exit 3
    fi
}
