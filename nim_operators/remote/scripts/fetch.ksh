# fetch.ksh - the bytes of one file, with its size first and its digest last. Reads only. Given: NONCE FILE.
# csum knows SHA256 from AIX 7 on; cksum is everywhere.
digest() {
    for algorithm in SHA256 MD5; do
        value=$(csum -h $algorithm "$FILE" 2>/dev/null | awk 'NR == 1 { print $1 }')
        if [ -n "$value" ]; then
            say "$algorithm $value"
            return 0
        fi
    done
    cksum "$FILE" | awk '{ print "CKSUM", $1 }' | tr -d '\n'
}

if [ ! -f "$FILE" ]; then
    refuse 24 "there is no file $FILE."
fi
say "$NONCE bytes $(wc -c <"$FILE" | tr -d ' ')"
cat "$FILE"
say "
$NONCE digest $(digest)"
say "$NONCE done"
