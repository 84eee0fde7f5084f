# prune.ksh - remove the oldest database backups on this host. Given: BASE NONCE RUN TOKEN KEEP.
# Ours are named nimdb.<UTC stamp>.backup and sort by name. NIM's own are <name>.<HHMMSSMMDDYYYY>.backup (nim.md 2.2)
# and sort by the time that the stamp holds.
hold_base
hold_lock
ls "$BASE/backups" 2>/dev/null | grep '^nimdb\.[0-9TZ]*\.backup$' | sort -r | sed "1,${KEEP}d" | while read -r old; do
    rm -f "$BASE/backups/$old" && printf '%s removed %s\n' "$NONCE" "$BASE/backups/$old"
done
ls /export/nim/backups 2>/dev/null |
    sed -n 's/^.*\.\([0-9]\{6\}\)\([0-9]\{4\}\)\([0-9]\{4\}\)\.backup$/\3\2\1 &/p' |
    sort -r | sed "1,${KEEP}d" | while read -r _ old; do
    rm -f "/export/nim/backups/$old" && printf '%s removed %s\n' "$NONCE" "/export/nim/backups/$old"
done
printf '%s done\n' "$NONCE"
