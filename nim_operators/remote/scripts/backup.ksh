# backup.ksh - back the database of this master up to a file. Runs as a job. Given: DIRECTORY FILE M_BACKUP_DB, and LIMIT, the
# seconds after which it is ended: it only writes that file.
mkdir -p "$DIRECTORY" || exit 1
echo "file $FILE"
echo "level $(cat /etc/NIM.level)"
limited "$LIMIT" "$M_BACKUP_DB" "$FILE"
