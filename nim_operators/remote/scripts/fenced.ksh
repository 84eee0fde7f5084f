# fenced.ksh - whether a fence stands: nimesis, inittab, prepared boots, the record. Reads only. Given: BASE NONCE LSSRC MARK.
bootptab() {
    if [ -f /etc/bootptab ]; then
        cat /etc/bootptab
    fi
}

section lssrc_nimesis 20 "$LSSRC" -s nimesis
section inittab 20 lsitab -a
section bootptab 0 bootptab
section record 0 cat "$BASE/$MARK"
say "$NONCE complete"
