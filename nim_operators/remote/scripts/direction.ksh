# direction.ksh - record the direction in which the nightly sync may run. Given: BASE NONCE RUN TOKEN SOURCE TARGET.
hold_base
hold_lock
printf 'source=%s\ntarget=%s\nrecorded_by=%s\nrecorded_at=%s\n' "$SOURCE" "$TARGET" "$RUN" "$(now)" |
    put "$BASE/direction" || refuse 23 "the direction could not be written; look at the file system that holds $BASE."
cat "$BASE/direction"
say "$NONCE done"
