# job_collect.ksh - put an ended or vanished job away; its result is in the evidence. Given: BASE NONCE SLOT JOB KEEP.
hold_base
slot=$BASE/jobs/$SLOT
if [ "$(sed -n 's/^job=//p' "$slot/job" 2>/dev/null)" = "$JOB" ]; then
    job_state "$slot"
    case $state in
        ended | vanished) ;;
        *) refuse 21 "job $JOB is $state; it cannot be collected yet." ;;
    esac
    mkdir -p "$BASE/done"
    mv "$slot" "$BASE/done/$JOB" || refuse 23 "the job could not be put away; look at the file system that holds $BASE."
elif [ ! -d "$BASE/done/$JOB" ]; then
    refuse 24 "there is no job $JOB on this host."
fi
ls -t "$BASE/done" | sed "1,${KEEP}d" | while read -r old; do
    rm -rf "$BASE/done/$old"
done
say "$NONCE done"
