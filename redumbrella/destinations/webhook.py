"""Requests to receivers on the web, signed as Standard Webhooks ask; one delivery a call, no state.

In: a `Webhook`, its secret, an id and a body. Out: a `Delivery`. Rules: 2xx is sent; 410 disables,
the receiver wants nothing more; 429 and 503 may say how long to wait, at most a day; everything
else is tried again. No redirect is followed: it could lead where the webhook may not go. Time-outs
are 10 seconds to connect and 20 in all, and of the answer 4 kB are read. `post` tells an event and
signs it; `request` writes back to a CRM with the method that it wants; `back_off` says how long to
wait after so many tries, and when to give up.

Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks, version 1.0.0.
"""

import base64
import binascii
import hashlib
import hmac
import http.client
import re
import ssl
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from redumbrella.clock import to_microseconds
from redumbrella.destinations.delivery import Delivery, shown_answer
from redumbrella.destinations.safe_address import CONNECT_SECONDS, CheckedConnection
from redumbrella.errors import EngineError, SettingsError, said_by
from redumbrella.settings.web_addresses import WebAddress, read_web_address
from redumbrella.settings.webhooks import Webhook

SECONDS_IN_ALL = 20.0
ANSWER_BYTES = 4_096
LONGEST_WAIT = 86_400.0
METHODS = ("POST", "PUT", "PATCH")
# Seconds after the first, second, … failed try: a day and half an hour in all.
PAUSES = (5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 25_200.0, 36_000.0)
_JITTER = 0.1
_NO_SECRETS = ("webhook-", "content-", "user-agent", "idempotency-key")
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_FEWEST_KEY_BYTES, _MOST_KEY_BYTES = 24, 64


def post(
    webhook: Webhook,
    secret: str | None,
    webhook_id: str,
    body: bytes,
    at: int,
    headers: Mapping[str, str] | None = None,
) -> Delivery:
    """Sends a body of JSON to a webhook, signed; `at` is the instant of this try.

    The same `webhook_id` on every try tells the receiver that it is the same event. headers: those
    of `webhook.headers()`. Raises SettingsError (bad_secret) for a secret that cannot sign.
    """
    if not _ID.fullmatch(webhook_id):
        return Delivery("refused", "The webhook id must be letters, digits, - and _, at most 200.")
    signed = {**(headers or {}), "webhook-id": webhook_id}
    if secret is not None:
        signed |= signature_headers(secret, webhook_id, body, at)
    return request("POST", webhook.url, signed, body, webhook, at)


def request(
    method: str, url: str, headers: Mapping[str, str], body: bytes, webhook: Webhook, at: int
) -> Delivery:
    """One request with a body of JSON to an address of the webhook's own server.

    The headers may hold its key, so an address of another scheme, host or port is refused.
    """
    try:
        address = _checked_target(method, url, headers, webhook)
    except SettingsError as refused:
        return Delivery("refused", refused.message)
    own = {"content-type": "application/json", "user-agent": "RedUmbrella"}
    written = own | {name.lower(): value for name, value in headers.items()}
    keys = [value for name, value in written.items() if not name.startswith(_NO_SECRETS)]
    seconds = SECONDS_IN_ALL
    with CheckedConnection(address, private=webhook.private, seconds=seconds) as connection:
        try:
            connection.request(method, address.target, body, written)
            answer = connection.getresponse()
            if connection.is_late:  # cut within its headers, which looks like their end
                raise TimeoutError
            return _judged(answer, shown_answer(_beginning(answer), *keys), at)
        except SettingsError as problem:
            return Delivery("refused", problem.message)
        except EngineError as problem:
            return Delivery("retry", problem.message)
        except (OSError, http.client.HTTPException) as problem:
            said = _fault(address.origin, connection, problem)
            return Delivery("retry", said, in_doubt=connection.is_connected)


def signature_headers(secret: str, webhook_id: str, body: bytes, at: int) -> dict[str, str]:
    """The headers that Standard Webhooks verify: HMAC-SHA256 of "id.timestamp.body"."""
    seconds = str(at // 1_000_000)
    content = f"{webhook_id}.{seconds}.".encode() + body
    digest = hmac.new(_signing_key(secret), content, hashlib.sha256).digest()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def back_off(tries: int, key: str = "") -> float | None:
    """Seconds until the next try after so many failed ones (from 1 up); None: give up.

    About a day in all, each longer than the one before. The key moves it by up to a tenth, always
    the same for the same key and try, so that what failed together does not come back together.
    """
    if not 1 <= tries <= len(PAUSES):
        return None
    drawn = hashlib.sha256(f"{tries}:{key}".encode("utf-8", "surrogatepass")).digest()
    share = int.from_bytes(drawn[:8], "big") / 2**64
    return PAUSES[tries - 1] * (1.0 - _JITTER + 2.0 * _JITTER * share)


def _signing_key(secret: str) -> bytes:
    prefix, _, written = secret.partition("_")
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if prefix != "whsec" or not _FEWEST_KEY_BYTES <= len(key) <= _MOST_KEY_BYTES:
        raise SettingsError(
            "The secret of the webhook cannot sign: expected whsec_ and 24 to 64 bytes in base64, "
            "as the receiver shows it. Set the variable of the environment anew.",
            reason="bad_secret",
        )
    return key


def _checked_target(
    method: str, url: str, headers: Mapping[str, str], webhook: Webhook
) -> WebAddress:
    """Where the request goes. Raises SettingsError for one that must not be made."""
    address = read_web_address(url, private=webhook.private)
    own = read_web_address(webhook.url, private=webhook.private)
    problem = _unfit_header(headers)
    if method not in METHODS:
        problem = f"{method} is no method that sends: {', '.join(METHODS)}."
    elif address.origin != own.origin:
        problem = f'{address.origin} is not the server of the webhook "{webhook.name}".'
    if problem:
        raise SettingsError(problem, reason="bad_request")
    return address


def _unfit_header(headers: Mapping[str, str]) -> str:
    """What is wrong with a header, without its value, which may be a secret; '' if nothing."""
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x21-\x7e ]*", value):
            return f"The header {name!r} holds a character that no header may hold."
    return ""


def _beginning(answer: http.client.HTTPResponse) -> bytes:
    """The first bytes of what the receiver says; its status counts, whatever becomes of them."""
    try:
        return answer.read(ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return b""


def _judged(answer: http.client.HTTPResponse, content: str, at: int) -> Delivery:
    status = answer.status
    said = f"The receiver answered {status}" + (f": {content}" if content else ".")
    if 200 <= status < 300:
        return Delivery("sent", said)
    if status == 410:
        return Delivery("disabled", f"{said} It wants no more.")
    if 300 <= status < 400:
        return Delivery("retry", f"{said} It leads elsewhere, which is not followed: set the url.")
    wait = _asked_wait(answer.getheader("Retry-After"), at) if status in {429, 503} else None
    return Delivery("retry", said, wait=wait)


def _asked_wait(value: str | None, at: int) -> float | None:
    """Seconds that Retry-After asks for, as a number or a date; None where it asks for nothing."""
    text = (value or "").strip()[:100]
    if re.fullmatch(r"[0-9]{1,12}", text):
        seconds = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
            seconds = (to_microseconds(until) - at) / 1e6
        except (TypeError, ValueError, OverflowError):  # no date, or one without its zone
            return None
    return min(seconds, LONGEST_WAIT) if seconds > 0.0 else None


def _fault(origin: str, connection: CheckedConnection, problem: Exception) -> str:
    if connection.is_late or isinstance(problem, TimeoutError):
        if connection.is_connected:
            return f"{origin} did not answer within {SECONDS_IN_ALL:g} seconds."
        return f"{origin} did not let us connect within {CONNECT_SECONDS:g} seconds."
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"The certificate of {origin} is not valid: {problem.verify_message}."
    if isinstance(problem, OSError):
        return f"{origin} cannot be reached, or ended the connection: {said_by(problem)}."
    what = shown_answer(str(problem) or type(problem).__name__)
    return f"{origin} did not answer as HTTP asks: {what}."
