"""Who serves: promotion, rollback, and the list of what there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from contracts.errors import EvenflowError, NotReadyError, UnknownIdError
from services.champion import DEFAULT_NAME, open_model, shelf_of
from services.learn_weights import KIND, require_no_worse
from services.offer_models import KIND as OFFERS
from services.offer_models import require_offers_no_worse
from store.models import Roles, Shelf
from store.registry import Registry, installed

__all__ = ["list_models", "promote_model", "rollback_model"]


def promote_model(
    home: Path, version: str | None = None, *, name: str = DEFAULT_NAME, uri: str | None = None
) -> dict[str, Any]:
    """Make a version the champion: every server of this home serves it from its next request on.

    The version is fetched from the registry if it is not kept here, checked byte for byte, and opened once, before the
    champion changes in one step. Killed at any moment, the old or the new one serves. Match weights and
    offer models are replayed first.

    Parameters
    ----------
    version
        Its number; the challenger by default.

    Raises
    ------
    InputError
        If match weights or an offer model do worse on later outcomes than what serves.
    UnknownIdError
        If there is no such version.
    NotReadyError
        If there is no challenger, or the version is damaged; the champion stays who it was.
    """
    shelf = shelf_of(home, name)
    chosen = version or _challenger(shelf)
    _ensure_kept(shelf, chosen, home, uri)
    replayed = {KIND: require_no_worse, OFFERS: require_offers_no_worse}.get(shelf.read(chosen).card.get("kind", ""))
    if replayed is not None:
        replayed(shelf, chosen)
    else:
        open_model(shelf, chosen)  # a snapshot that this program cannot read never becomes the champion
    return _told(shelf, shelf.promote(chosen), home, uri)


def rollback_model(home: Path, *, name: str = DEFAULT_NAME, uri: str | None = None) -> dict[str, Any]:
    """Make the champion before this one the champion again.

    Raises
    ------
    NotReadyError
        If there was none, or it is damaged; the champion stays who it was.
    """
    shelf = shelf_of(home, name)
    return _told(shelf, shelf.rollback(), home, uri)


def list_models(home: Path, *, name: str = DEFAULT_NAME) -> list[dict[str, Any]]:
    """Return the versions kept here, the newest first, each with its roles and what is told about it."""
    shelf = shelf_of(home, name)
    roles = shelf.roles()
    played = {"champion": roles.champion, "challenger": roles.challenger}
    out = []
    for version, card in shelf.cards().items():
        mine = [role for role, ref in played.items() if ref and ref.version == version]
        mine += ["previous"] * any(ref.version == version for ref in roles.previous)
        told = {"damaged": card} if isinstance(card, str) else dict(card)
        out.append({"name": name, "version": version, "roles": mine, **told})
    return out


def _challenger(shelf: Shelf) -> str:
    challenger = shelf.roles().challenger
    if challenger is None:
        raise NotReadyError(f"the model {shelf.name} has no challenger: `evenflow train`, or name a version to promote")
    return challenger.version


def _ensure_kept(shelf: Shelf, version: str, home: Path, uri: str | None) -> None:
    """Fetch a version from the registry if it is not here or not whole, and mlflow is there to ask."""
    try:
        shelf.read(version)
    except (UnknownIdError, NotReadyError):
        if not installed() or (uri is None and not (home / "registry").is_dir()):
            raise
        files = Registry(home / "registry", uri=uri).fetch(shelf.name, version)
        shelf.put(version, files, orjson.loads(files["card.json"]))


def _told(shelf: Shelf, roles: Roles, home: Path, uri: str | None) -> dict[str, Any]:
    """Return the roles, after the registry's aliases were made to say the same."""
    played = {"champion": roles.champion, "challenger": roles.challenger}
    versions = {role: ref.version if ref else None for role, ref in played.items()}
    told = {"name": shelf.name, **versions, "previous": [ref.version for ref in roles.previous]}
    return told | {"registry": _mirrored(shelf.name, versions, home, uri)}


def _mirrored(name: str, versions: dict[str, str | None], home: Path, uri: str | None) -> str:
    """Move the registry's aliases; a registry that does not answer never undoes a promotion."""
    if not installed():
        return "not told: mlflow is not installed here"
    if uri is None and not (home / "registry").is_dir():
        return "none here"
    try:
        Registry(home / "registry", uri=uri).mirror(name, versions)
    except EvenflowError as error:
        return f"not told: {error}"
    return "told"
