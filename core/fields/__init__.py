"""Model fields whose column holds only ciphertext. They allow `isnull` and nothing else as a lookup."""

import json
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from core.crypto import Keyring, decrypt, encrypt

if TYPE_CHECKING:
    TextColumn = models.TextField[Any, Any]
else:
    TextColumn = models.TextField


@cache
def _ring(items: tuple[tuple[str, bytes], ...]) -> Keyring:
    return Keyring(dict(items))


def keyring() -> Keyring:
    """The ring of `settings.FIELD_KEYS`."""
    return _ring(tuple(settings.FIELD_KEYS.items()))


class EncryptedTextField(TextColumn):
    """Text at rest as AES-256-GCM. `context` is the logical column name and stays when a table is renamed;
    history tables keep the same context, so their rows open too."""

    description = "Encrypted text"
    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def __init__(self, *args: Any, context: str = "", **kwargs: Any) -> None:
        self.context = context
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "context": self.context}

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.context} is encrypted: search its blind index instead")
        return super().get_lookup(lookup_name)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, Expression):
            return value
        return encrypt(keyring(), self.to_plaintext(value), context=self.context)

    def from_db_value(self, value: str | None, _expression: Expression, _connection: BaseDatabaseWrapper) -> Any:
        return None if value is None else self.to_value(decrypt(keyring(), value, context=self.context))

    def to_plaintext(self, value: Any) -> str:
        return str(value)

    def to_value(self, text: str) -> Any:
        return text


class EncryptedJSONField(EncryptedTextField):
    """A JSON value at rest as AES-256-GCM; numbers with a fraction keep their digits as text inside FHIR JSON."""

    description = "Encrypted JSON"

    def to_plaintext(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def to_value(self, text: str) -> Any:
        return json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return self.to_plaintext(self.value_from_object(obj))
