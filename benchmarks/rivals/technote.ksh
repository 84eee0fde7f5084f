#!/usr/bin/ksh
# IBM's procedure for alternate masters (technote isg3T1012143, step 6 and its checks) as an administrator writes it down:
# started on the alternate, with the name of the other master. A rival of the benchmarks.
other=$1
methods=/usr/lpp/bos.sysmgt/nim/methods

ping -c 1 -w 5 "$other"
printf 'Take the clients over from %s? Look at its console first. (yes/no) ' "$other"
read -r answer
if [ "$answer" != yes ]; then
    exit 1
fi

$methods/m_backup_db /tmp/technote.backup || exit 1
if ! lsnim "$other"; then
    nim -o define -t alternate_master -a platform=chrp -a netboot_kernel=64 -a "if1=find_net $other 0" \
        -a cable_type1=N/A -a connect=nimsh "$other" || exit 1
fi
nim -o takeover -a async=no "$other"

left=
for client in $(lsnim -t standalone | awk '{ print $1 }'); do
    master=$($methods/c_rsh "$client" 'cat /etc/niminfo' | sed -n 's/^export NIM_MASTER_HOSTNAME=//p')
    if [ "$master" != "$(hostname)" ]; then
        left="$left $client"
    fi
done
echo "Not taken over:$left"
lsnim -l
