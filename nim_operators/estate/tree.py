"""YAML with the line of every key: what the parser drops and a sentence about a mistake needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from nim_operators.estate.misread import BrokenYaml, Misread, misread_of

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]

_TEXT = "tag:yaml.org,2002:str"


class _Loader(SafeLoader):
    """Plain scalars as YAML 1.2 reads them: ``22:30`` and ``no`` are text, not numbers and truths."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own shape


_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(?:0|[1-9]\d*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?(?:0|[1-9]\d*)\.\d+$"), list("-0123456789"))


class Tree:
    """A YAML document as plain values, with the lines they came from.

    :param text: the document.
    :raises BrokenYaml: if it is none.
    """

    values: Any
    repeated: tuple[Misread, ...]
    """Keys that stand twice in one mapping; the last one is in ``values``."""

    def __init__(self, text: str) -> None:
        loader = _Loader(text)
        try:
            self._root = loader.get_single_node()
            self.repeated = tuple(_repeated_keys(self._root, (), set()))
            self.values = None if self._root is None else loader.construct_document(self._root)
        except yaml.YAMLError as error:
            raise BrokenYaml(misread_of(error, text)) from error
        except RecursionError as error:
            raise BrokenYaml(Misread(1, (), "the file is nested too deeply to be read")) from error
        finally:
            loader.dispose()

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of what *path* leads to, or of the last step of the path that exists."""
        node, line = self._root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = [(key, value) for key, value in node.value if key.value == step]
                if not found:
                    break
                key, node = found[-1]
                line = _line(key)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                line = _line(node)
            else:
                break
        return line


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _repeated_keys(node: yaml.Node | None, path: tuple[str | int, ...], seen: set[int]) -> Iterator[Misread]:
    """Walk each node once (an alias may lead back to it), read all keys as text, report the repeated ones."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated_keys(item, (*path, number), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a list or a mapping stands where a key is expected", key.start_mark
                )
            key.tag = _TEXT
            if key.value in first:
                saw = f"the key stands twice here, first on line {first[key.value]}, allowed is once"
                yield Misread(_line(key), (*path, key.value), saw)
            first.setdefault(key.value, _line(key))
            yield from _repeated_keys(value, (*path, key.value), seen)
