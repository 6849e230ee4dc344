from dataclasses import dataclass
from typing import Literal

from api.demo.tree import BranchKind

Category = Literal["general", "document"]
Priority = Literal["normal", "urgent"]
Reach = Literal["all", "here", "roles"]


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What a secretary would write: `body` is Markdown, `branch_kind` where it fits, `days_ago` when.

    Days and hours in the text are weekdays, never dates: a text reads well whenever it is published. `roles`
    names the audience where `reach` is roles, and is empty otherwise.
    """

    title: str
    body: str
    branch_kind: BranchKind
    days_ago: int
    category: Category = "general"
    priority: Priority = "normal"
    requires_ack: bool = False
    reach: Reach = "all"
    roles: tuple[str, ...] = ()
