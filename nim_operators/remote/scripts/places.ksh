# places.ksh - what lies at a path, and in which file system. Reads only.

# look_at_places: of each path read, whether it exists, its size, and the file system of the nearest directory that exists.
look_at_places() {
    while read -r place; do
        case $place in
            /*) ;;
            *) continue ;;
        esac
        kind=absent
        size=
        if [ -d "$place" ]; then
            kind=directory
        elif [ -f "$place" ]; then
            kind=file
        fi
        if [ $kind != absent ]; then
            size=$(limited 60 du -sk "$place" 2>/dev/null | awk 'NR == 1 { print $1 }')
        fi
        parent=$place
        while [ ! -d "$parent" ] && [ "$parent" != / ]; do
            parent=${parent%/*}
            parent=${parent:-/}
        done
        say "@ $kind ${size:--} $place"
        limited 20 df -k "$parent" 2>/dev/null
    done
}
