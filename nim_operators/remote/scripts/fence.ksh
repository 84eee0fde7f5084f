# fence.ksh - keep a master from answering clients, now and after a boot. Runs as a job. Given: BASE STOPSRC LSSRC REASON
# RUN BACKUP, and MARK: unusable, or fenced where only the clients have gone. BASE/fence/inittab is saved for undo.

# The entries that start nimesis, by name or by its group; those of nimclient are none of them.
starters() {
    lsitab -a | grep -E '^[^:]+:[^:]*:[^:]*:.*startsrc.*(nimesis|-g *nim([^a-z]|$))'
}

# Whether lssrc shows nimesis, and nothing but stopped, or says that there is none (0513-085). What cannot be read is no
# reason to leave the stop out.
stopped() {
    rows=$(limited 20 "$LSSRC" -s nimesis 2>&1)
    rows_status=$?
    case $rows in
        *0513-085*) return 0 ;;
    esac
    [ $rows_status -eq 0 ] &&
        say "$rows" | awk '$1 == "nimesis" { seen = 1; if ($NF != "inoperative") serves = 1 } END { exit serves || !seen }'
}

# The record comes first: from now on every runbook refuses, however far the rest gets. What an earlier fence saved
# is forgotten only when that fence was lifted, never when this one goes on after an interruption.
if [ ! -f "$BASE/unusable" ] && [ ! -f "$BASE/fenced" ]; then
    rm -f "$BASE/fence/inittab"
fi
mkdir -p "$BASE/fence"
printf 'run=%s\nreason=%s\nsince=%s\nbackup=%s\n' "$RUN" "$REASON" "$(date -u '+%Y-%m-%dT%H:%M:%SZ')" "$BACKUP" >"$BASE/$MARK.new" &&
    mv "$BASE/$MARK.new" "$BASE/$MARK"
stopped || limited 60 "$STOPSRC" -s nimesis
{
    cat "$BASE/fence/inittab" 2>/dev/null
    starters
} | sort -u >"$BASE/fence/inittab.new" && mv "$BASE/fence/inittab.new" "$BASE/fence/inittab"
starters | while read -r entry; do
    if grep -F "$entry" "$BASE/fence/inittab" >/dev/null; then
        rmitab "${entry%%:*}" </dev/null
    fi
done
# stopsrc only requests the stop.
patience=30
while limited 20 "$LSSRC" -s nimesis | grep -E ' (active|stopping)' >/dev/null && [ $patience -gt 0 ]; do
    patience=$((patience - 1))
    sleep 1
done
limited 20 "$LSSRC" -s nimesis
