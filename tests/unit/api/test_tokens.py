"""Tokens of an identity provider: what counts, and every way to forge one that must not."""

import json
import time
from base64 import urlsafe_b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.http.tokens import Tokens
from contracts.errors import InputError

KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
CLAIMS = {"iss": "https://id", "aud": "evenflow", "sub": "ann", "role": "planner", "scope": "plans:read", "tenant": "a"}


def public(key, kid: str, algorithm: str = "RS256") -> dict:
    """Return a key as a provider publishes it."""
    made = jwt.algorithms.get_default_algorithms()[algorithm].to_jwk(key.public_key())
    return json.loads(made) | {"kid": kid, "alg": algorithm}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory) -> Tokens:
    """A reader of tokens of one provider."""
    path = tmp_path_factory.mktemp("idp") / "jwks.json"
    path.write_text(json.dumps({"keys": [public(KEY, "k1")]}))
    return Tokens(path, issuer="https://id", audience="evenflow")


def signed(key=KEY, *, algorithm: str = "RS256", kid: object = "k1", without: str = "", **claims: object) -> str:
    """Return a token."""
    body = {name: value for name, value in (CLAIMS | {"exp": time.time() + 60} | claims).items() if name != without}
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": kid})


def part(value: object) -> str:
    """Return a part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_speaks_for_whom_it_names(tokens):
    """Twice, as what was checked is remembered."""
    credential = signed()
    for _ in range(2):
        found = tokens.principal(credential)
        assert (found.name, found.role, found.tenant, found.party) == ("jwt:ann", "planner", "a", None)
        assert found.scopes == {"plans:read"}


def test_scopes_beyond_the_role_are_dropped(tokens):
    """A planner that asks for keys has none; an invented scope is nothing."""
    assert tokens.principal(signed(scope="plans:read keys:write everything")).scopes == {"plans:read"}


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other"},
        {"aud": "another"},
        {"exp": 1_000_000_000},
        {"nbf": 4_000_000_000},
        {"without": "tenant"},
        {"without": "scope"},
        {"without": "exp"},
        {"without": "aud"},
        {"without": "sub"},
        {"role": "party"},
        {"role": "king"},
        {"role": ["admin"]},
        {"role": {"admin": 1}},
        {"tenant": ""},
        {"tenant": ["a"]},
        {"tenant": "a" * 121},
        {"tenant": "a\0"},
        {"role": "party", "party": 7},
        {"sub": "a" * 121},
        {"sub": "a\nb"},
        {"exp": float("inf")},
        {"scope": "plans:read " * 2000},
        {"kid": "unknown"},
        {"key": OTHER},
    ],
    ids="-".join,  # the names alone: each worker must collect the same
)
def test_a_wrong_token_does_not_count(tokens, claims):
    """Whatever is wrong with it, it raises nothing."""
    assert tokens.principal(signed(**claims)) is None


def test_only_an_admin_may_come_without_a_tenant(tokens):
    """Another role says itself that it is the operator's."""
    assert tokens.principal(signed(role="admin", without="tenant")).tenant is None
    assert tokens.principal(signed(tenant=None)).tenant is None


def test_unsigned_and_shared_secret_tokens_do_not_count(tokens):
    """`none`, and the public key taken for a secret (which whoever wants can read)."""
    body = part(CLAIMS | {"exp": time.time() + 60, "role": "admin"})
    assert tokens.principal(f"{part({'alg': 'none', 'kid': 'k1'})}.{body}.") is None
    secret = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = part({"alg": "HS256", "kid": "k1"})
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(f"{head}.{body}".encode(), secret)
    assert tokens.principal(f"{head}.{body}.{part(digest)}") is None
    assert tokens.principal(signed(ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")) is None


@pytest.mark.parametrize(
    "credential",
    [
        "a.b.c",
        "..",
        f"{part(b'[' * 2500)}.e30.x",
        f"{part({'alg': 'RS256', 'kid': ['k1']})}.e30.x",
        "é.é.é",
        "a" * 9000,
    ],
)
def test_what_is_no_token_does_not_count(tokens, credential):
    """Not even what exhausts a parser."""
    assert tokens.principal(credential) is None


def test_a_changed_body_does_not_count(tokens):
    """The signature is over the claims."""
    head, _, signature = signed().split(".")
    assert tokens.principal(f"{head}.{part(CLAIMS | {'exp': time.time() + 60, 'role': 'admin'})}.{signature}") is None


def test_the_providers_keys_change_without_a_restart(tmp_path):
    """A new key counts at once, one that was taken away no longer; a file that can't be used changes nothing."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [public(KEY, "k1")]}))
    tokens = Tokens(path, issuer="https://id", audience="evenflow")
    assert tokens.principal(signed(OTHER, kid="k2")) is None
    for keys, counts in (
        ([public(KEY, "k1"), public(OTHER, "k2")], (True, True)),
        ([public(OTHER, "k2")], (False, True)),
        ([], (False, True)),
    ):
        path.write_text(json.dumps({"keys": keys}))
        asked = (signed(sub=f"a{len(keys)}"), signed(OTHER, kid="k2", sub=f"b{len(keys)}"))
        assert tuple(tokens.principal(one) is not None for one in asked) == counts
    path.unlink()
    assert tokens.principal(signed(OTHER, kid="k2", sub="c")) is not None


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]}'])
def test_a_file_without_a_usable_key_is_named(tmp_path, text):
    """A shared secret is none."""
    path = tmp_path / "jwks.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"jwks\.json"):
        Tokens(path, issuer="i", audience="a")
