# open_jobs.ksh - the jobs on this host that nobody has collected. Reads only. Given: BASE NONCE.
section identity 0 id -u
section own_records 0 own_records
say "$NONCE complete"
