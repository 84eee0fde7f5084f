# inventory.ksh - what lies at each resource location. Reads only; runs as a job, for a mksysb may be large.
# Given: CONTENT (checksum or size), LSNIM, ONLY (names between blanks; all resources where it is empty).
# Prints '@ name kind', then per file 'checksum size path' or '- size path', paths below the location.

# Each resource that this master serves itself, as 'name location'; boot and nim_script are every master's own.
list_resources() {
    "$LSNIM" -l </dev/null | awk -v only="$ONLY" '
        /^[^ \t].*:[ \t]*$/ { count++; name[count] = $0; sub(/:[ \t]*$/, "", name[count]); next }
        $1 == "location" && $2 == "=" { location[count] = $0; sub(/^[ \t]*location[ \t]*=[ \t]*/, "", location[count]) }
        $1 == "server" && $2 == "=" { elsewhere[count] = ($3 != "master") }
        END {
            for (i = 1; i <= count; i++) {
                wanted = (only == "" || index(only, " " name[i] " "))
                if (wanted && location[i] != "" && !elsewhere[i] && name[i] != "boot" && name[i] != "nim_script") print name[i], location[i]
            }
        }'
}

list_resources | while read -r name location; do
    if [ -d "$location" ]; then
        say "@ $name directory"
        cd "$location" || continue
        target=.
    elif [ -f "$location" ]; then
        say "@ $name file"
        cd "$(dirname "$location")" || continue
        target=./$(basename "$location")
    else
        say "@ $name absent"
        continue
    fi
    if [ "$CONTENT" = checksum ]; then
        find "$target" -name lost+found -prune -o -type f -exec cksum {} +
    else
        find "$target" -name lost+found -prune -o -type f -exec ls -ln {} + | awk '{ size = $5; sub(/^[^.]*\.\//, "./"); print "-", size, $0 }'
    fi
    say "@ end $name $?"
done
