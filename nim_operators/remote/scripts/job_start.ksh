# job_start.ksh - start a job that outlives this session, or attach to the one that is open.
# Given: BASE NONCE SLOT JOB KIND RUN TOKEN KSH NEEDS_LOCK ATTACH_TO, print_command (what the job runs).
# The slot is one directory: one job can be open in it, whoever starts it and how often. A shell that was called off and
# wakes late may find another job in its place: it begins only its own. What the job writes others have to read, as tftpd
# does the boot files of a SPOT and any user /etc/niminfo; what is ours lies in BASE, which is closed.

write_job() {
    {
        printf 'job=%s\nkind=%s\nrun=%s\nstarted_at=%s\n' "$JOB" "$KIND" "$RUN" "$(now)"
    } | put "$slot/job" || return 1
    {
        say "cd '$slot' && grep '^job=$JOB\$' job >/dev/null || exit 1"
        say 'printf "%s\n" $$ >pid.$$ && ln pid.$$ pid || exit 0'
        say '\unalias -a 2>/dev/null'
        say 'set +C'
        say 'unset ENV'
        say 'LC_ALL=C LANG=C'
        say 'PATH=/usr/bin:/etc:/usr/sbin:/sbin:/bin:$PATH'
        say 'export LC_ALL LANG PATH'
        say '('
        say 'umask 022'
        print_command
        say ') >log 2>&1 </dev/null'
        say "printf 'exit=%s\\nended_at=%s\\n' \$? \"\$(date -u '+%Y-%m-%dT%H:%M:%SZ')\" >status.new && mv status.new status"
    } | put "$slot/run"
}

# Wait until the job has linked its pid, or was called off: whoever gives the lock back puts such a slot away.
await_begin() {
    spin=0
    while [ -d "$slot" ] && [ ! -f "$slot/pid" ] && [ $spin -lt 2000 ]; do
        spin=$((spin + 1))
    done
    patience=20
    while [ -d "$slot" ] && [ ! -f "$slot/pid" ] && [ $patience -gt 0 ]; do
        sleep 1
        patience=$((patience - 1))
    done
}

report() {
    job_state "$slot"
    about=$(cat "$slot/job" 2>/dev/null)
    if [ -z "$about" ]; then
        refuse 24 "the job was called off before it began, because the lock was given back; nothing was started."
    fi
    say "$NONCE $1 $state"
    say "$about"
}

hold_base
if [ "$NEEDS_LOCK" = yes ]; then
    hold_lock
fi
slot=$BASE/jobs/$SLOT
mkdir -p "$BASE/jobs"
if [ -d "$slot" ] && [ ! -f "$slot/pid" ]; then
    sleep 2
    void_slot "$slot"
fi
if [ -n "$ATTACH_TO" ] && [ "$(sed -n 's/^job=//p' "$slot/job" 2>/dev/null)" != "$ATTACH_TO" ]; then
    refuse 24 "job $ATTACH_TO is not open here any more; clear the task to look again."
fi
if mkdir "$slot" 2>/dev/null; then
    if [ "$NEEDS_LOCK" = yes ]; then  # it may have been given back before the slot was there to be seen
        (hold_lock) || { lost=$?; rmdir "$slot" 2>/dev/null; exit $lost; }
    fi
    if ! write_job; then
        rm -rf "$slot"
        refuse 23 "the job could not be written; look at the file system that holds $BASE."
    fi
    nohup "$KSH" "$slot/run" </dev/null >/dev/null 2>&1 &
    await_begin
    report started
elif [ -d "$slot" ]; then
    report attached
else
    refuse 23 "the job could not be written; look at the file system that holds $BASE."
fi
say "$NONCE done"
