"""Phone numbers as they are stored: E.164, ``+84912345678``."""

import re

import phonenumbers

from content.malformed import Malformed

_SEPARATORS = str.maketrans("", "", " \t\u00a0\u2009\u202f.-\u2010\u2011\u2012\u2013()/")

# What Vietnamese rosters hold: with 0, with a country code, with both, or – a spreadsheet ate the zero – with
# none.
_PREFIX = r"(?:\+84|0084|84(?=0?[0-9]{9,10}$))?0?"

# Mobile numbers of today's operators, 9 digits after the 0. Each is valid to phonenumbers, which takes twenty
# times as long to say so; the tests hold the two together.
_MOBILE = re.compile(
    _PREFIX + r"((?:3[2-9]\d|5(?:2[238]|[689]\d)|7[06-9]\d|8(?:[1-8]\d|9[6-9])|9(?:[0-8]\d|9[013-9]))\d{6})",
    re.ASCII,
)

# The 11-digit mobile numbers (10 after the 0) and what they became between 15 September and 14 November 2018:
# Ministry of Information and Communications, Decision 798/QĐ-BTTTT.
_OLD_MOBILE = re.compile(_PREFIX + r"(1[2689][0-9])([0-9]{7})")
_NEW_PREFIX = {
    **{f"16{digit}": f"3{digit}" for digit in range(2, 10)},
    "120": "70",
    "121": "79",
    "122": "77",
    "126": "76",
    "128": "78",
    "123": "83",
    "124": "84",
    "125": "85",
    "127": "81",
    "129": "82",
    "186": "56",
    "188": "58",
    "199": "59",
}
_DIGITS = re.compile(r"\+?[0-9]{7,17}")


def normalise_phone(text: str) -> str:
    """E.164 of a number written by hand; without a country code it is taken as Vietnamese.

    Accepts spaces, dots, dashes, slashes and brackets, the old 11-digit mobile prefixes, Vietnamese landlines
    with today's area codes, and foreign numbers written with + or 00. Raises Malformed ``phone.malformed``
    (not a phone number at all) or ``phone.invalid`` (shaped like one, but no such number can exist).
    """
    digits = text.translate(_SEPARATORS)
    if mobile := _MOBILE.fullmatch(digits):
        return f"+84{mobile[1]}"
    if (old := _OLD_MOBILE.fullmatch(digits)) and old[1] in _NEW_PREFIX:
        return f"+84{_NEW_PREFIX[old[1]]}{old[2]}"
    if not _DIGITS.fullmatch(digits):
        raise Malformed("phone.malformed")
    try:
        number = phonenumbers.parse(digits, "VN")
    except phonenumbers.NumberParseException as error:
        raise Malformed("phone.malformed") from error
    if not phonenumbers.is_valid_number(number):
        raise Malformed("phone.invalid")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
