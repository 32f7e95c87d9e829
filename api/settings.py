"""Settings from the environment: the only place that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from contracts.errors import InputError

_SECRETS = ("pseudonym_key", "database_url")


class Settings(BaseSettings):
    """What an operator may set; every name is prefixed ``EVENFLOW_`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="EVENFLOW_", extra="ignore", frozen=True)

    home: Path = Field(default=Path(".evenflow"), description="Folder of loaded networks, results and jobs.")
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the server listens on.")
    database_url: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="Database of reservations and other transactions (PostgreSQL); a SQLite file in the home if unset.",
    )
    processes: int = Field(
        default=1, ge=1, le=64, description="Processes that answer requests; with several there is no console."
    )
    workers: int = Field(
        default=2, ge=1, le=64, description="Jobs (forecasts, plans) computed at the same time; at least one a process."
    )
    mlflow_uri: str | None = Field(
        default=None,
        min_length=1,
        description="mlflow server or database of trained models; a file in the home if unset.",
    )
    pseudonym_key: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Secret behind the pseudonyms of guides and KOLs; the home makes and keeps its own if unset.",
    )
    access: Literal["keys", "open"] = Field(
        default="keys",
        description="`keys`: every request needs an API key or a token; `open`: none does, on this machine only.",
    )
    allowed_hosts: str = Field(
        default="",
        description="Names, separated by commas, that requests may name as `Host` beside this machine's own; if unset, "
        "any with keys and none with `open`.",
    )
    jwt_jwks: Path | None = Field(
        default=None, description="JWKS file of the identity provider whose tokens are taken; API keys alone if unset."
    )
    jwt_issuer: str = Field(default="", description="What `iss` of a token must be; needed with the JWKS file.")
    jwt_audience: str = Field(default="evenflow", description="What `aud` of a token must name.")
    requests_per_second: float = Field(
        default=5000, gt=0, description="Requests that one key may make on average; twice as many at once."
    )
    body_seconds: float = Field(
        default=30,
        gt=0,
        description="How long a request's head may take, and each next part of its body; later a body comes at 1 kB/s.",
    )
    requests_at_once: int = Field(
        default=200, ge=1, description="Requests answered at the same time; one more is told 503 with `Retry-After`."
    )
    schedule: dict[str, str] = Field(
        default={},
        description="What the worker does by the clock, as JSON: times of day (Asia/Shanghai) by `forecast`, "
        '`prices`, `retrain` and `forget` (04:40 if unset), like `{"forecast": "02:00"}`.',
    )
    retention_days: int = Field(
        default=90,
        ge=8,
        le=36_500,
        description="How long, in days, what is over is kept: a write repeated with its key is answered as before, a "
        "reservation that is over can be read, events and deliveries of webhooks, retried work and closings of "
        "exceptions; no hold is as long as the least, 8.",
    )
    worker_nice: int = Field(
        default=10, ge=0, le=19, description="How far a worker gives way to the servers of its machine, as `nice` does."
    )
    connections: int = Field(
        default=1000,
        ge=1,
        description="Connections at the same time; beyond them requests are told 503 with `Retry-After`.",
    )
    webhook_targets: Literal["public", "private"] = Field(
        default="public",
        description="Where webhooks may go: `public`: by https and to public addresses; `private`: anywhere.",
    )
    shutdown_seconds: float = Field(
        default=30, ge=0, description="How long SIGTERM lets requests and jobs at work end by themselves."
    )
    log: Literal["text", "json"] = Field(
        default="text", description="`text`: warnings and errors, for people; `json`: every request, an object a line."
    )
    max_body_mb: int = Field(default=64, ge=1, le=1024, description="Largest request body accepted, in MiB.")

    def secret(self) -> str | None:
        """Return the secret behind pseudonyms, if the operator keeps it."""
        return None if self.pseudonym_key is None else self.pseudonym_key.get_secret_value()

    def database(self) -> str:
        """Return the URL of the database of transactions; that of the home's own file if none is set."""
        from store.engines import default_url

        return default_url(self.home) if self.database_url is None else self.database_url.get_secret_value()


def read_settings(**overrides: object) -> Settings:
    """Return the settings of the environment, with the command line's over them; None overrides nothing.

    Raises
    ------
    InputError
        Naming the variable or option at fault.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate({**Settings().model_dump(), **given})
    except SettingsError:  # the only one that is read as JSON
        raise InputError("EVENFLOW_SCHEDULE", 'JSON like {"forecast": "02:00"}', "text that is no JSON") from None
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        where = f"--{name}" if name in given else f"EVENFLOW_{name.upper()}"
        got = f"{len(str(fault['input']))} characters" if name in _SECRETS else fault["input"]
        raise InputError(where, fault["msg"].removeprefix("Input should be "), got) from None
