# lock.ksh - the pair lock on this host. Given: BASE NONCE ACTION RUN TOKEN HELD_BY (for break).
# The lock is the directory; who holds it is the link inside, made in one step, so that one of two racers wins.

write_owner() {
    printf 'run=%s\ntoken=%s\ntaken_at=%s\n' "$RUN" "$TOKEN" "$1"
}

# The jobs that keep the lock: a running one, and one of which nobody knows how it ended. One that has not begun is
# kept from ever beginning.
holding_jobs() {
    for slot in "$BASE"/jobs/*; do
        if [ -d "$slot" ]; then
            job_state "$slot"
            if [ $state = reserved ]; then
                void_slot "$slot"
            fi
            if [ -d "$slot" ] && [ $state != ended ]; then
                printf '%s (%s) ' "$(sed -n 's/^job=//p' "$slot/job" 2>/dev/null)" $state
            fi
        fi
    done
}

acquire() {
    # ksh93 does not always notice that its own printf found no room
    if ! write_owner "$(now)" >"$BASE/owner.new.$$" || [ ! -s "$BASE/owner.new.$$" ]; then
        rm -f "$BASE/owner.new.$$"
        refuse 23 "the lock could not be written; look at the file system that holds $BASE."
    fi
    mkdir "$BASE/lock" 2>/dev/null
    ln "$BASE/owner.new.$$" "$BASE/lock/owner" 2>/dev/null
    won=$?
    rm -f "$BASE/owner.new.$$"
    if [ $won -eq 0 ]; then
        return 0
    fi
    if [ "$(lock_field run)" != "$RUN" ]; then
        holding=$(holding_jobs)
        refuse 21 "the pair lock is held by '$(lock_field run)' since $(lock_field taken_at)${holding:+, still held by job $holding}"
    fi
    claim
}

# A new try of the run that holds the lock becomes its holder; whatever the old try still does is refused from now on.
claim() {
    if [ ! -f "$BASE/lock/owner" ]; then
        refuse 25 "nobody holds the pair lock; run the lock task first."
    fi
    if [ "$(lock_field run)" != "$RUN" ]; then
        refuse 21 "the pair lock belongs to '$(lock_field run)', not to this run; run the lock task first."
    fi
    write_owner "$(lock_field taken_at)" | put "$BASE/lock/owner"
}

# Looked at on both masters before either is released: a lock that is given back on one of them only is none.
releasable() {
    if [ "$(lock_field run)" = "$RUN" ]; then
        holding=$(holding_jobs)
        if [ -n "$holding" ]; then
            refuse 21 "still held by job $holding"
        fi
    fi
}

release() {
    releasable
    if [ "$(lock_field run)" != "$RUN" ]; then
        say "$NONCE note the lock is not held by this run"
        return 0
    fi
    # A job may have made its slot since that look. It looks at the lock again after that, so one of the two is seen.
    mv "$BASE/lock/owner" "$BASE/owner.left.$$" || return 1
    holding=$(holding_jobs)
    if [ -n "$holding" ]; then
        ln "$BASE/owner.left.$$" "$BASE/lock/owner"
        rm -f "$BASE/owner.left.$$"
        refuse 21 "still held by job $holding"
    fi
    rm -f "$BASE/owner.left.$$"
    rmdir "$BASE/lock" 2>/dev/null || [ -f "$BASE/lock/owner" ]
}

# A person gave a reason. Never under a living job, and only from the owner that the person saw. A job that vanished is
# judged by the step that finds it, for the same reason.
break_lock() {
    if [ "$(lock_field run)" != "$HELD_BY" ]; then
        refuse 21 "the lock is held by '$(lock_field run)', not by '$HELD_BY' as stated; look again."
    fi
    holding=$(holding_jobs | sed 's/[^ ]* (vanished) //g')
    if [ -n "$holding" ]; then
        refuse 21 "still held by job $holding"
    fi
    former=$(cat "$BASE/lock/owner")
    write_owner "$(now)" | put "$BASE/lock/owner" || return 1
    holding=$(holding_jobs | sed 's/[^ ]* (vanished) //g')
    if [ -n "$holding" ]; then
        say "$former" | put "$BASE/lock/owner"
        refuse 21 "still held by job $holding"
    fi
}

hold_base
case $ACTION in
    acquire) acquire ;;
    claim) claim ;;
    releasable) releasable ;;
    release) release ;;
    break) break_lock ;;
esac || refuse 23 "the lock could not be written; look at the file system that holds $BASE."
say "$NONCE done"
