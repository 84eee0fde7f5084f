# free_ports.ksh - wait until NIM finds WANTED privileged ports; tell how many are free, and how often that was waited for.
# Reads only.
# Given: NONCE PORTS PORT_STEP PORT_LOOKS WANTED PATIENCE.
free_ports() {
    looks=$PORT_LOOKS
    count_ports
    while [ "$left" -lt "$WANTED" ] && [ $looks -gt 0 ]; do
        looks=$((looks - 1))
        sleep "$PORT_STEP"
        count_ports
    done
    say "$left $((PORT_LOOKS - looks))"
}

section ports "$PATIENCE" free_ports
say "$NONCE complete"
