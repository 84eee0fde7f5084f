# job_follow.ksh - stream the log of the open job from a line on, until the job is over or SECONDS have passed.
# Given: BASE NONCE SLOT JOB LINES_SEEN SECONDS_AT_MOST. Reads only.
# Every log line is led by '> '; a lone '.' is a heartbeat, so that a dead link is noticed by both ends.

# Only whole lines are shown while the job runs; the rest of an unfinished last line comes with the end.
show_new_lines() {
    if [ -f "$slot/log" ]; then
        whole=$(wc -l <"$slot/log" | tr -d ' ')
        if [ "$1" = all ]; then
            whole='$'
        fi
        if [ "$whole" = '$' ] || [ "$whole" -gt "$LINES_SEEN" ]; then
            sed -n "$((LINES_SEEN + 1)),${whole}p" "$slot/log" | sed 's/^/> /'
            LINES_SEEN=$whole
        fi
    fi
}

slot=$BASE/jobs/$SLOT
if [ "$(sed -n 's/^job=//p' "$slot/job" 2>/dev/null)" != "$JOB" ]; then
    if [ -d "$BASE/done/$JOB" ]; then
        slot=$BASE/done/$JOB
    else
        refuse 24 "there is no job $JOB on this host."
    fi
fi
say "$NONCE following"
waited=0
while :; do
    job_state "$slot"
    if [ $state = ended ] || [ $state = vanished ]; then
        break
    fi
    if [ $waited -ge "$SECONDS_AT_MOST" ]; then
        break
    fi
    show_new_lines whole
    echo .
    sleep 1
    waited=$((waited + 1))
done
if [ $state = ended ] || [ $state = vanished ]; then
    show_new_lines all
fi
say "
$NONCE state $state"
if [ $state = ended ]; then
    cat "$slot/status"
fi
say "$NONCE done"
