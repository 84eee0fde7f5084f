# prune.ksh - remove the oldest database backups on this host. Given: BASE NONCE RUN TOKEN KEEP LATEST,
# and list_made: the file names of what this run made, which stay.
# Ours are named nimdb.<UTC stamp>.backup and sort by name. NIM's own are <name>.<HHMMSSMMDDYYYY>.backup (nim.md 2.2)
# and sort by the time that the stamp holds. What is dated later than now (ours by the worker's clock, NIM's by the host's)
# comes from a clock that was wrong: it stays, and does not count as one of the newest.
not_later() {
    awk -v now="x$1" -v from="$2" '("x" substr($0, from, length(now) - 1)) <= now'
}

is_made() {
    list_made | grep -Fx "$1" >/dev/null
}

hold_base
hold_lock
ls "$BASE/backups" 2>/dev/null | grep '^nimdb\.[0-9TZ]*\.backup$' |
    not_later "$LATEST" 7 | sort -r | sed "1,${KEEP}d" | while read -r old; do
    if ! is_made "$old" && rm -f "$BASE/backups/$old"; then
        say "$NONCE removed $BASE/backups/$old"
    fi
done
ls /export/nim/backups 2>/dev/null |
    sed -n 's/^.*\.\([0-9]\{6\}\)\([0-9]\{4\}\)\([0-9]\{4\}\)\.backup$/\3\2\1 &/p' |
    not_later "$(date '+%Y%m%d%H%M%S')" 1 | sort -r | sed "1,${KEEP}d" | while read -r _ old; do
    rm -f "/export/nim/backups/$old" && say "$NONCE removed /export/nim/backups/$old"
done
say "$NONCE done"
