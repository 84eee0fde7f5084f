"""Message catalogues: what an AIX with German messages prints unless LC_ALL=C (nim.md hazard 17)."""

from __future__ import annotations

import re

_C_LOCALES = {"C", "POSIX", "en_US", "EN_US", "C.UTF-8", "en_US.UTF-8", "C.utf8"}
_GERMAN = (
    (r"Level check is successful\.", "Die Prüfung der Version war erfolgreich."),
    (r"nim_master_recover Complete", "nim_master_recover ist abgeschlossen"),
    (r"Replicating resource (\S+)", r"Die Ressource \1 wird repliziert"),
    (r"Replicated resource (\S+)", r"Die Ressource \1 wurde repliziert"),
    (r"Finished restoring the NIM database", "Die NIM-Datenbank wurde wiederhergestellt"),
    (r"Restoring the NIM database from (\S+)", r"Die NIM-Datenbank wird aus \1 wiederhergestellt"),
    (r"The (\S+) Subsystem was requested to stop\.", r"Das Subsystem \1 wurde aufgefordert, zu stoppen."),
    (
        r"The (\S+) Subsystem has been started\. Subsystem PID is",
        r"Das Subsystem \1 wurde gestartet. Die PID lautet",
    ),
    (r"The (\S+) Subsystem has been added\.", r"Das Subsystem \1 wurde hinzugefügt."),
    (r"Subsystem has been Deleted\.", "Das Subsystem wurde gelöscht."),
    (r"The (\S+) Subsystem is not on file\.", r"Das Subsystem \1 ist nicht in der Datei enthalten."),
    (r"there is no NIM object named", "es gibt kein NIM-Objekt mit dem Namen"),
    (r"processing error encountered on", "Verarbeitungsfehler bei"),
    (r'The current master for "([^"]*)"\nis', r'Der aktuelle Master für "\1"\nist'),
    (r"ready for a NIM operation", "bereit für eine NIM-Operation"),
    (r"ready for use", "bereit zur Verwendung"),
    (r"currently running", "in Betrieb"),
    (r"(?<![-\w])inoperative", "nicht betriebsbereit"),
    (r"(?<=\s)active(?=\s*$)", "aktiv"),
    (
        r"Subsystem         Group            PID          Status",
        "Subsystem         Gruppe           PID          Status",
    ),
    (r"Connection refused", "Verbindung zurückgewiesen"),
)
_COMPILED = [(re.compile(pattern, re.MULTILINE), replacement) for pattern, replacement in _GERMAN]


def translate(text: str, locale: str) -> str:
    """Return the text in the language of the locale; only German is in the catalogue."""
    if locale in _C_LOCALES or not locale.lower().startswith("de"):
        return text
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    return text
