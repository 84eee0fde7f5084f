# leftovers.ksh - what an ended or interrupted sync may have left: processes, mounts, jobs. Reads only. Given: BASE NONCE.
section identity 0 id -u
section ps 20 ps -ef
section df 30 df -k
section own_records 0 own_records
say "$NONCE complete"
