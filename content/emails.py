"""E-mail addresses as people write them."""

from email_validator import EmailNotValidError, validate_email

from content.malformed import Malformed


def normalise_email(text: str) -> str:
    """The address in lower case, its domain in Unicode; whether it exists is not asked. Raises Malformed
    ``email.malformed``.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        raise Malformed("email.malformed") from None
