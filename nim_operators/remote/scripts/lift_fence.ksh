# lift_fence.ksh - let a master that is the proven standby again start nimesis at a boot, as before it was fenced. Runs as
# a job. Given: BASE. Nothing is done twice: an entry that is there stays as it is.
if [ -f "$BASE/fence/inittab" ]; then
    while read -r entry; do
        if ! lsitab "${entry%%:*}" >/dev/null </dev/null; then
            mkitab "$entry" </dev/null || exit 1
        fi
    done <"$BASE/fence/inittab"
fi
rm -f "$BASE/fence/inittab" "$BASE/fenced"
