# aside.ksh - move resources of this master aside, put them back, or remove what was moved aside. Runs as a job.
# Given: BASE ACTION RUN and list_resources: 'name content location' to move, 'name why' to put back, 'name' to drop.
# The record is written before the content moves and goes when all is done, so an interruption leaves the content in its
# place or where the record says. Each move is a rename inside one directory, never a copy.

field() {
    sed -n "s/^$2=//p" "$BASE/aside/$1" 2>/dev/null
}

there() {
    [ -d "$1" ] || [ -f "$1" ]
}

# write_record NAME LOCATION ASIDE CONTENT STATE
write_record() {
    printf 'resource=%s\nlocation=%s\naside=%s\ncontent=%s\nrun=%s\nsince=%s\nstate=%s\n' \
        "$1" "$2" "$3" "$4" "$RUN" "$(date -u '+%Y-%m-%dT%H:%M:%SZ')" "$5" >"$BASE/aside.new" &&
        mv -f "$BASE/aside.new" "$BASE/aside/$1"
}

# NIM exports what it allocates, and a person may: what others may be reading stays.
exported() {
    cat /etc/exports /etc/xtab 2>/dev/null | awk -v place="$1" '
        $1 == place || index($1, place "/") == 1 { found = 1 }
        END { exit !found }'
}

# move NAME CONTENT LOCATION
move() {
    aside=${3%/*}/.nim_operators.aside.$1
    if there "$aside"; then
        if there "$3"; then
            printf '@ kept %s %s lies there from an earlier time\n' "$1" "$aside"
        else
            write_record "$1" "$3" "$aside" "$2" aside && printf '@ moved %s\n' "$1"
        fi
    elif [ -L "$3" ]; then
        printf '@ kept %s %s is a symbolic link\n' "$1" "$3"
    elif ! there "$3"; then
        printf '@ kept %s nothing lies at %s\n' "$1" "$3"
    elif exported "$3"; then
        printf '@ kept %s %s is exported by NFS\n' "$1" "$3"
    elif ! write_record "$1" "$3" "$aside" "$2" aside; then
        printf '@ kept %s its record could not be written\n' "$1"
    elif mv -f "$3" "$aside"; then
        printf '@ moved %s\n' "$1"
    else
        rm -f "$BASE/aside/$1"
        printf '@ kept %s %s could not be renamed\n' "$1" "$3"
    fi
}

# back NAME WHY : what was copied meanwhile is moved away first, so that a file system mounted there is never emptied.
back() {
    location=$(field "$1" location)
    aside=$(field "$1" aside)
    if there "$aside"; then
        rm -rf "$aside.new"
        if there "$location"; then
            mv -f "$location" "$aside.new" || return 1
        fi
        mv -f "$aside" "$location" || return 1
    fi
    rm -rf "$aside.new" || return 1
    if [ "$2" = refused ]; then
        write_record "$1" "$location" "$aside" "$(field "$1" content)" refused
    else
        rm -f "$BASE/aside/$1"
    fi
}

# drop NAME : never the only content that is left.
drop() {
    aside=$(field "$1" aside)
    there "$(field "$1" location)" && rm -rf "$aside" "$aside.new" && rm -f "$BASE/aside/$1"
}

mkdir -p "$BASE/aside" || exit 1
list_resources | {
    failed=0
    while read -r name rest; do
        if [ "$ACTION" = move ]; then
            move "$name" "${rest%% *}" "${rest#* }" || failed=1
        elif [ -f "$BASE/aside/$name" ]; then
            "$ACTION" "$name" "$rest" || failed=1
        fi
    done
    exit $failed
}
