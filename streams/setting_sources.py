"""Where settings come from besides the environment: one YAML file, and files that hold secrets."""

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from streams.setting_problems import Problem, SettingsError

MAX_FILE_BYTES = 1_000_000
MAX_DEPTH = 8


class StrictYaml(PydanticBaseSettingsSource):
    """The file that a stronger source names as `config_file`; secrets may not stand in it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Answer for one field; unused, the file is taken as a whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Read the file; an unknown key is left in, for the class to refuse."""
        name = self.current_state.get("config_file")
        if name is None:
            return {}
        path = Path(name)
        values = _mapping(text_of(path, "COUPON_CONFIG_FILE"), path)
        secrets = [key for key in values if key in secret_names(self.settings_cls.model_fields)]
        if secrets:
            problems = [Problem(key, _elsewhere(key), f"in {path}") for key in secrets]
            raise SettingsError(problems)
        return values


class SecretFiles(PydanticBaseSettingsSource):
    """`COUPON_<NAME>_FILE` names the file whose first line is the secret."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Read the secret of one field, if its twin names a file."""
        variable = f"{self.config.get('env_prefix', '')}{field_name}_FILE".upper()
        name = os.environ.get(variable)
        if not name:
            return None, field_name, False
        lines = text_of(Path(name), variable).splitlines()
        if not lines or not lines[0]:
            raise SettingsError([Problem(variable, "a file with a secret in it", "an empty file")])
        return lines[0], field_name, False

    def __call__(self) -> dict[str, Any]:
        """Read every secret that has a file."""
        fields = self.settings_cls.model_fields
        read = {name: self.get_field_value(fields[name], name)[0] for name in secret_names(fields)}
        return {name: value for name, value in read.items() if value is not None}


def secret_names(fields: dict[str, FieldInfo]) -> tuple[str, ...]:
    """Name the fields that hold a secret."""
    return tuple(name for name, field in fields.items() if SecretStr in _parts(field.annotation))


def _parts(annotation: Any) -> tuple[Any, ...]:
    return (annotation, *getattr(annotation, "__args__", ()))


def _elsewhere(key: str) -> str:
    return f"in COUPON_{key.upper()} or in the file that COUPON_{key.upper()}_FILE names"


def text_of(path: Path, variable: str) -> str:
    """Read the file that a setting names.

    Raises
    ------
    SettingsError
        It cannot be read, is no text or is too large.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            expected = f"a file of at most {MAX_FILE_BYTES} bytes"
            raise SettingsError([Problem(variable, expected, f"{str(path)!r}, which is larger")])
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        found = f"{str(path)!r} ({reason})"
        raise SettingsError([Problem(variable, "a readable file", found)]) from error


def _refuse_unseen(text: str, path: Path) -> None:
    """Refuse what a reader of the file would not see: a setting that is written twice, or depth."""
    depth, nodes_count, names = 0, 0, set[str]()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if not isinstance(event, yaml.NodeEvent):
            continue
        line, found = event.start_mark.line + 1 if event.start_mark else 1, None
        if depth == 1:  # in the outermost mapping, where names and values take turns
            nodes_count += 1
            name = str(getattr(event, "value", "")) if nodes_count % 2 else ""
            found = f"{name} written twice" if name in names else None
            names |= {name} - {""}
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            found = f"depth {depth}" if depth > MAX_DEPTH else found
        if found is not None:
            expected = f"each setting once, at most {MAX_DEPTH} deep"
            raise SettingsError([Problem(str(path), expected, f"{found} at line {line}")])


def _mapping(text: str, path: Path) -> dict[str, Any]:
    expected = "a YAML mapping of setting names to values"
    try:
        _refuse_unseen(text, path)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "somewhere"
        found = f"not YAML at {where}: {getattr(error, 'problem', None) or 'unreadable'}"
        raise SettingsError([Problem(str(path), expected, found)]) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError([Problem(str(path), expected, f"a {type(content).__name__}")])
    return content
