# list_places.ksh - what lies where the other master's resources lie. Reads only.
# Given: NONCE and list_locations.
places() {
    list_locations | look_at_places
}

section places 300 places
say "$NONCE complete"
