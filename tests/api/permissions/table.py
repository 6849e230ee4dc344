"""What each route of the document answers to whom: written by hand from the domain's rules, never derived from the
code.

A route stands alone on its line; below it, one line a case. A case begins with the place of the thing asked for, as
seen from one cell: the cell itself (`own`), the group below it (`child`), the cell beside it (`sibling`), what is above
both (`parent`), another root (`elsewhere`), and an id that does not exist (`unknown`); `mine` is the caller's own.

Columns: nobody · a disabled account · roles of the cell `own`: member (none), editor, auditor, clerk, deputy,
secretary · the secretaries of `sibling` and of `parent` · the admin of the province above. The last three belong to
`sibling`.
"""

from tests.api.permissions.progressed import PROGRESSED
from tests.api.permissions.said import SAID
from tests.api.permissions.studied import STUDIED

ACTORS = (
    *("nobody", "disabled", "member", "editor", "auditor", "clerk", "deputy", "secretary"),
    *("sibling_secretary", "parent_secretary", "admin"),
)

TABLE = {
    **SAID,
    **STUDIED,
    **PROGRESSED,
    "operator": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /health/live
anything                 200 200  200 200 200 200 200 200  200 200 200
GET /health/ready
anything                 200 200  200 200 200 200 200 200  200 200 200
GET /metrics
anything                 200 200  200 200 200 200 200 200  200 200 200
GET /problems/{slug}
anything                 200 200  200 200 200 200 200 200  200 200 200
unknown                  404 404  404 404 404 404 404 404  404 404 404
GET /v1/app-config
anything                 200 200  200 200 200 200 200 200  200 200 200
GET /.well-known/assetlinks.json
anything                 404 404  404 404 404 404 404 404  404 404 404
GET /.well-known/apple-app-site-association
anything                 404 404  404 404 404 404 404 404  404 404 404
GET /n/{thing_id}
own                      200 200  200 200 200 200 200 200  200 200 200
unknown                  200 200  200 200 200 200 200 200  200 200 200
""",
    "sync": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/home
mine                     401 401  200 200 200 200 200 200  200 200 200
GET /v1/sync
mine                     401 401  200 200 200 200 200 200  200 200 200
""",
    "auth": """
                         nob dis  mem edi aud cle dep sec  sib par adm
POST /v1/auth/login
anything                 200 200  200 200 200 200 200 200  200 200 200
POST /v1/auth/activate
anything                 200 200  200 200 200 200 200 200  200 200 200
POST /v1/auth/refresh
anything                 200 200  200 200 200 200 200 200  200 200 200
POST /v1/auth/logout
mine                     401 401  204 204 204 204 204 204  204 204 204
GET /v1/auth/sessions
mine                     401 401  200 200 200 200 200 200  200 200 200
DELETE /v1/auth/sessions/{session_id}
mine                     401 401  204 204 204 204 204 204  204 204 204
own                      401 401  404 404 404 404 404 404  404 404 404
child                    401 401  404 404 404 404 404 404  404 404 404
sibling                  401 401  404 404 404 404 404 404  404 404 404
parent                   401 401  404 404 404 404 404 404  404 404 404
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
PUT /v1/auth/password
mine                     401 401  204 204 204 204 204 204  204 204 204
""",
    "me": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/me
mine                     401 401  200 200 200 200 200 200  200 200 200
GET /v1/me/memberships
mine                     401 401  200 200 200 200 200 200  200 200 200
GET /v1/me/access-log
mine                     401 401  200 200 200 200 200 200  200 200 200
PUT /v1/me/photo
mine                     401 401  200 200 200 200 200 200  200 200 200
DELETE /v1/me/photo
mine                     401 401  204 204 204 204 204 204  204 204 204
GET /v1/me/state
mine                     401 401  200 200 200 200 200 200  200 200 200
POST /v1/me/events
mine                     401 401  200 200 200 200 200 200  200 200 200
GET /v1/me/calendar-token
mine                     401 401  200 200 200 200 200 200  200 200 200
POST /v1/me/calendar-token
mine                     401 401  201 201 201 201 201 201  201 201 201
DELETE /v1/me/calendar-token
mine                     401 401  204 204 204 204 204 204  204 204 204
GET /v1/me/devices
mine                     401 401  200 200 200 200 200 200  200 200 200
PUT /v1/me/devices/{device_id}
mine                     401 401  200 200 200 200 200 200  200 200 200
own                      401 401  404 404 404 404 404 404  404 404 404
sibling                  401 401  404 404 404 404 404 404  404 404 404
parent                   401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  200 200 200 200 200 200  200 200 200
DELETE /v1/me/devices/{device_id}
mine                     401 401  204 204 204 204 204 204  204 204 204
own                      401 401  404 404 404 404 404 404  404 404 404
sibling                  401 401  404 404 404 404 404 404  404 404 404
parent                   401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/me/preferences
mine                     401 401  200 200 200 200 200 200  200 200 200
PUT /v1/me/preferences
mine                     401 401  200 200 200 200 200 200  200 200 200
GET /v1/calendar.ics
anything                 200 200  200 200 200 200 200 200  200 200 200
""",
    "branches": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/branches
anything                 401 401  200 200 200 200 200 200  200 200 200
POST /v1/branches
own                      401 401  403 403 403 403 403 403  403 403 201
child                    401 401  403 403 403 403 403 403  403 403 201
sibling                  401 401  403 403 403 403 403 403  403 403 201
parent                   401 401  403 403 403 403 403 403  403 403 201
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  422 422 422 422 422 422  422 422 422
GET /v1/branches/{branch_id}
own                      401 401  200 200 200 200 200 200  200 200 200
child                    401 401  200 200 200 200 200 200  200 200 200
sibling                  401 401  200 200 200 200 200 200  200 200 200
parent                   401 401  200 200 200 200 200 200  200 200 200
elsewhere                401 401  200 200 200 200 200 200  200 200 200
unknown                  401 401  404 404 404 404 404 404  404 404 404
PATCH /v1/branches/{branch_id}
own                      401 401  403 403 403 403 403 403  403 403 200
child                    401 401  403 403 403 403 403 403  403 403 200
sibling                  401 401  403 403 403 403 403 403  403 403 200
parent                   401 401  403 403 403 403 403 403  403 403 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/branches/{branch_id}/move
own                      401 401  403 403 403 403 403 403  403 403 200
child                    401 401  403 403 403 403 403 403  403 403 200
sibling                  401 401  403 403 403 403 403 403  403 403 200
parent                   401 401  403 403 403 403 403 403  403 403 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
own to elsewhere         401 401  403 403 403 403 403 403  403 403 403
own to unknown           401 401  422 422 422 422 422 422  422 422 422
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/branches/{branch_id}/merge
own                      401 401  403 403 403 403 403 403  403 403 200
child                    401 401  403 403 403 403 403 403  403 403 200
sibling                  401 401  403 403 403 403 403 403  403 403 200
parent                   401 401  403 403 403 403 403 403  403 403 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
own to elsewhere         401 401  403 403 403 403 403 403  403 403 403
own to unknown           401 401  422 422 422 422 422 422  422 422 422
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/branches/{branch_id}/children
own                      401 401  200 200 200 200 200 200  200 200 200
child                    401 401  200 200 200 200 200 200  200 200 200
sibling                  401 401  200 200 200 200 200 200  200 200 200
parent                   401 401  200 200 200 200 200 200  200 200 200
elsewhere                401 401  200 200 200 200 200 200  200 200 200
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/branches/{branch_id}/members
own                      401 401  200 200 200 200 200 200  403 200 200
child                    401 401  403 403 200 200 200 200  403 200 200
sibling                  401 401  403 403 403 403 403 403  200 200 200
parent                   401 401  403 403 403 403 403 403  403 200 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/branches/{branch_id}/officers
own                      401 401  200 200 200 200 200 200  403 200 200
child                    401 401  403 403 200 200 200 200  403 200 200
sibling                  401 401  403 403 403 403 403 403  200 200 200
parent                   401 401  200 200 200 200 200 200  200 200 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/branches/{branch_id}/role-grants
own                      401 401  403 403 200 200 200 200  403 200 200
child                    401 401  403 403 200 200 200 200  403 200 200
sibling                  401 401  403 403 403 403 403 403  200 200 200
parent                   401 401  403 403 403 403 403 403  403 200 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/branches/{branch_id}/role-grants
own                      401 401  403 403 403 403 403 201  403 201 201
child                    401 401  403 403 403 403 403 201  403 201 201
sibling                  401 401  403 403 403 403 403 403  201 201 201
parent                   401 401  403 403 403 403 403 403  403 201 201
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/role-grants/{grant_id}/end
own                      401 401  404 404 403 403 403 200  404 200 200
child                    401 401  404 404 403 403 403 200  404 200 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  404 404 404 404 404 404  404 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/branches/{branch_id}/activation-sheet
own                      401 401  403 403 403 403 200 200  403 200 200
child                    401 401  403 403 403 403 200 200  403 200 200
sibling                  401 401  403 403 403 403 403 403  200 200 200
parent                   401 401  403 403 403 403 403 403  403 200 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/branches/{branch_id}/notices
own                      401 401  403 403 200 200 200 200  403 200 200
own drafts               401 401  403 403 403 200 200 200  403 200 200
child                    401 401  403 403 200 200 200 200  403 200 200
sibling                  401 401  403 403 403 403 403 403  200 200 200
parent                   401 401  403 403 403 403 403 403  403 200 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
    "members": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/members
anything                 401 401  403 403 200 200 200 200  200 200 200
POST /v1/members
own                      401 401  403 403 403 403 201 201  403 201 201
child                    401 401  403 403 403 403 201 201  403 201 201
sibling                  401 401  403 403 403 403 403 403  201 201 201
parent                   401 401  403 403 403 403 403 403  403 201 201
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  422 422 422 422 422 422  422 422 422
GET /v1/members/{member_id}
mine                     401 401  200 200 200 200 200 200  200 200 200
own                      401 401  403 403 200 200 200 200  404 200 200
child                    401 401  404 404 200 200 200 200  404 200 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  404 404 404 404 404 404  404 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
PATCH /v1/members/{member_id}
mine                     401 401  403 403 403 403 200 200  200 200 200
own                      401 401  403 403 403 403 200 200  404 200 200
child                    401 401  404 404 403 403 200 200  404 200 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  404 404 404 404 404 404  404 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/members/{member_id}/activation-code
mine                     401 401  403 403 403 403 403 403  403 403 403
own                      401 401  403 403 403 403 201 201  404 201 201
child                    401 401  404 404 403 403 201 201  404 201 201
sibling                  401 401  404 404 404 404 404 404  201 201 201
parent                   401 401  404 404 404 404 404 404  404 201 201
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/members/{member_id}/sign-out
mine                     401 401  403 403 403 403 403 403  403 403 403
own                      401 401  403 403 403 403 200 200  404 200 200
child                    401 401  404 404 403 403 200 200  404 200 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  404 404 404 404 404 404  404 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
    "calendars": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/notices/{notice_id}/calendar.ics
own meeting              401 401  200 200 200 200 200 200  404 200 200
own meeting draft        401 401  404 404 404 409 409 409  404 409 409
own                      401 401  404 404 404 404 404 404  404 404 404
sibling meeting          401 401  404 404 404 404 404 404  200 200 200
parent meeting           401 401  200 200 200 200 200 200  200 200 200
elsewhere meeting        401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
    "files": """
                         nob dis  mem edi aud cle dep sec  sib par adm
POST /v1/notices/{notice_id}/attachments
own draft                401 401  404 404 404 201 201 201  404 201 201
child draft              401 401  404 404 404 201 201 201  404 201 201
sibling draft            401 401  404 404 404 404 404 404  201 201 201
parent draft             401 401  404 404 404 404 404 404  404 201 201
elsewhere draft          401 401  404 404 404 404 404 404  404 404 404
own                      401 401  403 403 403 409 409 409  404 409 409
own scheduled            401 401  404 404 404 409 409 409  404 409 409
child                    401 401  404 404 403 409 409 409  404 409 409
sibling                  401 401  404 404 404 404 404 404  409 409 409
parent                   401 401  403 403 403 403 403 403  403 409 409
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
DELETE /v1/notices/{notice_id}/attachments/{sha256}
own draft                401 401  404 404 404 200 200 200  404 200 200
child draft              401 401  404 404 404 200 200 200  404 200 200
sibling draft            401 401  404 404 404 404 404 404  200 200 200
parent draft             401 401  404 404 404 404 404 404  404 200 200
elsewhere draft          401 401  404 404 404 404 404 404  404 404 404
own file                 401 401  403 403 403 409 409 409  404 409 409
own scheduled            401 401  404 404 404 409 409 409  404 409 409
sibling file             401 401  404 404 404 404 404 404  409 409 409
parent file              401 401  403 403 403 403 403 403  403 409 409
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/notices/{notice_id}/attachments/{sha256}
own file                 401 401  200 200 200 200 200 200  404 200 200
own draft                401 401  404 404 404 200 200 200  404 200 200
own scheduled            401 401  404 404 404 200 200 200  404 200 200
child file               401 401  404 404 200 200 200 200  404 200 200
child draft              401 401  404 404 404 200 200 200  404 200 200
sibling file             401 401  404 404 404 404 404 404  200 200 200
sibling draft            401 401  404 404 404 404 404 404  200 200 200
parent file              401 401  200 200 200 200 200 200  200 200 200
parent draft             401 401  404 404 404 404 404 404  404 200 200
parent here              401 401  404 404 404 404 404 404  404 200 200
elsewhere file           401 401  404 404 404 404 404 404  404 404 404
elsewhere draft          401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
POST /v1/files
mine                     401 401  403 201 403 403 403 403  403 403 201
GET /v1/files/{sha256}
own                      401 401  200 200 200 200 200 200  404 200 200
child                    401 401  404 404 200 200 200 200  404 200 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  404 404 404 404 404 404  404 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
own file                 401 401  200 200 200 200 200 200  404 200 200
own draft                401 401  404 404 404 200 200 200  404 200 200
child file               401 401  404 404 200 200 200 200  404 200 200
sibling file             401 401  404 404 404 404 404 404  200 200 200
parent file              401 401  200 200 200 200 200 200  200 200 200
parent here              401 401  404 404 404 404 404 404  404 200 200
elsewhere file           401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
    "audit": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/audit
anything                 401 401  403 403 200 403 403 403  403 403 200
""",
}
