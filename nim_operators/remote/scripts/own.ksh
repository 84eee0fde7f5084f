# own.ksh - what this product keeps on the host. Reads only. Given: BASE.

# What this product keeps on the host. Nothing is created here.
own_records() {
    if [ -L "$BASE" ] || [ ! -d "$BASE" ]; then
        if [ -L "$BASE" ] || [ -f "$BASE" ]; then
            printf '@ fault %s is not a directory\n' "$BASE"
        fi
        return 0
    fi
    printf '@ listing %s\n' "$(ls -ldn "$BASE")"
    for record in "$BASE"/direction "$BASE"/lock/owner "$BASE"/unusable "$BASE"/fenced "$BASE"/aside/*; do
        if [ -f "$record" ]; then
            printf '@ record %s\n' "${record#"$BASE"/}"
            cat "$record"
        fi
    done
    for job in "$BASE"/jobs/*/job; do
        if [ -f "$job" ]; then
            job_state "${job%/job}"
            printf '@ job %s\nslot=%s\n' "$state" "$(basename "${job%/job}")"
            cat "$job"
        fi
    done
}
