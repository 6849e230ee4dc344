"""`handbook`: the second front door."""

import typer

from api.commands.content import content
from api.commands.demo import demo
from api.commands.doctor import doctor
from api.commands.files import files
from api.commands.keys import keys
from api.commands.people import init, user
from api.commands.push import push
from api.commands.restored import say_restored
from api.commands.roster import import_roster_file
from api.commands.serving import migrate_database, serve
from api.commands.working import work

app = typer.Typer(
    name="handbook",
    help="Sổ tay điện tử: the member handbook's server. Settings are variables HANDBOOK_…; see .env.example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("init")(init)
app.command("serve")(serve)
app.command("worker")(work)
app.command("migrate")(migrate_database)
app.command("restored")(say_restored)
app.command("import")(import_roster_file)
app.command("doctor")(doctor)
app.add_typer(content, name="content")
app.add_typer(demo, name="demo")
app.add_typer(user, name="user")
app.add_typer(keys, name="keys")
app.add_typer(push, name="push")
app.add_typer(files, name="files")


def main() -> None:
    app()
