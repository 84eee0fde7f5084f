# say.ksh - read before every script that prints lines of its own.

# say TEXT: print it as it is by what the shell has built in: thousands of lines are not worth a process each, and a
# here-document lies in /tmp, which may be full: some shells then go on as if it were empty.
if [ "$(print -r - x 2>/dev/null)" = x ]; then
    say() {
        print -r - "$1"
    }
else
    say() {
        printf '%s\n' "$1"
    }
fi
