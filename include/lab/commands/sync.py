"""nim -o sync: push the local database onto the alternate master, in its thirteen phases (nim.md 4.3)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from include.lab import backup_files
from include.lab.call import Call
from include.lab.commands.backup import add_and_start, check_level, stop_and_delete
from include.lab.commands.clients import push_client_list
from include.lab.commands.nim import NimArgs, operation
from include.lab.commands.replicate import replicate
from include.lab.commands.sync_run import UNDOCUMENTED, SyncRun
from include.lab.definitions import READY, alternate_object
from include.lab.errors import NimError, unexpected
from include.lab.faults import Fault, register
from include.lab.nimdb import clients_of
from include.lab.odm import NimObject
from include.lab.predefined import TYPES

BACKUPS = "/export/nim/backups"
FIRST_REMOTE_PHASE = 3


class Sync(SyncRun):
    """
    One run of sync.

    Everything before phase 3 leaves the target as it was; between phase 3 and 6 it has no nimesis; up to
    phase 7 it may carry the source's niminfo (nim.md 12.17).
    """

    async def run(self) -> int:
        """Run all phases; the first that fails ends the operation where it stands."""
        if self.target.db.exists() and not self.force:
            text = f'a NIM database already exists on "{self.record.name}"; use the force option to overwrite it'
            raise NimError(1, UNDOCUMENTED, text)
        phases: list[Callable[[], Awaitable[None]]] = [
            self.save_target, self.name_backup, self.stop_target, self.fetch, self.compare_levels,
            self.restore, self.update_master, self.reset_machines, self.remove_own_record,
            self.reset_resources, self.replicate_resources, self.check_resources, self.complete,
        ]  # fmt: skip
        helper = self.estate.start_daemon(self.source, f"/usr/lpp/bos.sysmgt/nim/methods/m_sync {self.record.name}")
        self.note("sync:start", "start")
        try:
            for number, phase in enumerate(phases, 1):
                if number == FIRST_REMOTE_PHASE:
                    self._start_recover()
                await self.enter(number)
                await phase()
        except OSError as error:
            self.end("failed")
            raise unexpected(UNDOCUMENTED, "/usr/bin/tar", f"0511-191 Write failure: {error.strerror}") from error
        except NimError:
            self.end("failed")
            raise
        except (asyncio.CancelledError, Exception):
            self.end("interrupted")
            raise
        finally:
            self.estate.stop_daemon(self.source, helper)
            self.estate.stop_daemon(self.target, self.recover)
            self.target.nfs_mounts.clear()
            self.source.exports = [line for line in self.source.exports if "_nim_dir" not in line]
        self.end("complete")
        return 0

    def _start_recover(self) -> None:
        """Show what does the work on the target; killing it ends the sync."""
        argv = f"/usr/bin/ksh /usr/sbin/nim_master_recover -s -n {self.record.name}"
        self.recover = self.estate.start_daemon(self.target, argv)

    # --- the phases ------------------------------------------------------------------------------

    async def save_target(self) -> None:
        """1: make a tar file of the database that is about to be replaced."""
        try:
            self.saved = backup_files.collect(self.target)
        except FileNotFoundError:
            self.saved = []
        on_target = self.estate.switches["backup_lands_on"] == "target"
        place = self.target if on_target else self.source
        stamp = time.strftime("%H%M%S%m%d%Y", time.gmtime())
        self.backup = f"{BACKUPS}/{self.record.name}.{stamp}.backup"
        await self.say(*(backup_files.added(member) for member in self.saved))
        try:
            if self.estate.fault("backup_fs_full", self.target.name):
                place.fs.require(self.backup, 1 << 62)
            if self.saved:
                place.fs.write(self.backup, backup_files.pack(self.saved, int(time.time())), 0o600)
        except OSError as error:
            raise unexpected(UNDOCUMENTED, "/usr/bin/tar", f"0511-191 Write failure: {error.strerror}") from error

    async def name_backup(self) -> None:
        """2: say where that copy lies."""
        await self.call.line(
            "The original NIM database was backed up to the",
            "\tfollowing location prior to this operation:",
            f'\t"{self.backup}"',
            "",
        )

    async def stop_target(self) -> None:
        """3: stop nimesis on the target, delete its subsystem and every row of its database."""
        await stop_and_delete(self.remote)
        objects, attributes = self.target.db.erase()
        await self.call.line(f"{objects} objects deleted", f"{attributes} objects deleted")

    async def fetch(self) -> None:
        """4: mount the source's copy over NFS and read its level."""
        directory = f"/tmp/_nim_dir_{self.call.pid or 17626}"
        self.source.exports.append(f"{directory} -ro,root={self.target.hostname},access={self.target.hostname}")
        if self.estate.fault("nfs_blocked", self.source.name) or self.estate.fault("nfs_blocked", self.target.name):
            place = f"{self.source.hostname}:{directory}"
            text = f"1831-011 access denied for {place}\nmount: 1831-008 giving up on:\n{place}"
            raise unexpected("c_mount", "/usr/sbin/mount", text)
        self.target.nfs_mounts.append(f"{self.source.hostname}:{directory} {directory}/mnt0")
        await self.call.line(f"Restoring the NIM database from {directory}/mnt0")
        await self.say("x ./etc/NIM.level, 8 bytes, 1 tape blocks", "")

    async def compare_levels(self) -> None:
        """5: compare the level of the target's fileset with that of the database."""
        backup = (self.source.read("/etc/NIM.level") or "").strip()
        if not await check_level(self.call, self.target.fileset_level, backup):
            raise unexpected(UNDOCUMENTED, "/usr/sbin/nim_master_recover", "The level check failed.")

    async def restore(self) -> None:
        """6: extract the six files, add nimesis and nimd again, start nimesis."""
        self.target.db.save([item.copy() for item in self.objects])
        for member in backup_files.collect(self.source):
            if member.name in {"./etc/NIM.level", "./etc/niminfo"}:
                backup_files.extract(self.target, member)
            await self.say(backup_files.extracted(member))
        if self.estate.switches["niminfo_after_restore"] == "own":
            self.target.write_niminfo(self.own_niminfo)
        await add_and_start(self.remote)
        await self.call.line("Finished restoring the NIM database")

    async def update_master(self) -> None:
        """7: the target's record becomes its own master record; further interfaces are gone."""
        objects = self.target.db.edit()
        master = next(item for item in objects if item.type == "master")
        await self.call.line(f"Updating master definition in database from {self.record.name} definition")
        for key in [k for k, _ in master.attrs if k.startswith(("if", "cable_type")) and not k.endswith(("f1", "e1"))]:
            master.drop(key)
        for key in ("platform", "netboot_kernel", "if1", "cable_type1"):
            master.set(key, self.record.get(key))
            await self.call.line(f"  Updated master attribute {key} to {self.record.get(key)}")
        for item in objects:
            if item.cls == "networks":
                self._forget_static_routes(item)
        self.target.db.save(objects)
        self.target.write_niminfo(self.own_niminfo)
        await self.call.line("Finished updating master definition")

    @staticmethod
    def _forget_static_routes(network: NimObject) -> None:
        # all interfaces of the old master go before the new one comes, so static routes come out wrong [S7]
        for key, value in list(network.attrs):
            if key.startswith("routing") and not value.startswith("default "):
                network.drop(key)

    async def reset_machines(self) -> None:
        """8: reset every machine: state ready, nothing allocated."""
        objects = self.target.db.edit()
        await self.call.line("Resetting machines")
        for item in objects:
            if item.cls == "machines":
                item.set("Cstate", READY)
                item.attrs = [(k, v) for k, v in item.attrs if k not in TYPES["resources"] and k != "lock"]
        self.target.db.save(objects)
        await self.call.out("".join(f"  Reset {item.name}\n" for item in objects if item.cls == "machines"))
        await self.call.line("Finished resetting machines")

    async def remove_own_record(self) -> None:
        """9: the target is no alternate of itself; does it know the source? A switch (nim.md 12.1)."""
        await self.call.line(f"Removing NIM client {self.record.name}")
        objects = [item for item in self.target.db.edit() if item.name != self.record.name]
        if self.estate.switches["peer_record_after_sync"] == "kept":
            objects.insert(min(4, len(objects)), alternate_object(self.source))
        self.target.db.save(objects)
        await self.call.line(f"Finished removing {self.record.name}")

    async def reset_resources(self) -> None:
        """10: nothing is allocated; without replicate what the source serves is dropped (nim.md 4.3)."""
        await self.call.line("Resetting NIM resources")
        objects = self.target.db.edit()
        for item in objects:
            if item.cls == "resources":
                item.set("alloc_count", "0")
        if not self.replicated:
            objects = [item for item in objects if not self._served(item)]
        self.target.db.save(objects)
        await self.call.line("Finished resetting NIM resources")

    @staticmethod
    def _served(item: NimObject) -> bool:
        return item.cls == "resources" and item.get("server") == "master" and item.type not in {"boot", "nim_script"}

    async def replicate_resources(self) -> None:
        """11: copy what is not yet at its location on the target."""
        if not self.replicated:
            return
        await self.call.line("Replicating NIM resources. Please wait, takes time....")
        for item in self.objects:
            if self._served(item) and not await replicate(self, item):
                self.lost.add(item.name)
        await self.call.line("Finished Replicating NIM resources")

    async def check_resources(self) -> None:
        """12: keep what is there, look at the SPOTs."""
        objects = self.target.db.edit()
        await self.call.line("Checking NIM resources")
        for item in [item for item in objects if self._served(item)]:
            if item.name in self.lost:
                objects.remove(item)
                await self.call.line(f"  Removing {item.name}")
            else:
                await self.call.line(f"  Keeping {item.name}")
        self.target.db.save(objects)
        spots = [item.name for item in objects if item.type == "spot" and self._served(item)]
        await self.call.line("Finished checking NIM resources", "Checking NIM SPOTs")
        await self.call.line(*(f"  checking {name}" for name in spots), "Finished checking SPOTs")

    async def complete(self) -> None:
        """13: optionally rebuild the clients' lists of masters, then the line that means success."""
        wanted = self.args.attr("reset_clients", "no").lower() == "yes"
        if wanted and self.estate.switches["reset_clients"] == "known":
            await self._reset_clients()
        await self.call.line("nim_master_recover Complete")
        if self.estate.fault("sync_complains", self.source.name):
            raise unexpected(UNDOCUMENTED, "/usr/sbin/exportfs", "1831-187 re-exported /export/nim")

    async def _reset_clients(self) -> None:
        objects = self.source.db.edit()
        for item in clients_of(objects):
            done = await push_client_list(self.estate, self.source, self.target, item)
            item.set("sync_required", "no" if done else "yes")
            if self.estate.switches["reset_clients_output"] == "lines":
                word = "Reset" if done else "Unable to reset"
                await self.call.line(f"{word} NIM client {item.name}")
        self.source.db.save(objects)


async def _until_killed(run: Sync) -> int:
    """Run the phases; what becomes of them when nim is killed after they reached the target is a switch."""
    work = asyncio.create_task(run.run())
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if run.recover and run.estate.switches["killed_sync_remote"] == "continues":
            run.mute()
            run.estate.background(run.target, _rest(work))
        else:
            work.cancel()
            await asyncio.wait({work})
        raise


async def _rest(work: asyncio.Task[int]) -> None:
    try:
        await work
    except NimError:
        return


@operation("sync")
async def sync(call: Call, args: NimArgs) -> int:
    """Synchronise an alternate master from this one."""
    run = Sync(call, args)
    try:
        return await _until_killed(run)
    except NimError as error:
        if call.estate.switches["sync_error_stream"] == "stderr":
            raise
        await call.line(*error.lines())
        return error.status


register(
    Fault(
        "sync_fails",
        "sync ends with an error in a phase, on the host that runs it",
        {"phase": "1..13 (required)"},
    ),
    Fault("sync_complains", "sync does all its work and then ends with an error", default_host="first"),
    Fault("sync_hangs", "sync stops making progress in a phase until healed", {"phase": "1..13 (required)"}),
    Fault("nfs_blocked", "NFS between the masters is blocked (1831-011)", default_host="first"),
)
