"""The only reader of the environment. Each setting is a variable `HANDBOOK_…`; `.env.example` lists them all."""

import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from content.object_files import Bucket
from content.push_endpoints import PUSH_HOSTS, check_hosts
from notifications.channels.email import check_sender, read_smtp_url
from notifications.channels.google import read_service_account
from notifications.channels.vapid import check_subject, read_vapid_key

_BUCKET = re.compile(r"[0-9a-z][0-9a-z.-]{1,61}[0-9a-z]")
_FINGERPRINT = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}")
_APP_ID = re.compile(r"[0-9A-Z]{10}(\.[0-9A-Za-z-]+)+")


class SettingsError(ValueError):
    """A setting is missing, malformed or unsafe; the message is one line for the operator."""


def _that(check: Callable[[Any], object]) -> AfterValidator:
    """A value that `check` finds nothing wrong with."""

    def checked(value: Any) -> Any:
        check(value.get_secret_value() if isinstance(value, SecretStr) else value)
        return value

    return AfterValidator(checked)


def _check_fingerprints(fingerprints: tuple[str, ...]) -> None:
    if not all(map(_FINGERPRINT.fullmatch, fingerprints)):
        raise ValueError("must be 32 bytes in capital hex with colons between, as `keytool -list -v` prints them")


def _check_app_ids(ids: tuple[str, ...]) -> None:
    if not all(map(_APP_ID.fullmatch, ids)):
        raise ValueError("must be such as ABCDE12345.org.example.handbook")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HANDBOOK_", extra="ignore", frozen=True)

    demo: bool = Field(
        default=False, description="Serve made-up people with known passwords; refuses to listen beyond this machine."
    )
    data_dir: Path = Field(
        default=Path("var/data"),
        description="Where the embedded database, the keyring and files live unless said otherwise.",
    )
    database_url: str | None = Field(
        default=None,
        description="sqlite+aiosqlite:///… or postgresql+asyncpg://…; the embedded SQLite file by default.",
    )
    database_pool: int = Field(default=10, ge=1, le=200, description="PostgreSQL connections kept open by one process.")
    redis_url: str | None = Field(
        default=None, description="redis://… shares log-in limits between processes; in memory by default."
    )
    keys_file: Path | None = Field(
        default=None, description="The keyring made by `handbook keys init`; keys.json in the data folder by default."
    )
    files_dir: Path | None = Field(
        default=None, description="Where files are stored by their content; files/ in the data folder by default."
    )
    files_url: str | None = Field(
        default=None,
        description="s3://bucket/prefix keeps files in a bucket instead; what arrives passes through the folder.",
    )
    files_endpoint: str | None = Field(
        default=None, description="Where the bucket answers, such as https://s3.example.org; Amazon by default."
    )
    files_region: str | None = Field(default=None, description="The bucket's region.")
    files_key: str | None = Field(
        default=None, description="The access key's id; without it what this machine itself may do."
    )
    files_secret: SecretStr | None = Field(default=None, description="The access key's secret.")
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port to listen on.")
    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8000"), description="How phones reach this server; https outside the demo."
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), description="Comma-separated networks whose X-Forwarded-For and -Proto count."
    )
    metrics_networks: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="Comma-separated networks that may read /metrics; this machine alone by default.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated origins of web apps that may call; none by default."
    )
    approval_above: int = Field(
        default=10_000, ge=0, description="An urgent notice to more people than this needs a second person's approval."
    )
    worker: Literal["auto", "inside", "apart"] = Field(
        default="auto",
        description="Who does what time makes due: each server (inside), or `handbook worker` (apart); auto is inside "
        "with the embedded database and apart with PostgreSQL.",
    )
    fcm_account_file: Annotated[Path, _that(read_service_account)] | None = Field(
        default=None, description="A service account's key file from Google's console: pushes to phones by Firebase."
    )
    fcm_project: str = Field(
        default="",
        pattern=r"^[a-z0-9-]{0,64}$",
        description="Firebase's project; the service account's own by default.",
    )
    vapid_key_file: Annotated[Path, _that(read_vapid_key)] | None = Field(
        default=None, description="The key made by `handbook keys vapid`: pushes to browsers by Web Push."
    )
    vapid_subject: Annotated[str, _that(check_subject)] | None = Field(
        default=None, description="mailto:… or https://…, where push services can reach you; with vapid_key_file."
    )
    push_hosts: Annotated[tuple[str, ...], NoDecode, _that(check_hosts)] = Field(
        default=PUSH_HOSTS,
        description="Comma-separated push services (host or host:port) that browsers may subscribe with, and what is "
        "below them.",
    )
    smtp_url: Annotated[SecretStr, _that(read_smtp_url)] | None = Field(
        default=None,
        description="smtps://user:password@host, or smtp://… with STARTTLS: e-mail to those without a phone.",
    )
    smtp_sender: Annotated[str, _that(check_sender)] | None = Field(
        default=None, description="Whom e-mail is from, such as Handbook <no-reply@example.org>; with smtp_url."
    )
    push_file: Path | None = Field(
        default=None, description="Where pushes without a provider are written as lines of JSON; the log by default."
    )
    fcm_per_minute: int = Field(
        default=600_000,
        ge=60,
        description="Pushes a minute that one process sends by Firebase: its quota, shared by those that deliver.",
    )
    email_per_minute: int = Field(default=600, ge=1, description="E-mails a minute that one process sends.")
    topics_above: int = Field(
        default=10_000,
        ge=0,
        description="An urgent notice to more devices than this goes once for all that subscribed to its channel.",
    )
    android_package: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z][0-9A-Za-z_]*(\.[A-Za-z][0-9A-Za-z_]*)+$",
        description="The Android app that opens this server's links, such as org.example.handbook.",
    )
    android_fingerprints: Annotated[tuple[str, ...], NoDecode, _that(_check_fingerprints)] = Field(
        default=(),
        description="Comma-separated SHA-256 fingerprints of its signing certificates; with android_package.",
    )
    apple_app_ids: Annotated[tuple[str, ...], NoDecode, _that(_check_app_ids)] = Field(
        default=(), description="Comma-separated Apple apps that open this server's links: TEAMID.bundle.id."
    )
    token_minutes: int = Field(default=720, ge=1, le=1440, description="How long an access token lives.")
    app_minimum_version: str = Field(default="1.0.0", description="Older apps are told to update.")
    app_maintenance: str | None = Field(
        default=None, description="A sentence shown by apps while the service is being worked on."
    )
    app_sync_minutes: int = Field(default=15, ge=1, le=1440, description="How often apps are asked to synchronise.")
    log_format: str = Field(
        default="console", pattern="^(console|json)$", description="console for people, json for collectors."
    )

    @field_validator(
        "trusted_proxies",
        "metrics_networks",
        "cors_origins",
        "push_hosts",
        "android_fingerprints",
        "apple_app_ids",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            driver = make_url(value).drivername
        except ArgumentError:
            driver = ""
        if driver not in {"sqlite+aiosqlite", "postgresql+asyncpg"}:
            raise ValueError("must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if value is not None:
            try:
                _ = urlsplit(value).port
            except ValueError:
                raise ValueError("must be such as redis://127.0.0.1:6379/0") from None
        return value

    @field_validator("files_url")
    @classmethod
    def _known_store(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "s3" or not _BUCKET.fullmatch(parts.netloc) or parts.query or parts.fragment:
            raise ValueError("must be such as s3://bucket/prefix")
        return value

    @field_validator("files_endpoint")
    @classmethod
    def _known_endpoint(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError("must be such as https://s3.example.org")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _exact_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("must name origins: * would let any site call with a member's token")
        return value

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if self.demo and not _is_loopback(self.host):
            raise ValueError("the demo's passwords are for this machine alone: host must be a loopback address")
        plain = self.public_url.scheme == "http" and not _is_loopback(self.public_url.host or "")
        if not self.demo and plain:
            raise ValueError("public_url must be https: phones send passwords and tokens to it")
        if (self.files_key is None) is not (self.files_secret is None):
            raise ValueError("files_key and files_secret go together")
        if (self.vapid_key_file is None) is not (self.vapid_subject is None):
            raise ValueError("vapid_key_file and vapid_subject go together")
        if (self.smtp_url is None) is not (self.smtp_sender is None):
            raise ValueError("smtp_url and smtp_sender go together")
        if (self.android_package is None) is not (not self.android_fingerprints):
            raise ValueError("android_package and android_fingerprints go together")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'handbook.db').absolute()}"

    @property
    def works_inside(self) -> bool:
        """Whether servers do what is due."""
        is_embedded = make_url(self.database).get_backend_name() == "sqlite"
        return self.worker == "inside" or (self.worker == "auto" and is_embedded)

    @property
    def keys(self) -> Path:
        return self.keys_file or self.data_dir / "keys.json"

    @property
    def bucket(self) -> Bucket | None:
        """Where files are stored, if not in a folder."""
        if self.files_url is None:
            return None
        parts = urlsplit(self.files_url)
        return Bucket(
            name=parts.netloc,
            prefix=parts.path.strip("/"),
            endpoint=self.files_endpoint,
            region=self.files_region,
            key=self.files_key,
            secret=self.files_secret.get_secret_value() if self.files_secret else None,
        )

    @property
    def files(self) -> Path:
        return self.files_dir or self.data_dir / "files"


def load_settings(**over: object) -> Settings:
    """From the environment, `over` first. Raises SettingsError with one readable line."""
    try:
        return Settings(**over)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"][:1])
        said = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"HANDBOOK_{name.upper()}: {said}" if name else said) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where worker processes add their figures up: prometheus-client reads it from the environment itself."""


def share_metrics(folder: str) -> None:
    """Let processes that this one starts add their figures up in `folder`."""
    os.environ[METRICS_FOLDER] = folder


def metrics_are_shared() -> bool:
    return METRICS_FOLDER in os.environ


def env_example() -> str:
    """The text of `.env.example`: every setting with its meaning and default."""
    lines = ["# Every setting of `handbook`, with its default. Uncomment what you change.", ""]
    for name, field in Settings.model_fields.items():
        lines += [f"# {field.description}", f"#HANDBOOK_{name.upper()}={_written(field.default)}", ""]
    return "\n".join(lines)


def _written(default: object) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
