"""Wait in the triggerer: one connection per host, kept through drops, until a deadline."""
