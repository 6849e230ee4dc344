"""The one refusal of this floor: what was handed in is not what it should be."""


class Malformed(ValueError):
    """Input that cannot be read; `code` is a stable slug such as ``phone.malformed``.

    The slug is all there is to translate. `details` say where (``row=12``) or how much was allowed
    (``limit=100000``); the input itself is never among them, because it may be somebody's personal data.
    """

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code} ({where})" if where else self.code
