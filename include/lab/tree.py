"""File trees of the hosts: a template of stock-AIX utilities, and a hard-linked tree per host."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

# What a stock AIX has and the lab takes from the machine it runs on. Deliberately absent, because AIX has
# none of them: bash, stat, setsid, timeout, mktemp, readlink, realpath, seq, tac, sha256sum, md5sum, nproc,
# flock, pgrep, pkill.
UTILITIES = tuple(
    """
    [ awk basename bc cal cat chgrp chmod chown cksum cmp comm cp csplit cut date dc dd diff dirname du
    echo ed egrep env expand expr false fgrep find fold getopt grep head id join kill link ln logname ls
    mkdir mkfifo mknod more mv nice nl nohup od paste pathchk pr printenv printf pwd renice rm rmdir sed
    sleep sort split strings stty sum sync tail tar tee test touch tr true tsort tty unexpand uniq
    unlink wc whoami xargs
    """.split()  # noqa: SIM905 - a table
)
SHELLS = {
    "mksh": ("mksh", "lksh"),
    "ksh93": ("ksh93", "ksh2020"),
    "dash": ("dash",),
    "sh": ("sh",),
}
STUB_DIRECTORY = "/dev/.lab"
STUB = f"""#!/usr/bin/sh
f={STUB_DIRECTORY}/$$
/usr/bin/mkfifo "$f" || exit 126
echo $$ >{STUB_DIRECTORY}/door
read rc <"$f"
exit "${{rc:-125}}"
"""
DIRECTORIES = tuple(
    """
    admin audit dev etc etc/objrepos export home lpp mnt opt proc sbin tftpboot tmp usr/bin usr/lib
    usr/lib/nls usr/lpp/bos.sysmgt/nim/methods usr/objrepos usr/sbin usr/ucb usr/bin/X11 var/adm/ras
    var/adm/cron var/log var/spool/cron/crontabs var/tmp
    """.split()  # noqa: SIM905 - a table
)
LOOKUP = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin"


class ShellMissingError(RuntimeError):
    """The shell asked for is not installed on this machine."""


def resolve(root: Path, path: str) -> Path:
    """Return where a path inside the tree lies outside; links never lead out of the tree."""
    done = root
    parts = list(PurePosixPath(path).parts)
    for _ in range(200):
        if not parts:
            return done
        part = parts.pop(0)
        if part == "/":
            done = root
        elif part == "..":
            done = done.parent if done != root else root
        else:
            step = done / part
            if step.is_symlink():
                parts = [*step.readlink().parts, *parts]
            else:
                done = step
    raise OSError(40, "Too many levels of symbolic links", path)


def choose_shell(wanted: str) -> tuple[str, Path]:
    """Return name and place of the shell wanted, or for `auto` of the first that is installed."""
    kinds = ("mksh", "ksh93", "dash", "sh") if wanted == "auto" else (wanted,)
    for kind in kinds:
        for name in SHELLS[kind]:
            found = shutil.which(name, path=LOOKUP)
            if found:
                return kind, Path(found).resolve()
    raise ShellMissingError(f"The shell {wanted} is not installed here; install it or start the lab with --shell sh.")


@dataclass
class Template:
    """Real binaries with the libraries they need, copied once per lab and linked into every host's tree."""

    root: Path
    shell_kind: str
    shell: Path
    _plan: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)

    @classmethod
    def build(cls, root: Path, wanted_shell: str) -> Template:
        """Copy shell, utilities and libraries below `root`."""
        kind, shell = choose_shell(wanted_shell)
        template = cls(root, kind, shell)
        for directory in DIRECTORIES:
            (root / directory).mkdir(parents=True, exist_ok=True)
        (root / "bin").symlink_to("usr/bin")
        (root / "lib").symlink_to("usr/lib")
        binaries: list[Path] = []
        for name in UTILITIES:
            found = shutil.which(name, path=LOOKUP)
            if found:
                real = Path(found).resolve()
                shutil.copy(real, root / "usr/bin" / name)
                binaries.append(real)
        for name in ("ksh", "sh", "psh", "tsh"):
            shutil.copy(shell, root / "usr/bin" / name)
        ksh93 = next((found for name in SHELLS["ksh93"] if (found := shutil.which(name, path=LOOKUP))), None)
        if ksh93:
            shutil.copy(Path(ksh93).resolve(), root / "usr/bin/ksh93")
            binaries.append(Path(ksh93).resolve())
        template._copy_libraries([*binaries, shell])
        template._copy_locales()
        return template

    def _copy_libraries(self, binaries: list[Path]) -> None:
        listing = _loader_listing(binaries)
        words = {word for line in listing.splitlines() for word in line.split()}
        wanted = {word for word in words if word.startswith("/") and not word.endswith(":")}
        # users are looked up by a library that older C libraries load by name
        wanted |= {str(path) for lib in set(wanted) for path in Path(lib).parent.glob("libnss_files.so.2")}
        for name in sorted(wanted):
            target = resolve(self.root, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(Path(name).resolve(), target)

    def _copy_locales(self) -> None:
        """Offer the locales AIX logins have: a shell that does not find its LANG complains on stderr."""
        found = next((p for p in map(Path, ("/usr/lib/locale/C.utf8", "/usr/lib/locale/C.UTF-8")) if p.is_dir()), None)
        for name in ("en_US", "de_DE") if found else ():
            shutil.copytree(str(found), self.root / "usr/lib/locale" / name)

    @property
    def has_locales(self) -> bool:
        """Tell whether LANG=en_US is known inside the trees."""
        return (self.root / "usr/lib/locale/en_US").is_dir()

    def clone(self, root: Path, *, locales: bool) -> None:
        """Build a host's tree: directories of its own, files shared with the template."""
        if not self._plan:
            self._plan = _plan(self.root)
        for directory, files in self._plan:
            if locales or not directory.startswith("usr/lib/locale"):
                target = root / directory
                target.mkdir(parents=True, exist_ok=True)
                for source, name in files:
                    os.link(source, f"{target}/{name}")
        for name in ("bin", "lib"):
            (root / name).symlink_to(f"usr/{name}")
        for name in ("tmp", "var/tmp"):
            (root / name).chmod(0o1777)
        stubs = root / STUB_DIRECTORY.lstrip("/")
        stubs.mkdir()
        stubs.chmod(0o1777)


def _plan(root: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return every directory below `root` with its files as (place, name); worked out once for thousands of trees."""
    return [
        (os.path.relpath(directory, root), [(f"{directory}/{name}", name) for name in files])
        for directory, _, files in os.walk(root)
    ]


def _loader_listing(binaries: list[Path]) -> str:
    """Return what ldd prints for all binaries; asked once per machine, because it starts each of them."""
    stamps = "".join(f"{path} {path.stat().st_mtime_ns}\n" for path in sorted(set(binaries)))
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = home / "nim-lab" / f"ldd-{hashlib.sha256(stamps.encode()).hexdigest()[:16]}"
    with contextlib.suppress(OSError):
        return cache.read_text()
    argv = ["ldd", *map(str, binaries)]
    listing = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    with contextlib.suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_name(f"{cache.name}.{os.getpid()}")
        fresh.write_text(listing)
        fresh.replace(cache)
    return listing


def add_stubs(template: Template, paths: dict[str, int]) -> None:
    """Put the command stubs of the lab into the template: in-tree path to file mode."""
    for path, mode in paths.items():
        target = resolve(template.root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(STUB)
        target.chmod(mode)
