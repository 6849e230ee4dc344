"""Google's side: the token endpoint, FCM HTTP v1, and the Instance ID batch API, as they answer on the wire."""

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.notifications.simulator.behaviours import Behaviour

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
STATUSES = {
    "UNREGISTERED": (404, "NOT_FOUND"),
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT"),
    "INVALID_FIELD": (400, "INVALID_ARGUMENT"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED"),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED"),
    "UNAVAILABLE": (503, "UNAVAILABLE"),
    "INTERNAL": (500, "INTERNAL"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED"),
}
OF_ADDRESS = {"UNREGISTERED": "NOT_FOUND", "QUOTA_EXCEEDED": "RESOURCE_EXHAUSTED"}

Json = dict[str, Any]


@cache
def signing_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def signing_key_pem() -> str:
    return signing_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@dataclass(slots=True)
class Issued:
    """Access tokens: each asked for by an assertion that was verified."""

    email: str
    audience: str
    live_seconds: int = 3599
    asked: int = 0
    ends: dict[str, float] = field(default_factory=dict)

    def answer(self, body: bytes) -> tuple[int, Json]:
        self.asked += 1
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != GRANT:
            return 400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
        try:
            claims = jwt.decode(
                form.get("assertion", ""),
                signing_key().public_key(),
                algorithms=["RS256"],
                audience=self.audience,
                issuer=self.email,
                options={"require": ["iat", "exp", "iss", "aud"]},
            )
        except jwt.InvalidTokenError:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        if claims.get("scope") != SCOPE or claims["exp"] - claims["iat"] > 3600:
            return 400, {"error": "invalid_scope", "error_description": "Empty or missing scope not allowed."}
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.ends[token] = time.monotonic() + self.live_seconds
        return 200, {"access_token": token, "expires_in": self.live_seconds, "token_type": "Bearer"}

    def knows(self, authorization: str) -> bool:
        return self.ends.get(authorization.removeprefix("Bearer "), 0) > time.monotonic()


def google_error(code: int, status: str, message: str, *details: Json) -> Json:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


UNAUTHENTICATED = google_error(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential.",
)


def fcm_error(behaviour: Behaviour) -> tuple[int, Json]:
    """As FCM says it; a behaviour without a code of FCM's is a bare `google.rpc.Status`."""
    if behaviour.code not in STATUSES:
        return behaviour.status, google_error(behaviour.status, "UNKNOWN", "Something went wrong.")
    status, word = STATUSES[behaviour.code]
    details: list[Json] = [{"@type": FCM_ERROR, "errorCode": behaviour.code}]
    message = "Requested entity was not found."
    if behaviour.code == "INVALID_ARGUMENT":
        message = "The registration token is not a valid FCM registration token"
    elif behaviour.code == "INVALID_FIELD":
        message = "Request contains an invalid argument."
        wrong = {"field": "message.token", "description": "Invalid registration token"}
        details = [
            {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"},
            {"@type": BAD_REQUEST, "fieldViolations": [wrong]},
        ]
    return status, google_error(status, word, message, *details)


MEMBERS = {
    "message": {"token", "topic", "data", "notification", "android", "apns", "webpush", "fcm_options"},
    "android": {"collapse_key", "priority", "ttl", "restricted_package_name", "data", "notification", "fcm_options"},
    "android.notification": {
        *("title", "body", "icon", "color", "sound", "tag", "click_action", "channel_id", "ticker", "sticky"),
        *("title_loc_key", "title_loc_args", "body_loc_key", "body_loc_args", "event_time", "local_only"),
        *("notification_priority", "visibility", "notification_count", "image"),
    },
    "apns": {"headers", "payload", "fcm_options"},
    "webpush": {"headers", "data", "notification", "fcm_options"},
}


def refused_message(document: Json) -> tuple[int, Json] | None:
    """What FCM finds wrong with a message: members that it does not know, values that are not of their type."""
    message = document.get("message", {})
    wrong = [f"{where}.{name}" for where, known in MEMBERS.items() for name in _at(message, where) if name not in known]
    texts = ("data", "webpush.data", "webpush.headers", "apns.headers")
    wrong += [where for where in texts if not all(isinstance(v, str) for v in _at(message, where).values())]
    if ("token" in message) == ("topic" in message):
        wrong.append("message")
    android = message.get("android", {})
    if not re.fullmatch(r"\d+(\.\d+)?s", android.get("ttl", "0s")) or float(android.get("ttl", "0s")[:-1]) > 2_419_200:
        wrong.append("message.android.ttl")
    if android.get("priority", "NORMAL") not in {"NORMAL", "HIGH"}:
        wrong.append("message.android.priority")
    if not wrong:
        return _too_big(message)
    violations = [{"field": name, "description": "Invalid value"} for name in wrong]
    details = ({"@type": BAD_REQUEST, "fieldViolations": violations},)
    return 400, google_error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.", *details)


def _too_big(message: Json) -> tuple[int, Json] | None:
    """Keys and values: 4,096 bytes for a device, 2,048 for a topic, as each platform gets them."""
    data = message.get("data", {})
    carried = (
        {**data, **_at(message, "android.notification")},
        {**data, **_at(message, "apns.payload")},
        _at(message, "webpush.data"),
    )
    most = 2_048 if "topic" in message else 4_096
    if all(len(json.dumps(each, ensure_ascii=False).encode()) <= most for each in carried):
        return None
    detail = {"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}
    return 400, google_error(400, "INVALID_ARGUMENT", "Message is too big", detail)


def _at(message: Json, where: str) -> Json:
    for name in where.split(".") if where != "message" else ():
        message = message.get(name, {})
    return message
