# job_start.ksh - start a job that outlives this session, or attach to the one that is open.
# Given: BASE NONCE SLOT JOB KIND RUN TOKEN KSH NEEDS_LOCK, print_command (what the job runs).
# The slot is one directory: one job can be open in it, whoever starts it and how often.

# A slot whose starter died before the job began: make sure it never begins, and put it away.
void_slot() {
    if mkdir "$slot/begun" 2>/dev/null; then
        : >"$slot/void"
        mkdir -p "$BASE/done"
        mv "$slot" "$BASE/done/void.$(date -u '+%Y%m%d%H%M%S').$$"
    fi
}

write_job() {
    {
        printf 'job=%s\nkind=%s\nrun=%s\nstarted_at=%s\n' "$JOB" "$KIND" "$RUN" "$(now)"
    } | put "$slot/job"
    {
        cat <<END
cd '$slot' || exit 1
mkdir begun 2>/dev/null || exit 0
printf '%s\n' \$\$ >pid.new && mv pid.new pid
LC_ALL=C LANG=C
PATH=/usr/bin:/etc:/usr/sbin:/sbin:/bin:\$PATH
export LC_ALL LANG PATH
(
END
        print_command
        cat <<'END'
) >log 2>&1 </dev/null
printf 'exit=%s\nended_at=%s\n' $? "$(date -u '+%Y-%m-%dT%H:%M:%SZ')" >status.new && mv status.new status
END
    } | put "$slot/run"
}

# Wait until the job has written its pid, or somebody has made sure that it never begins.
await_begin() {
    spin=0
    while [ ! -f "$slot/pid" ] && [ $spin -lt 2000 ]; do
        spin=$((spin + 1))
    done
    patience=20
    while [ ! -f "$slot/pid" ] && [ ! -f "$slot/void" ] && [ $patience -gt 0 ]; do
        sleep 1
        patience=$((patience - 1))
    done
}

report() {
    job_state "$slot"
    printf '%s %s %s\n' "$NONCE" "$1" "$state"
    cat "$slot/job"
}

hold_base
if [ "$NEEDS_LOCK" = yes ]; then
    hold_lock
fi
slot=$BASE/jobs/$SLOT
mkdir -p "$BASE/jobs"
if [ -d "$slot" ] && [ ! -d "$slot/begun" ]; then
    sleep 2
    void_slot
fi
if mkdir "$slot" 2>/dev/null; then
    write_job || refuse 23 "the job could not be written; look at the file system that holds $BASE."
    nohup "$KSH" "$slot/run" </dev/null >/dev/null 2>&1 &
    await_begin
    report started
elif [ -d "$slot" ]; then
    report attached
else
    refuse 23 "the job could not be written; look at the file system that holds $BASE."
fi
printf '%s done\n' "$NONCE"
