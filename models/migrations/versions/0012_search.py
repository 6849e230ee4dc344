"""Search: what is published now, and the words in it."""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from content.render import plain_text
from content.searching import TEXT_MOST
from models.searching.lexemes import lexemes_of, to_text, to_tsvector

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UTC = sqlmodel.sql.sqltypes.UTCDateTime
_ON_SQLITE = (
    (
        "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_document', content_rowid='no', "
        "detail=none, tokenize='unicode61 remove_diacritics 0', prefix='3 4')"
    ),
    (
        "CREATE TRIGGER search_words_insert AFTER INSERT ON search_document BEGIN "
        "INSERT INTO search_words (rowid, words) VALUES (new.no, new.words); END"
    ),
    (
        "CREATE TRIGGER search_words_delete AFTER DELETE ON search_document BEGIN "
        "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', old.no, old.words); END"
    ),
)
_KINDS = ("notice", "material", "collection", "quiz")


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_document",
        sa.Column("no", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", sa.Enum(*_KINDS, name="kind", native_enum=False, create_constraint=True, length=24), nullable=False
        ),
        sa.Column("branch_no", sa.Integer(), nullable=False),
        sa.Column("who", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=True),
        sa.Column("level", sa.String(length=24), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", _UTC(), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_search_document")),
    )
    op.create_index("uq_search_document_thing_id", "search_document", ["thing_id"], unique=True)
    op.create_index("ix_search_document_channel", "search_document", ["branch_no", "who"])
    if is_sqlite:
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        # what was just written is found at once, without going through a list of what is not in the index yet
        op.execute("CREATE INDEX search_words ON search_document USING gin (words) WITH (fastupdate = off)")
        op.execute("ALTER TABLE search_document ALTER COLUMN words SET STATISTICS 0")

    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """With the notices that are published, the oldest first."""
    notice = sa.table(
        "notice",
        sa.column("id", sa.Uuid()),
        sa.column("published_at", _UTC()),
        *(sa.column(name) for name in ("branch_no", "who", "title", "body_html", "revision", "category", "state")),
    )
    document = sa.table(
        "search_document",
        sa.column("no"),
        sa.column("thing_id", sa.Uuid()),
        sa.column("published_at", _UTC()),
        sa.column("words", sa.Text().with_variant(TSVECTOR(), "postgresql")),
        *(sa.column(name) for name in ("kind", "branch_no", "who", "title", "text", "category", "version")),
    )
    published = sa.select(notice).where(notice.c.state == "published").order_by(notice.c.published_at, notice.c.id)
    is_sqlite = connection.dialect.name == "sqlite"
    for no, row in enumerate(connection.execute(published).mappings().all(), 1):
        text = plain_text(row["body_html"])[:TEXT_MOST]
        filters = {"kind": ("notice",), "category": (row["category"],)}
        lexemes = lexemes_of(row["title"], "", text, (row["branch_no"], row["who"]), filters)
        said = {name: row[name] for name in ("branch_no", "who", "title", "category", "published_at")}
        said |= {"no": no, "thing_id": row["id"], "kind": "notice", "text": text, "version": row["revision"]}
        words = to_text(lexemes) if is_sqlite else sa.cast(sa.literal(to_tsvector(lexemes, no)), TSVECTOR)
        connection.execute(sa.insert(document).values(words=words, **said))
    if not is_sqlite:
        op.execute("SELECT setval(pg_get_serial_sequence('search_document', 'no'), max(no)) FROM search_document")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_words")
    op.drop_table("search_document")
