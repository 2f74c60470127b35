"""Characters that steer a terminal, or hide, made visible: data come in, text to look at goes out.

A name in a file of leads may hold ESC, which moves the cursor and clears the screen, or marks that
turn the order of letters round. On the terminal and on pages each is shown as its number, \\x1b or
\\u202e; letters of all scripts, their marks and joiners, and emoji stay as they are.
"""

import re

# Joiners belong to Persian, Indic scripts and emoji; between Latin letters they only hide.
_JOINERS = "\u200c\u200d"
_FIRST_JOINED = 0x0590
# Marks of direction without a shape of their own, and the soft hyphen: nothing is lost without.
_SHAPELESS = "\u00ad\u061c\u200e\u200f"
_STEERING = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_SHAPELESS}\u180e\u200b{_JOINERS}"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAKS = re.compile(r"\r\n|[\n\r\t]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\r\n": "\\n"}
_IN_JSON = re.compile(
    rb"\x7f|\xc2[\x80-\x9f\xad]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xd8\x9c"
    rb"|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80-\x81][\x80-\xbf]"
)


def visible(text: str) -> str:
    """The text with every steering or hidden character shown as its number; lines stay lines."""
    if text.isascii() and text.isprintable():
        return text
    return _STEERING.sub(_shown, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    """The same on one line: breaks within it are shown as \\n, \\r and \\t."""
    if text.isprintable() and text.isascii():
        return text
    return visible(_BREAKS.sub(lambda match: _SHORT[match[0]], text))


def escaped_json(document: bytes) -> bytes:
    """JSON whose texts hold no steering character: the same content, with \\u escapes for them.

    JSON itself asks for escapes of the first 32 characters only.
    """
    return _IN_JSON.sub(_json_escape, document)


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHAPELESS:
        return ""
    before = match.string[match.start() - 1] if match.start() else ""
    if character in _JOINERS and before and ord(before) >= _FIRST_JOINED:
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _json_escape(match: re.Match[bytes]) -> bytes:
    units = match[0].decode().encode("utf-16-be")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs).encode()
