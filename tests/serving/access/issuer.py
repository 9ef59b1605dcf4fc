"""An issuer of tokens: a secret, or RSA keys and their key set."""

from __future__ import annotations

import json
import time
from functools import cache

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

SECRET = "0123456789abcdef" * 2
NAMES = {"issuer": "https://login.example", "audience": "nightshelf"}
ENVIRON = {"NIGHTSHELF_JWT_SECRET": SECRET}


def claims(**changed):
    """The claims of a good token, some changed, those that are None left out."""
    good = {
        "iss": NAMES["issuer"],
        "aud": NAMES["audience"],
        "sub": "alice",
        "exp": int(time.time()) + 60,
        "role": "read",
    }
    return {key: value for key, value in {**good, **changed}.items() if value is not None}


def sign(key=SECRET, algorithm="HS256", headers=None, **changed):
    """A signed token of `claims`."""
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


@cache
def rsa_key(number, bits=2048):
    """A private key; the same for the same number."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_pem(key):
    """The public half as a PEM file has it."""
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def jwk(key, kid, **more):
    """The public half as a key set has it."""
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, **more}


def write_jwks(path, *rows):
    """Replace the key set at *path*."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": list(rows)}))
    beside.replace(path)
    return path
