"""`handbook demo`: a made-up organisation to try everything on."""

import json
import random
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from sqlalchemy import select
from sqlmodel import col

from api.commands.load_tokens import write_load_tokens
from api.commands.running import console, fail, open_database, run, settings
from api.commands.serving import serve_here
from api.demo.accounts import DemoAccount, DemoAccounts, open_accounts, write_accounts
from api.demo.activities import call_activities
from api.demo.history import publish_notices
from api.demo.loading import load_organisation
from api.demo.organisation import DEMONSTRATION, Organisation
from api.demo.rehearsals import SITUATIONS, NotSignedIn, people, rehearse
from api.demo.studies import index_notices, publish_studies
from api.demo.texts import notice_texts
from api.security.keys import open_keyring
from api.security.passwords import Passwords
from api.settings import Settings
from api.storage import open_files
from content.files import FileStore
from models.branches import Branch
from models.database import Database
from models.migrate import migrate

ACCOUNTS = "accounts.json"
LOAD_TOKENS = "load-tokens.jsonl"
_SEED = 2026


demo = typer.Typer(help="A made-up organisation to try everything on.")


@demo.callback(invoke_without_command=True)
def make(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    data: Annotated[Path, typer.Option(help="Where the demonstration is kept.")] = Path("var/demo"),
    serve: Annotated[bool, typer.Option(help="Serve it; otherwise only make it.")] = True,
    load_tokens: Annotated[int, typer.Option(help="Sign so many members in for load tools, and end.")] = 0,
) -> None:
    """Make a made-up province with 5,000 members, unless it is there already, and serve it on this machine."""
    using = settings(
        demo=True,
        host="127.0.0.1",
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        data_dir=data,
        database_url=None,
        keys_file=None,
        files_dir=None,
    )
    context.obj = using
    if context.invoked_subcommand is not None:
        return
    accounts = run(_prepare(using))
    if load_tokens:
        written = run(_write_tokens(using, load_tokens))
        console.print(f"{written} members signed in: {using.data_dir / LOAD_TOKENS}")
        return
    _introduce(using, accounts)
    if serve:
        serve_here(using)


@demo.command("rehearse")
def rehearse_situation(
    context: typer.Context,
    situation: Annotated[str | None, typer.Argument(help="One of those that are listed without it.")] = None,
) -> None:
    """Make something that an app must live through happen to a member of the demonstration, running or not."""
    using: Settings = context.obj
    if not (using.data_dir / ACCOUNTS).exists():
        fail(f"there is no demonstration in {using.data_dir}: `handbook demo` makes one")
    if situation is None:
        _list_situations(using, run(_people(using)))
    elif situation not in SITUATIONS:
        fail(f"there is no situation {situation}: one of {', '.join(SITUATIONS)}")
    else:
        console.print(f"[bold]{run(_rehearse(using, situation))}[/bold]", soft_wrap=True)
        console.print(SITUATIONS[situation].expected, soft_wrap=True, markup=False)
        console.print("The guide is served with the demonstration: /docs/guides/sync", style="dim")


def _list_situations(using: Settings, people: dict[str, DemoAccount]) -> None:
    console.print("Sign in with the app as the person named, let it fetch everything, then make it happen:\n")
    for name, situation in SITUATIONS.items():
        account = people[name]
        console.print(f"[bold]{situation.title}[/bold]: {account['name']}, {account['branch']}")
        console.print(f"  login [bold]{account['login']}[/bold]  password [bold]{account['password']}[/bold]")
        console.print(f"  handbook demo --data {using.data_dir} rehearse {name}\n", markup=False, soft_wrap=True)


async def _people(using: Settings) -> dict[str, DemoAccount]:
    accounts: DemoAccounts = json.loads((using.data_dir / ACCOUNTS).read_bytes())
    passwords = Passwords(demo=True)
    async with open_database(using) as database:
        found = await people(database, using.data_dir, accounts["member"]["login"], hash_password=passwords.hash)
    passwords.close()
    return found


async def _rehearse(using: Settings, situation: str) -> str:
    account = (await _people(using))[situation]
    async with open_database(using) as database:
        try:
            return await rehearse(database, using.data_dir, situation)
        except NotSignedIn:
            fail(f"sign in with the app first: login {account['login']}, password {account['password']}")


async def _prepare(using: Settings) -> DemoAccounts:
    """The accounts' file is written last: a demonstration without it was not finished, and is made anew."""
    path = using.data_dir / ACCOUNTS
    if not path.exists():
        for leftover in (*using.data_dir.glob("handbook.db*"), *using.data_dir.glob("rehearsal*")):
            leftover.unlink()
    async with open_database(using, migrated=False) as database:
        await migrate(database)
        if path.exists():
            accounts: DemoAccounts = json.loads(path.read_bytes())
            return accounts
        async with database.reading() as session:
            if await session.scalar(select(col(Branch.no)).limit(1)) is not None:
                fail(f"{using.database} holds an organisation that the demonstration did not make")
        return await _make(database, open_files(using), path)


async def _make(database: Database, files: FileStore, path: Path) -> DemoAccounts:
    organisation = Organisation(size=DEMONSTRATION, seed=_SEED, as_of=database.clock().date())
    bar = Progress(TextColumn("making {task.description}"), BarColumn(), TaskProgressColumn(), console=console)
    passwords = Passwords(demo=True)
    with bar:
        task = bar.add_task("a province", total=None)
        loaded = await load_organisation(
            database, organisation, on_progress=lambda done, total: bar.update(task, completed=done, total=total)
        )
        bar.update(task, description="its notices")
        await publish_notices(database, loaded, notice_texts(), rng=random.Random(_SEED))  # noqa: S311 - texts, not secrets
        await call_activities(database, loaded)
        await index_notices(database)
        bar.update(task, description="its studies")
        await publish_studies(database, files)
        accounts = await open_accounts(database, loaded, hash_password=passwords.hash)
    passwords.close()
    write_accounts(path, accounts)
    return accounts


async def _write_tokens(using: Settings, count: int) -> int:
    keys = open_keyring(using.keys, made_at="", demo=True)
    life = timedelta(minutes=using.token_minutes)
    async with open_database(using) as database:
        return await write_load_tokens(database, keys, life, count, using.data_dir / LOAD_TOKENS)


def _introduce(using: Settings, accounts: DemoAccounts) -> None:
    url = str(using.public_url).rstrip("/")
    console.print(f"\n[bold]Sổ tay điện tử[/bold], demonstration: {url} (API at {url}/docs)\n")
    tries = (
        ("member", "Hội viên / member", "/v1/notices?limit=3", "what is new for me"),
        ("secretary", "Bí thư chi bộ / branch secretary", "/v1/members?q=nguyen&limit=3", "my people"),
        ("admin", "Quản trị tỉnh / province admin", "/v1/branches?q=xa&limit=3", "my branches"),
    )
    for key, title, path, what in tries:
        account = accounts[key]  # type: ignore[literal-required]  # the three keys above
        console.print(f"[bold]{title}[/bold]: {account['name']}, {account['branch']}")
        console.print(f"  login [bold]{account['login']}[/bold]  password [bold]{account['password']}[/bold]")
        console.print(f"  # {what}", style="dim")
        body = json.dumps({"login": account["login"], "password": account["password"]})
        console.print(
            f"  TOKEN=$(curl -s {url}/v1/auth/login -H 'Content-Type: application/json' -d '{body}' \\\n"
            "    | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"access_token\"])')\n"
            f"  curl -s '{url}{path}' -H \"Authorization: Bearer $TOKEN\"\n",
            markup=False,
            soft_wrap=True,
        )
    console.print(f"These accounts are also in {using.data_dir / ACCOUNTS}. Ctrl+C ends the server; the data stays.\n")
