# client_states.ksh - every object with its Cstate, as this master's database has it. Reads only. Given: NONCE LSNIM.
section lsnim_l 120 "$LSNIM" -l
say "$NONCE complete"
