# observe.ksh - everything about one master in one round trip. Reads only.
# Given: NONCE BASE NIM_COMMANDS... (see collect.py), list_names, list_locations, ASK, WIDTH, LIMIT.

identity() {
    printf 'clock=%s\n' "$(date -u '+%Y-%m-%dT%H:%M:%SZ')"
    printf 'hostname=%s\n' "$(hostname)"
    printf 'machine_id=%s\n' "$(uname -m)"
    printf 'system=%s\n' "$(uname -s)"
    printf 'uid=%s\n' "$(id -u)"
}

# Each location, whether it exists, its size, and the file system of the nearest directory that exists.
places() {
    {
        list_locations
        $LSNIM -l -c resources 2>/dev/null | sed -n 's/^[ 	]*location[ 	]*=[ 	]*//p'
    } | sort -u | while read -r place; do
        case $place in
            /*) ;;
            *) continue ;;
        esac
        kind=absent
        size=
        if [ -d "$place" ]; then
            kind=directory
        elif [ -f "$place" ]; then
            kind=file
        fi
        if [ $kind != absent ]; then
            size=$(du -sk "$place" 2>/dev/null | awk 'NR == 1 { print $1 }')
        fi
        parent=$place
        while [ ! -d "$parent" ] && [ "$parent" != / ]; do
            parent=$(dirname "$parent")
        done
        printf '@ %s %s %s\n' "$kind" "${size:--}" "$place"
        df -k "$parent" 2>/dev/null
    done
}

names() {
    list_names | while read -r asked; do
        printf '@ %s\n' "$asked"
        limited 10 host "$asked" 2>&1
    done
}

# Whether the peer's NFS can be reached: replication copies over it (nim.md 3.4).
nfs_of_peer() {
    list_peers | while read -r peer; do
        printf '@ %s\n' "$peer"
        limited 15 rpcinfo -p "$peer" 2>&1
    done
}

crontabs() {
    for crontab in /var/spool/cron/crontabs/*; do
        if [ -f "$crontab" ]; then
            sed "s|^|$crontab: |" "$crontab"
        fi
    done
}

niminfo() {
    if [ -f /etc/niminfo ]; then
        cat /etc/niminfo
    else
        return 2
    fi
}

# What this product keeps on the host. Nothing is created here.
own_records() {
    if [ -L "$BASE" ] || [ ! -d "$BASE" ]; then
        if [ -L "$BASE" ] || [ -f "$BASE" ]; then
            printf '@ fault %s is not a directory\n' "$BASE"
        fi
        return 0
    fi
    printf '@ listing %s\n' "$(ls -ldn "$BASE")"
    for record in "$BASE"/direction "$BASE"/lock/owner; do
        if [ -f "$record" ]; then
            printf '@ record %s\n' "${record#"$BASE"/}"
            cat "$record"
        fi
    done
    for job in "$BASE"/jobs/*/job; do
        if [ -f "$job" ]; then
            job_state "${job%/job}"
            printf '@ job %s\n' "$state"
            cat "$job"
        fi
    done
}

# ask CLIENT: the client's own words, each line led by its name, so that workers may write side by side.
ask() {
    words=$(limited "$LIMIT" "$C_RSH" "$1" 'LC_ALL=C /usr/bin/oslevel -s; cat /etc/niminfo' 2>&1)
    status=$?
    {
        printf '%s\n' "$words" | grep -E '^(export +)?NIM_(NAME|HOSTNAME|CONFIGURATION|MASTER|SHELL)|^[0-9][0-9][0-9][0-9]-[0-9]|0042-|refused|denied|timed out' |
            sed "s/^/$1 /"
        printf '%s @ %s\n' "$1" "$status"
    } | cat
}

clients() {
    list_clients=$($LSNIM -l 2>/dev/null | awk '
        /^[^ \t].*:[ \t]*$/ { name = $0; sub(/:[ \t]*$/, "", name); next }
        $1 == "type" && $2 == "=" && ($3 == "standalone" || $3 == "diskless" || $3 == "dataless" || $3 == "vios") { print name }')
    worker=0
    while [ $worker -lt "$WIDTH" ]; do
        (
            turn=0
            for client in $list_clients; do
                if [ $turn -eq $worker ]; then
                    ask "$client"
                fi
                turn=$(((turn + 1) % WIDTH))
            done
        ) &
        worker=$((worker + 1))
    done | cat
    wait
}

section identity 20 identity
section oslevel 60 "$OSLEVEL" -s
section lslpp 60 "$LSLPP" -Lqc bos.sysmgt.nim.master bos.sysmgt.nim.spot bos.sysmgt.nim.client
section niminfo 10 niminfo
section nim_level 10 cat /etc/NIM.level
for subsystem in nimesis nimd nimsh; do
    section lssrc_$subsystem 20 "$LSSRC" -s $subsystem
done
section lsnim 60 "$LSNIM"
section lsnim_l 120 "$LSNIM" -l
section df 30 df -k
section places 300 places
section names 120 names
section nfs_of_peer 60 nfs_of_peer
section ps 20 ps -ef
section crontabs 10 crontabs
section own_records 20 own_records
if [ "$ASK" = yes ]; then
    section clients "$ASK_SECONDS" clients
fi
printf '%s complete\n' "$NONCE"
