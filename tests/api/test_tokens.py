"""Access tokens and the keyring under them, as an attacker would try them."""

import base64
import hashlib
import hmac
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.app import create_app
from api.parts import Parts
from api.security.claims import UNRESOLVED, unresolved
from api.security.keys import KeyringFile, open_keyring
from api.security.tokens import ACCESS_MOST
from api.settings import Settings
from models.keyring import Keyring, KeyringError, encode, load_keyring, new_keyring, save_keyring
from tests.api.conftest import As, Client
from tests.api.identity import bearer, slug
from tests.clock import START, StandingClock
from tests.organisation import Organisation, Person

NOW = int(START.timestamp())
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512, "RS256": hashlib.sha256}


def part(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


class Forger:
    """Makes tokens by hand: by default perfect ones, since the key is known."""

    def __init__(self, keyring: Keyring, person: Person) -> None:
        self.key = keyring.newest.derive("token.access")
        self.header: dict[str, Any] = {"alg": "HS256", "typ": "at+jwt", "kid": keyring.newest.kid}
        self.claims: dict[str, Any] = {
            "iss": "handbook",
            "aud": "handbook-app",
            "b": [],
            "g": [],
            "c": UNRESOLVED,
            "sub": person.id.hex,
            "sid": person.session_id.hex,
            "iat": NOW,
            "nbf": NOW,
            "exp": NOW + 600,
        }

    def make(self, key: bytes | None = None, *, header: object = None, claims: object = None) -> str:
        header = self.header if header is None else header
        message = f"{part(header)}.{part(self.claims if claims is None else claims)}"
        algorithm = header.get("alg") if isinstance(header, dict) else None
        digest = DIGESTS.get(algorithm, hashlib.sha256) if isinstance(algorithm, str) else hashlib.sha256
        return f"{message}.{encode(hmac.digest(self.key if key is None else key, message.encode(), digest))}"

    def saying(self, **claims: object) -> str:
        """A token with other claims; None leaves one out."""
        return self.make(claims={name: v for name, v in (self.claims | claims).items() if v is not None})

    def headed(self, **header: object) -> str:
        return self.make(header={name: v for name, v in (self.header | header).items() if v is not None})


@pytest.fixture
def forger(keyring: Keyring, organisation: Organisation) -> Forger:
    return Forger(keyring, organisation.person("member"))


def header_attacks(forger: Forger, parts: Parts, keyring: Keyring) -> dict[str, str]:
    kid = keyring.newest.kid
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = f"{part({**forger.header, 'alg': 'none'})}.{part(forger.claims)}."
    return {
        "alg none": unsigned,
        "alg NoNe": f"{part({**forger.header, 'alg': 'NoNe'})}.{part(forger.claims)}.",
        "alg none, signed": forger.headed(alg="none"),
        "alg missing": forger.headed(alg=None),
        "alg a list": forger.headed(alg=["HS256"]),
        "alg lower case": forger.headed(alg="hs256"),
        "HS384": forger.headed(alg="HS384"),
        "HS512": forger.headed(alg="HS512"),
        "RS256 by its own key": jwt.encode(forger.claims, private, "RS256", headers={"kid": kid, "typ": "at+jwt"}),
        "RS256 in name": forger.make(public, header={**forger.header, "alg": "RS256"}),
        "HS256 by a public key": forger.make(public),
        "wrong key": forger.make(b"k" * 32),
        "empty key": forger.make(b""),
        "the secret itself": forger.make(keyring.newest.secret),
        "the refresh key": forger.make(keyring.newest.derive("token.refresh")),
        "the look-up key": forger.make(keyring.lookup),
        "no signature": forger.make().rpartition(".")[0] + ".",
        "half a signature": forger.make()[:-20],
        "kid unknown": forger.headed(kid="deadbeef"),
        "kid missing": forger.headed(kid=None),
        "kid a path": forger.make(b"", header={**forger.header, "kid": "../../../../dev/null"}),
        "kid SQL": forger.headed(kid="' OR 1=1 --"),
        "kid empty": forger.headed(kid=""),
        "kid null": forger.make(header={**forger.header, "kid": None}),
        "kid a list": forger.headed(kid=[kid]),
        "kid an object": forger.headed(kid={"kid": kid}),
        "kid a number": forger.headed(kid=1),
        "kid None": forger.headed(kid="None"),
        "kid huge": forger.headed(kid=kid * 40),
        "kid with blanks": forger.headed(kid=f" {kid} "),
        "jwk inside": forger.make(b"k" * 32, header={**forger.header, "jwk": {"kty": "oct", "k": encode(b"k" * 32)}}),
        "jku": forger.make(b"k" * 32, header={**forger.header, "jku": "https://evil.example/keys"}),
        "crit": forger.headed(crit=["exp"]),
        "crit empty": forger.headed(crit=[]),
        "crit understood": forger.headed(crit=["b64"], b64=True),
        "b64 false": forger.headed(crit=["b64"], b64=False),
        "typ missing": forger.headed(typ=None),
        "typ JWT": forger.headed(typ="JWT"),
        "typ of an id token": forger.headed(typ="id+jwt"),
        "header a list": forger.make(header=["HS256"]),
        "header nested": forger.make(header="[" * 240),
        "header no JSON": forger.make(header="{alg: HS256}"),
    }


def claim_attacks(forger: Forger) -> dict[str, str]:
    missing = {f"no {name}": forger.saying(**{name: None}) for name in forger.claims}
    return missing | {
        "aud of another": forger.saying(aud="handbook-admin"),
        "aud a list": forger.saying(aud=["handbook-app"]),
        "aud a list with a stranger": forger.saying(aud=["handbook-app", "other"]),
        "iss of another": forger.saying(iss="https://handbook.example"),
        "iss a list": forger.saying(iss=["handbook"]),
        "expired": forger.saying(exp=NOW - 1),
        "expires now": forger.saying(exp=NOW),
        "exp text": forger.saying(exp="later"),
        "exp a list": forger.saying(exp=[NOW + 600]),
        "exp infinite": forger.make(claims=json.dumps(forger.claims).replace(str(NOW + 600), "Infinity")),
        "exp not a number": forger.make(claims=json.dumps(forger.claims).replace(str(NOW + 600), "NaN")),
        "not yet": forger.saying(nbf=NOW + 3600),
        "nbf text": forger.saying(nbf="soon"),
        "sub no uuid": forger.saying(sub="T0000"),
        "sub empty": forger.saying(sub=""),
        "sub a number": forger.saying(sub=1),
        "sub SQL": forger.saying(sub="' OR 1=1 --"),
        "sid no uuid": forger.saying(sid="x"),
        "sid a number": forger.saying(sid=7),
        "sid a list": forger.saying(sid=[forger.claims["sid"]]),
        "claims a list": forger.make(claims=["sub"]),
        "claims no JSON": forger.make(claims="sub=1"),
        "claims nothing": forger.make(claims={}),
    }


@ON_SQLITE
async def test_a_token_by_hand_is_good(anyone: Client, forger: Forger) -> None:
    """Else the attacks below would be refused for the forger's clumsiness."""
    for token in (forger.make(), forger.saying(nbf=NOW + 20), forger.saying(unknown="claim")):
        assert (await anyone.get("/v1/me", headers=bearer(token))).status_code == 200


@ON_SQLITE
async def test_forged_tokens_are_refused(anyone: Client, forger: Forger, parts: Parts, keyring: Keyring) -> None:
    attacks = header_attacks(forger, parts, keyring) | claim_attacks(forger)
    met = {}
    for name, token in attacks.items():
        answer = await anyone.get("/v1/me", headers=bearer(token))
        met[name] = (answer.status_code, slug(answer))
    assert met == dict.fromkeys(attacks, (401, "token.invalid"))


@ON_SQLITE
async def test_malformed_headers_are_refused(anyone: Client, forger: Forger, parts: Parts) -> None:
    good = forger.make()
    member = forger.claims
    attacks: dict[str, bytes] = {
        "no token": b"Bearer",
        "blank token": b"Bearer  ",
        "two tokens": f"Bearer {good} {good}".encode(),
        "basic": b"Basic " + base64.b64encode(b"T0000:password"),
        "no scheme": good.encode(),
        "bytes": b"Bearer \xff\xfe\x80.\xc3\x28.\xf0\x90",
        "one part": b"Bearer abc",
        "five parts": f"Bearer {good}.{good}".encode(),
        "too long": f"Bearer {forger.saying(padding='x' * ACCESS_MOST)}".encode(),
        "a mebibyte": b"Bearer " + b"a" * 1_000_000,
        "padded": f"Bearer {good}==".encode(),
        "a refresh token": f"Bearer {parts.tokens.refresh(uuid4(), 1)}".encode(),
        "listed": f"Bearer {good}, Bearer {good}".encode(),
        "in JSON": f"Bearer {json.dumps(member)}".encode(),
    }
    met = {}
    for name, header in attacks.items():
        answer = await anyone.get("/v1/me", headers=[(b"authorization", header)])
        met[name] = (answer.status_code, slug(answer))
    assert met == dict.fromkeys(attacks, (401, "token.invalid"))


@ON_SQLITE
async def test_of_two_authorization_headers_neither_counts(anyone: Client, forger: Forger) -> None:
    good, bad = f"Bearer {forger.make()}".encode(), b"Bearer x"
    for pair in ((good, bad), (bad, good), (good, good)):
        answer = await anyone.get("/v1/me", headers=[(b"authorization", header) for header in pair])
        assert (answer.status_code, slug(answer)) == (401, "token.invalid")


@ON_SQLITE
async def test_what_each_of_the_three_problems_says(
    anyone: Client, acting_as: As, forger: Forger, organisation: Organisation
) -> None:
    async def met(client: Client, **headers: str) -> tuple[int, str]:
        answer = await client.get("/v1/me", headers=headers)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, slug(answer)

    assert await met(anyone) == (401, "sign_in.required")
    assert await met(acting_as("disabled")) == (401, "account.closed")
    assert await met(anyone, Authorization="Bearer x") == (401, "token.invalid")
    somebody_else = organisation.person("fellow").session_id.hex
    for token in (forger.saying(sid=somebody_else), forger.saying(sub=uuid4().hex), forger.saying(sid=uuid4().hex)):
        assert await met(anyone, **bearer(token)) == (401, "sign_in.required")


@ON_SQLITE
async def test_the_scheme_is_read_without_case(anyone: Client, forger: Forger) -> None:
    for scheme in ("bearer", "BEARER", "bEaReR"):
        answer = await anyone.get("/v1/me", headers={"Authorization": f"{scheme} {forger.make()}"})
        assert answer.status_code == 200


@ON_SQLITE
async def test_a_token_ends_with_its_time(member: Client, clock: StandingClock, parts: Parts) -> None:
    clock.advance(seconds=parts.tokens.life.total_seconds() - 1)
    assert (await member.get("/v1/me")).status_code == 200
    clock.advance(seconds=1)
    assert slug(await member.get("/v1/me")) == "token.invalid"


@ON_SQLITE
async def test_tokens_are_small(parts: Parts) -> None:
    assert len(parts.tokens.access(unresolved(uuid4(), uuid4()))) <= ACCESS_MOST
    assert len(parts.tokens.refresh(uuid4(), 2**32 - 1)) <= 100


@ON_SQLITE
async def test_a_rotation_is_picked_up_while_running(
    member: Client, anyone: Client, parts: Parts, settings: Settings, keyring: Keyring, organisation: Organisation
) -> None:
    rotated = keyring.rotated("2026-06-01T00:00:00Z")
    save_keyring(settings.keys, rotated)
    person = organisation.person("member")
    fresh = parts.tokens.access(unresolved(person.id, person.session_id))
    assert jwt.get_unverified_header(fresh)["kid"] == rotated.newest.kid != keyring.newest.kid
    assert (await member.get("/v1/me")).status_code == 200, "a token of the key before"
    assert (await anyone.get("/v1/me", headers=bearer(fresh))).status_code == 200
    save_keyring(settings.keys, rotated.pruned(1))
    assert slug(await member.get("/v1/me")) == "token.invalid"
    assert (await anyone.get("/v1/me", headers=bearer(fresh))).status_code == 200


async def test_a_keyring_that_breaks_while_running_leaves_the_last_good_one(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "keys.json"
    save_keyring(path, keyring)
    keys = KeyringFile(path)
    path.write_text("{")
    assert keys.current().newest.kid == keyring.newest.kid
    path.unlink()
    assert keys.find(keyring.newest.kid) is not None
    rotated = keyring.rotated("2026-06-01T00:00:00Z")
    save_keyring(path, rotated)
    assert keys.current().newest.kid == rotated.newest.kid


def damaged(change: Callable[[dict[str, Any]], object]) -> str:
    secret = encode(bytes(range(32)))
    document: dict[str, Any] = {"keys": [{"kid": "a1", "secret": secret, "created_at": ""}], "lookup": secret}
    change(document)
    return json.dumps(document)


DAMAGED = {
    "empty": "",
    "no JSON": "keys: []",
    "no UTF-8": "\udcff",
    "a list": "[]",
    "no keys": damaged(lambda d: d.pop("keys")),
    "keys empty": damaged(lambda d: d["keys"].clear()),
    "keys an object": damaged(lambda d: d.update(keys={"a": 1})),
    "no look-up key": damaged(lambda d: d.pop("lookup")),
    "no secret": damaged(lambda d: d["keys"][0].pop("secret")),
    "secret a number": damaged(lambda d: d["keys"][0].update(secret=1)),
    "secret no base64": damaged(lambda d: d["keys"][0].update(secret="bí mật " * 9)),
    "secret short": damaged(lambda d: d["keys"][0].update(secret=encode(bytes(range(31))))),
    "secret empty": damaged(lambda d: d["keys"][0].update(secret="")),
    "secret all zero": damaged(lambda d: d["keys"][0].update(secret=encode(bytes(32)))),
    "secret a word": damaged(lambda d: d["keys"][0].update(secret=encode(b"changeme" * 4))),
    "look-up key short": damaged(lambda d: d.update(lookup=encode(b"short"))),
    "a kid twice": damaged(lambda d: d["keys"].append(d["keys"][0])),
    "kid with a dot": damaged(lambda d: d["keys"][0].update(kid="a.1")),
    "kid empty": damaged(lambda d: d["keys"][0].update(kid="")),
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("demo", [False, True])
async def test_a_damaged_keyring_refuses_the_start_in_one_line(name: str, demo: bool, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(DAMAGED[name].encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    app = create_app(Settings(data_dir=tmp_path, demo=demo))
    with pytest.raises(KeyringError) as refused:
        async with app.router.lifespan_context(app):
            pass
    assert str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_keyring_that_others_may_read_is_refused_outside_the_demo(
    mode: int, tmp_path: Path, keyring: Keyring
) -> None:
    path = tmp_path / "keys.json"
    save_keyring(path, keyring)
    path.chmod(mode)
    with pytest.raises(KeyringError, match="chmod 600"):
        open_keyring(path, made_at="", demo=False)
    assert open_keyring(path, made_at="", demo=True).current().newest.kid == keyring.newest.kid


def test_only_the_demo_makes_its_own_keyring(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys.json"
    with pytest.raises(KeyringError, match="keys init"):
        open_keyring(path, made_at="", demo=False)
    assert not path.exists()
    made = open_keyring(path, made_at="2026-06-01T00:00:00Z", demo=True).current()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_keyring(path, made_at="", demo=True).current().newest == made.newest, "kept from then on"
    assert load_keyring(path).lookup == made.lookup


def test_a_saved_keyring_is_the_same_when_read(tmp_path: Path) -> None:
    ring = new_keyring("2026-06-01T00:00:00Z").rotated("2026-07-01T00:00:00Z")
    save_keyring(tmp_path / "keys.json", ring)
    assert load_keyring(tmp_path / "keys.json").keys == ring.keys
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
