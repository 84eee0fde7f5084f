# observe.ksh - everything about one master in one round trip. Reads only.
# Given: NONCE BASE OSLEVEL LSLPP LSSRC ASK QUICK SLOW and what clients.ksh is given.

# must NAME SECONDS command... : a section of what ends in time on every host that is well. Where its limit ended it the
# host hangs, and nothing more is asked: each further question would cost its own limit.
must() {
    section "$@"
    case $section_status in
        137 | 143)
            say "$NONCE hung $1 $2"
            exit 0
            ;;
    esac
}

identity() {
    say "clock=$(now)"
    say "hostname=$(hostname)"
    say "machine_id=$(uname -m)"
    say "system=$(uname -s)"
    say "uid=$(id -u)"
}

# The database in full; where it could not be listed once, it is not tried again.
listing() {
    if [ $listed = yes ]; then
        "$LSNIM" -l
    fi
}

# Where each resource of this master lies; so too each file that holds the password of an HMC: what is in it is not read.
places() {
    listing 2>/dev/null | sed -n -e 's/^[ 	]*location[ 	]*=[ 	]*//p' -e 's/^[ 	]*passwd_file[ 	]*=[ 	]*//p' |
        sort -u | look_at_places
}

# The last value of a variable of /etc/niminfo, without quotes.
niminfo_value() {
    sed -n -e "/^ *\(export \)\{0,1\} *$1=/ {
        s///
        s/\"//g
        h
    }" -e '$ {
        g
        p
    }' /etc/niminfo 2>/dev/null
}

# Both masters, as the niminfo names them, and the other one as the database does: a sync may leave no line for it (nim.md 12.17).
# Which of them is this one depends on whose file it is: half a sync leaves the source's here. Whoever reads this knows.
both_masters() {
    niminfo_value NIM_ALTERNATE_MASTER
    niminfo_value NIM_MASTER_HOSTNAME
    listing 2>/dev/null | awk '
        $1 == "type" && $2 == "=" { alternate = ($3 == "alternate_master") }
        alternate && $1 == "if1" && $2 == "=" { print $4 }'
}

# What this master's resolver says of its own names and its peer's, there and back again (nim.md hazard 16).
names() {
    for asked in $(hostname) $masters; do
        say "$asked"
    done | sort -u | while read -r asked; do
        answer=$(limited 10 host "$asked" 2>&1)
        say "@ $asked"
        say "$answer"
        say "$answer" | sed -n 's/.* \([0-9][0-9]*\.[0-9][0-9.]*[0-9]\).*/\1/p' | while read -r address; do
            say "@ $address"
            limited 10 host "$address" 2>&1
        done
    done
}

# Whether the peer's NFS can be reached: replication copies over it (nim.md 3.4).
nfs_of_peer() {
    for peer in $masters; do
        say "@ $peer"
        limited 15 rpcinfo -p "$peer" 2>&1
    done
}

# Whether the peer answers at all: the second witness before a master is called dead. What ping prints counts, not its
# status; a host without ping says nothing.
ping_of_peer() {
    for peer in $masters; do
        say "@ $peer"
        limited 15 ping -c 1 -w 5 "$peer" 2>&1
    done
}

# What has nothing to do with NIM is nobody's business here: other people's passwords stand in such lines.
crontabs() {
    for crontab in /var/spool/cron/crontabs/*; do
        if [ -f "$crontab" ]; then
            awk -v crontab="$crontab" 'tolower($0) ~ /nim|m_restore_db/ { print crontab ": " $0 }' "$crontab"
        fi
    done
}

# Every process, but arguments only of what may work on NIM. The time of its start may be two words, such as Jan 05; a line
# that is no row goes on with the arguments before it.
processes() {
    ps -ef | awk -v base="$BASE" '
        NR == 1 || tolower($0) ~ /nim|smit|m_restore_db/ || index($0, base) { print; next }
        $2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ {
            last = 8 + ($5 ~ /^[A-Z][a-z][a-z]$/)
            row = $1
            for (i = 2; i <= last && i <= NF; i++) row = row " " $i
            print row
        }'
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
    listing 2>/dev/null | awk -v own="${own:-none}" -v host="$(hostname | sed 's/\..*//')" '
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

must identity "$QUICK" identity
must ps "$QUICK" processes
must oslevel "$SLOW" "$OSLEVEL" -s
must lslpp "$SLOW" "$LSLPP" -Lqc bos.sysmgt.nim.master bos.sysmgt.nim.spot bos.sysmgt.nim.client
section niminfo 0 niminfo
section nim_level 0 cat /etc/NIM.level
for subsystem in nimesis nimd nimsh; do
    must lssrc_$subsystem "$QUICK" "$LSSRC" -s $subsystem
done
listed=yes
section lsnim "$SLOW" "$LSNIM"
if [ "$section_status" -ne 0 ]; then
    listed=no
fi
section lsnim_l $((SLOW * 2)) listing
if [ "$section_status" -ne 0 ]; then
    listed=no
fi
say "$NONCE limit 120"
masters=$(limited 120 both_masters | sort -u)
section df 30 df -k
section places 300 places
section names 120 names
section nfs_of_peer 60 nfs_of_peer
section ping_of_peer 60 ping_of_peer
section crontabs 0 crontabs
section own_records 0 own_records
if [ "$ASK" = yes ]; then
    say "$NONCE limit 120"
    clients_section "$(limited 120 own_clients)"
fi
say "$NONCE complete"
