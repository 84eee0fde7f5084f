# common.ksh - read before every other script. Stock AIX: ksh88, no GNU, nothing installed.
# A profile's aliases and options (ksh reads $ENV) must not change what the commands below do.
\unalias -a 2>/dev/null
set +C
unset ENV
LC_ALL=C
LANG=C
PATH=/usr/bin:/etc:/usr/sbin:/sbin:/bin:$PATH
export LC_ALL LANG PATH
umask 077

# descendants PID : every process below it. A child that lives on would keep the pipe of its dead parent open.
descendants() {
    ps -ef 2>/dev/null | awk -v root="$1" '
        { child = $2; parent[child] = $3 }
        END {
            for (pid in parent) {
                above = pid
                for (steps = 0; steps < 40 && above != root && (above in parent); steps++) above = parent[above]
                if (above == root && pid != root) print pid
            }
        }'
}

# limited SECONDS command... : run a command, kill it and all below it when the time is over (its status is then 137).
# The watcher's streams are closed, section's third one too, so that it never keeps the session open. It sleeps in steps of one second and
# is killed outright: a trap would race with its sleep, and what it leaves behind is gone within that second.
limited() {
    limited_seconds=$1
    shift
    "$@" </dev/null &
    limited_pid=$!
    (
        while [ "$limited_seconds" -gt 0 ]; do
            sleep 1
            limited_seconds=$((limited_seconds - 1))
        done
        # All are stopped before any is ended, so that none forks or goes on; the command's own end ends this watcher.
        kill -STOP $limited_pid
        case $1 in
            ps | processes) limited_below= ;;  # where ps hangs another one would only hang beside it
            *) limited_below=$(descendants $limited_pid) ;;
        esac
        kill -STOP $limited_below
        kill -9 $limited_below
        kill -9 $limited_pid
    ) </dev/null >/dev/null 2>&1 3>&- &
    limited_watcher=$!
    wait $limited_pid 2>/dev/null
    limited_status=$?
    kill -9 $limited_watcher 2>/dev/null
    wait $limited_watcher 2>/dev/null
    if [ $limited_status -gt 256 ]; then
        limited_status=$((limited_status - 128))
    fi
    return $limited_status
}

# unlimited SECONDS command... : for what reads a local file and cannot hang.
unlimited() {
    shift
    "$@" </dev/null
}

# section NAME SECONDS command... : frame what a command prints, so that banners and profiles cannot be taken for it.
# Standard output passes through untouched; standard error and the status follow it. SECONDS is 0 for no limit. Whoever
# reads is told the limit before, so that a host which hangs is not waited for any longer.
section() {
    section_name=$1
    section_seconds=$2
    section_run=limited
    if [ "$section_seconds" -eq 0 ]; then
        section_run=unlimited
    fi
    shift 2
    {
    say "$NONCE limit $section_seconds"
    say "$NONCE begin $section_name"
    section_rest=$(
        {
            $section_run "$section_seconds" "$@" 1>&3
            say "
$?"
        } 2>&1
    )
    section_status=${section_rest##*
}
    say "
$NONCE stderr $section_name"
    say "${section_rest%
*}"
    say "$NONCE end $section_name $section_status"
    } 3>&1
}

# job_state DIRECTORY : set state to reserved, running, ended or vanished. A pid counts only while the process under
# it is this very job: after a reboot the number may belong to anybody. Where ps tells nothing of a living pid, it counts.
job_state() {
    job_pid=$(cat "$1/pid" 2>/dev/null)
    if [ -f "$1/status" ]; then
        state=ended
    elif [ ! -f "$1/pid" ]; then
        state=reserved
    elif [ -z "$job_pid" ] || ! kill -0 "$job_pid" 2>/dev/null; then
        state=vanished
    else
        case $(ps -p "$job_pid" -o args= 2>/dev/null) in
            '' | *"$1/run"*) state=running ;;
            *) state=vanished ;;
        esac
    fi
    if [ $state = vanished ] && [ -f "$1/status" ]; then
        state=ended
    fi
}

# refuse STATUS sentence... : end the script with a sentence for a person; nothing has been changed.
refuse() {
    refuse_status=$1
    shift
    say "$NONCE refused $*"
    exit "$refuse_status"
}

# hold_base : make sure that this product's directory is a real directory of ours that nobody else can write to.
hold_base() {
    if [ ! -d "$BASE" ] && [ ! -L "$BASE" ]; then
        mkdir -p "$BASE" || refuse 23 "cannot create $BASE; look at the file system that holds it."
    fi
    if [ -L "$BASE" ]; then
        refuse 20 "$BASE is a symbolic link; replace it by a directory owned by $(id -un) with mode 0700."
    fi
    base_listing=$(ls -ldn "$BASE" | awk '{ print substr($1, 1, 10), $3 }')
    if [ "$base_listing" != "drwx------ $(id -u)" ]; then
        refuse 20 "$BASE must have mode 0700 and belong to $(id -un); it shows '$base_listing'. Look who changed it."
    fi
    for base_part in lock jobs done backups aside; do
        if [ -L "$BASE/$base_part" ]; then
            refuse 20 "$BASE/$base_part is a symbolic link; look who put it there, then remove it."
        fi
    done
}

# lock_field NAME : one field of the lock's owner, empty where there is none.
lock_field() {
    sed -n "s/^$1=//p" "$BASE/lock/owner" 2>/dev/null
}

# hold_lock : refuse unless the pair lock on this host belongs to RUN and TOKEN is its latest holder.
hold_lock() {
    if [ ! -f "$BASE/lock/owner" ]; then
        refuse 25 "nobody holds the pair lock, so nothing may be changed here; run the lock task first."
    fi
    if [ "$(lock_field run)" != "$RUN" ]; then
        refuse 21 "the pair lock belongs to '$(lock_field run)', not to this run; nothing may be changed here."
    fi
    if [ "$(lock_field token)" != "$TOKEN" ]; then
        refuse 22 "a later try of this task has taken over; this one stops."
    fi
}

# put FILE : write standard input to a file in one step, so that no reader ever sees half of it.
put() {
    if cat >"$BASE/put.$$" && mv -f "$BASE/put.$$" "$1"; then
        return 0
    fi
    rm -f "$BASE/put.$$"
    return 1
}

# void_slot SLOT : make sure that a job which has not begun never begins, and put its slot away. The job begins by
# linking its pid; whoever links first has won.
void_slot() {
    echo void >"$1/void.$$"
    if ln "$1/void.$$" "$1/pid" 2>/dev/null; then
        mkdir -p "$BASE/done"
        mv "$1" "$BASE/done/void.$(date -u '+%Y%m%d%H%M%S').$$"
    fi
}

now() {
    date -u '+%Y-%m-%dT%H:%M:%SZ'
}
