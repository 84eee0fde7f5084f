# inventory.ksh - what lies at each resource location. Reads only; runs as a job, for a mksysb may be large.
# Given: CONTENT (checksum or size), list_resources (one 'name location' a line).
# Prints '@ name kind', then per file 'checksum size path' or '- size path', paths below the location.
list_resources | while read -r name location; do
    if [ -d "$location" ]; then
        printf '@ %s directory\n' "$name"
        cd "$location" || continue
        target=.
    elif [ -f "$location" ]; then
        printf '@ %s file\n' "$name"
        cd "$(dirname "$location")" || continue
        target=./$(basename "$location")
    else
        printf '@ %s absent\n' "$name"
        continue
    fi
    if [ "$CONTENT" = checksum ]; then
        find "$target" -name lost+found -prune -o -type f -exec cksum {} +
    else
        find "$target" -name lost+found -prune -o -type f -exec ls -ln {} + | awk '{ size = $5; sub(/^[^.]*\.\//, "./"); print "-", size, $0 }'
    fi
    printf '@ end %s %s\n' "$name" $?
done
