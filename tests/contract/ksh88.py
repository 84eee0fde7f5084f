"""A lint for scripts that must run in the ksh88 of a stock AIX: what it refuses, and an example of each."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One thing that stock AIX does not have; ``example`` is a line that the rule must refuse."""

    pattern: str
    instead: str
    example: str


RULES = (
    Rule(r"\[\[", "[ ... ]: dash has no [[, and ksh88's [[ has no =~", "if [[ $a = b ]]; then"),
    Rule(r"=~", "expr or case: ksh88 has no =~", "[ $a =~ b ]"),
    Rule(r"\[ [^]]*==", "=: == is not POSIX", 'if [ "$a" == b ]; then'),
    Rule(r"^\s*function\b", "name() { ...; }", "function f {"),
    Rule(
        r"(^|[;&|({]|then|do|else)\s*(local|declare|readarray|mapfile|shopt|source|let)\s",
        "plain POSIX: bash only",
        "local a=1",
    ),
    Rule(r"\becho -", "printf: AIX echo has no options", "echo -n x"),
    Rule(
        r"\$\{[A-Za-z_]\w*(//|/[^}]|:[0-9 ]|\^|,,)",
        "sed or expr: no substring or substitution in ksh88",
        "x=${a//b/c}",
    ),
    Rule(r"\$\{!", "eval: no indirection in ksh88", "x=${!a}"),
    Rule(r"<<<", "a here-document", "cat <<<x"),
    Rule(r"&>|\|&", "> file 2>&1", "cmd &>log"),
    Rule(r"(^|[\s=(])\$'", "printf", "x=$'\\n'"),
    Rule(r"<\(|>\(", "a pipe: no process substitution", "diff <(a) b"),
    Rule(r"\bpipefail\b|\btrap\b.*\b(ERR|DEBUG)\b", "look at each status", "set -o pipefail"),
    Rule(r"^\s*\(\(|\bselect\b", "[ ... ]", "((a++))"),
    Rule(r"\w\[[0-9$]", "no arrays: ksh88 has 1024 elements, dash none", "a[0]=x"),
    Rule(
        r"\b(stat|readlink|realpath|mktemp|setsid|timeout|seq|tac|flock|pgrep|pkill|nproc|getent)\b",
        "stock AIX utilities",
        "stat x",
    ),
    Rule(
        r"\b(bash|python3?|perl|sha256sum|md5sum|base64|xxd|jq|gawk|gsed)\b",
        "stock AIX utilities",
        "md5sum x",
    ),
    Rule(r"(^|\s)--[a-z]", "short options: AIX has no long ones", "ls --all"),
    Rule(r"\bdate\b.*(\+%s|-d\b|-I)", "date -u with POSIX formats", "date +%s"),
    Rule(r"\bsed\s+(-[a-z]*[irEz]|.*-i\b)", "sed without GNU options", "sed -i s/a/b/ f"),
    Rule(r"\bgrep\s+-\w*[oPrz]", "grep with POSIX options", "grep -o x"),
    Rule(r"\bhead\s+-c|\btail\s+-f\s+--pid", "dd or sed", "head -c 3"),
    Rule(
        r"\bfind\b.*-(maxdepth|mindepth|printf|delete|mmin|print0|regex|quit)",
        "find with POSIX primaries",
        "find . -maxdepth 1",
    ),
    Rule(r"\bxargs\s+-\w*[0rd]", "xargs with POSIX options", "xargs -0"),
    Rule(r"\bsort\s+-\w*[Vh]", "sort with POSIX options", "sort -V"),
    Rule(r"\bps\s+(aux|ax)", "ps -ef, or ps -o", "ps aux"),
    Rule(r"\bread\s+-[ptdna]", "read -r only", "read -t 3 x"),
    Rule(r"\bcp\s+-a\b|\bmkdir\s+-\w*v", "cp -pR, mkdir -p", "cp -a a b"),
    Rule(r"\bprintf\s+-v\b|%q", "command substitution", "printf -v x y"),
    Rule(r"\bls\s+-\w*[hG]", "ls with POSIX options", "ls -lh"),
)


def offences(text: str) -> list[str]:
    """Return ``line number: line: what to use instead`` for each offence; comments do not count."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        code = re.sub(r"(^|\s)#.*", "", line)
        found += [f"{number}: {line.strip()}: use {rule.instead}" for rule in RULES if re.search(rule.pattern, code)]
    return found
