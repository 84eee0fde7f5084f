# subsystem.ksh - the rows of one subsystem. Reads only. Given: NONCE LSSRC SUBSYSTEM.
section lssrc_$SUBSYSTEM 20 "$LSSRC" -s "$SUBSYSTEM"
say "$NONCE complete"
