"""Activation codes as people are handed them: a link, and a page of cards to cut out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from api.languages import Language
from api.links import link
from api.printing import printed
from api.settings import Settings
from content.sheets import SheetPerson, activation_sheet
from models.accounts import CODE_LIFE, ActivationCode
from models.branches import Branch
from models.members.table import Member


def activation_link(settings: Settings, member: Member, code: ActivationCode) -> str:
    """What the QR says. The code is in the fragment, which browsers keep from servers and their logs."""
    said = urlencode({"login": member.member_no, "code": code.code})
    return link(settings, f"/activate#{said}")


def printable(
    settings: Settings,
    branch: Branch,
    people: Sequence[tuple[Member, ActivationCode]],
    language: Language,
    at: datetime,
) -> HTMLResponse:
    cards = [
        SheetPerson(member.full_name, member.member_no, code.code, activation_link(settings, member, code))
        for member, code in people
    ]
    # the last day that ends before the codes do, in UTC and in Viet Nam
    last = (at + CODE_LIFE).date() - timedelta(days=1)
    return printed(activation_sheet(branch.name, cards, language=language, expires_on=last), language)
