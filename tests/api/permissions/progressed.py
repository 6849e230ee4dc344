"""The rows of the table about what members do with what there is to study."""

PROGRESSED = {
    "progress": """
                         nob dis  mem edi aud cle dep sec  sib par adm
GET /v1/materials/{material_id}/progress
own                      401 401  200 200 200 200 200 200  404 404 200
own draft                401 401  404 404 404 404 404 404  404 404 404
child                    401 401  404 200 404 404 404 404  404 404 200
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  200 200 200 200 200 200  200 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
PUT /v1/materials/{material_id}/progress
own                      401 401  200 200 200 200 200 200  404 404 403
own draft                401 401  404 404 404 404 404 404  404 404 404
child                    401 401  404 403 404 404 404 404  404 404 403
sibling                  401 401  404 404 404 404 404 404  200 200 200
parent                   401 401  200 200 200 200 200 200  200 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
GET /v1/me/bookmarks
mine                     401 401  200 200 200 200 200 200  200 200 200
PUT /v1/me/bookmarks/{bookmark_id}
mine                     401 401  200 200 200 200 200 200  200 200 200
own                      401 401  200 200 200 200 200 200  404 404 403
child                    401 401  404 403 404 404 404 404  404 404 403
sibling                  401 401  404 404 404 404 404 404  200 200 200
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
DELETE /v1/me/bookmarks/{bookmark_id}
mine                     401 401  204 204 204 204 204 204  204 204 204
own                      401 401  404 404 404 404 404 404  404 404 404
child                    401 401  404 404 404 404 404 404  404 404 404
sibling                  401 401  404 404 404 404 404 404  404 404 404
parent                   401 401  404 404 404 404 404 404  404 404 404
elsewhere                401 401  404 404 404 404 404 404  404 404 404
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
    "study imports": """
                         nob dis  mem edi aud cle dep sec  sib par adm
POST /v1/branches/{branch_id}/study-import
own                      401 401  403 200 403 403 403 403  403 403 200
child                    401 401  403 200 403 403 403 403  403 403 200
sibling                  401 401  403 403 403 403 403 403  403 403 200
parent                   401 401  403 403 403 403 403 403  403 403 200
elsewhere                401 401  403 403 403 403 403 403  403 403 403
unknown                  401 401  404 404 404 404 404 404  404 404 404
""",
}
