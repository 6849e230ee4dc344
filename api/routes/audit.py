"""The audit, for auditors."""

from api.deps import PageDep, SessionDep, ViewerDep
from api.routing import declare, router
from models.audit import AuditEventPublic
from models.auditing import list_events
from models.paging import Page
from models.permissions import Permission

routes = router("audit")


@routes.get("/audit")
@declare(Permission.AUDIT_READ)
async def read_audit(session: SessionDep, viewer: ViewerDep, page: PageDep) -> Page[AuditEventPublic]:
    """What was done and looked at in the branches that I audit, newest first. What is sensitive is masked."""
    return await list_events(session, viewer, page)
