# fence.ksh - keep a master with an unusable database from answering clients, now and after a boot. Runs as a job.
# Given: BASE STOPSRC LSSRC REASON RUN BACKUP. What is taken away is saved in BASE/fence for undo.
mkdir -p "$BASE/fence"
"$STOPSRC" -s nimesis
grep -E '^[^:]*:[^:]*:[^:]*:.*startsrc.*(nimesis|-g *nim( |$))' /etc/inittab >>"$BASE/fence/inittab"
sed 's/:.*//' "$BASE/fence/inittab" | while read -r entry; do
    rmitab "$entry"
done
printf 'run=%s\nreason=%s\nsince=%s\nbackup=%s\n' "$RUN" "$REASON" "$(date -u '+%Y-%m-%dT%H:%M:%SZ')" "$BACKUP" >"$BASE/unusable.new" &&
    mv "$BASE/unusable.new" "$BASE/unusable"
"$LSSRC" -s nimesis
