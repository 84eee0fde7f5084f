# observe.ksh - everything about one master in one round trip. Reads only.
# Given: NONCE BASE LSNIM OSLEVEL LSLPP LSSRC ASK, what clients.ksh is given, and list_locations.

identity() {
    printf 'clock=%s\n' "$(date -u '+%Y-%m-%dT%H:%M:%SZ')"
    printf 'hostname=%s\n' "$(hostname)"
    printf 'machine_id=%s\n' "$(uname -m)"
    printf 'system=%s\n' "$(uname -s)"
    printf 'uid=%s\n' "$(id -u)"
}

# Each location, whether it exists, its size, and the file system of the nearest directory that exists; so too each file
# that holds the password of an HMC: what is in it is not read.
places() {
    {
        list_locations
        "$LSNIM" -l 2>/dev/null | sed -n -e 's/^[ 	]*location[ 	]*=[ 	]*//p' -e 's/^[ 	]*passwd_file[ 	]*=[ 	]*//p'
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
            size=$(limited 60 du -sk "$place" 2>/dev/null | awk 'NR == 1 { print $1 }')
        fi
        parent=$place
        while [ ! -d "$parent" ] && [ "$parent" != / ]; do
            parent=$(dirname "$parent")
        done
        printf '@ %s %s %s\n' "$kind" "${size:--}" "$place"
        limited 20 df -k "$parent" 2>/dev/null
    done
}

# The value of a variable of /etc/niminfo, without quotes.
niminfo_value() {
    sed -n "s/^ *\(export \)\{0,1\} *$1=//p" /etc/niminfo 2>/dev/null | tr -d '"' | tail -n 1
}

# What this master's resolver says of its own names and its peer's, there and back again (nim.md hazard 16).
names() {
    for asked in $(hostname) $(niminfo_value NIM_MASTER_HOSTNAME) $(niminfo_value NIM_ALTERNATE_MASTER); do
        printf '%s\n' "$asked"
    done | sort -u | while read -r asked; do
        answer=$(limited 10 host "$asked" 2>&1)
        printf '@ %s\n%s\n' "$asked" "$answer"
        printf '%s\n' "$answer" | sed -n 's/.* \([0-9][0-9]*\.[0-9][0-9.]*[0-9]\).*/\1/p' | while read -r address; do
            printf '@ %s\n' "$address"
            limited 10 host "$address" 2>&1
        done
    done
}

# Whether the peer's NFS can be reached: replication copies over it (nim.md 3.4).
nfs_of_peer() {
    for peer in $(niminfo_value NIM_ALTERNATE_MASTER); do
        printf '@ %s\n' "$peer"
        limited 15 rpcinfo -p "$peer" 2>&1
    done
}

# Whether the peer answers at all: the second witness before a master is called dead. What ping prints counts, not its
# status; a host without ping says nothing.
ping_of_peer() {
    for peer in $(niminfo_value NIM_ALTERNATE_MASTER); do
        printf '@ %s\n' "$peer"
        limited 15 ping -c 1 -w 5 "$peer" 2>&1
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

# The clients that this master's own database says it controls. Where an object has no current_master (nim.md 1.3) this
# master is asked to try; a client of somebody else would only be refused. A name that NIM would not accept goes nowhere.
own_clients() {
    own=$(niminfo_value NIM_MASTER_HOSTNAME | sed 's/\..*//')
    "$LSNIM" -l 2>/dev/null | awk -v own="${own:-none}" -v host="$(hostname | sed 's/\..*//')" '
        /^[^ \t].*:[ \t]*$/ { count++; name[count] = $0; sub(/:[ \t]*$/, "", name[count]); next }
        $1 == "type" && $2 == "=" { client[count] = ($3 ~ /^(standalone|diskless|dataless|vios)$/) }
        $1 == "current_master" && $2 == "=" { master[count] = tolower($3); sub(/\..*/, "", master[count]) }
        END {
            for (i = 1; i <= count; i++) {
                if (name[i] !~ /^[A-Za-z0-9_.+@][A-Za-z0-9_.+@:-]*$/) continue
                if (client[i] && (master[i] == "" || master[i] == tolower(own) || master[i] == tolower(host))) print name[i]
            }
        }'
}

section identity 0 identity
section oslevel 60 "$OSLEVEL" -s
section lslpp 60 "$LSLPP" -Lqc bos.sysmgt.nim.master bos.sysmgt.nim.spot bos.sysmgt.nim.client
section niminfo 0 niminfo
section nim_level 0 cat /etc/NIM.level
for subsystem in nimesis nimd nimsh; do
    section lssrc_$subsystem 20 "$LSSRC" -s $subsystem
done
section lsnim 60 "$LSNIM"
section lsnim_l 120 "$LSNIM" -l
section df 30 df -k
section places 300 places
section names 120 names
section nfs_of_peer 60 nfs_of_peer
section ping_of_peer 60 ping_of_peer
section ps 20 ps -ef
section crontabs 0 crontabs
section own_records 0 own_records
if [ "$ASK" = yes ]; then
    clients_section "$(limited 120 own_clients)"
fi
printf '%s complete\n' "$NONCE"
