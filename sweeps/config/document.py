"""YAML as a sweep file needs it: no key twice, every failure a ConfigError, and single keys replaced from outside."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from sweeps.errors import ConfigError

_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys without a word, and lets the errors of its number types escape."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                continue
            if key in seen:
                raise ConstructorError(None, None, f"the key {key!r} stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, ArithmeticError, AttributeError, TypeError) as error:
            problem = f"{' '.join(str(error).split())}: quote it if it is text"
            raise ConstructorError(None, None, problem, node.start_mark) from None


def read_yaml(text: str, *, source: str) -> Any:
    """Read one YAML document.

    Args:
        text: YAML.
        source: How messages name it.

    Raises:
        ConfigError: If it is not YAML, or holds a key twice.
    """
    try:
        loader = _Loader(text)
        loader.name = source
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ConfigError(f"{source}: not YAML: nested too deeply") from None


def override(document: Mapping[str, Any], change: str) -> dict[str, Any]:
    """Apply one `key.key=value`, its value read as YAML, making the sections on the way.

    Raises:
        ConfigError: If the change does not read so.
    """
    path, equals, text = change.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"--set: must read key.key=value, got {change!r}")
    return _replaced(document, keys, read_yaml(text, source=f"--set {path}"))


def _replaced(section: object, keys: list[str], value: object) -> dict[str, Any]:
    if isinstance(section, str):  # a bare name is short for {name: ...}
        section = {"name": section}
    opened = dict(section) if isinstance(section, Mapping) else {}
    opened[keys[0]] = value if len(keys) == 1 else _replaced(opened.get(keys[0]), keys[1:], value)
    return opened
