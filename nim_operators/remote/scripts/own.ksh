# own.ksh - what this product keeps on the host. Reads only. Given: BASE.

# What this product keeps on the host. Nothing is created here.
own_records() {
    if [ -L "$BASE" ] || [ ! -d "$BASE" ]; then
        if [ -L "$BASE" ] || [ -f "$BASE" ]; then
            say "@ fault $BASE is not a directory"
        fi
        return 0
    fi
    say "@ listing $(ls -ldn "$BASE")"
    for record in "$BASE"/direction "$BASE"/lock/owner "$BASE"/unusable "$BASE"/fenced "$BASE"/aside/*; do
        if [ -f "$record" ]; then
            say "@ record ${record#"$BASE"/}"
            cat "$record"
        fi
    done
    for job in "$BASE"/jobs/*/job; do
        if [ -f "$job" ]; then
            job_state "${job%/job}"
            say "@ job $state"
            say "slot=$(basename "${job%/job}")"
            cat "$job"
        fi
    done
}
