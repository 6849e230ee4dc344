"""`python -m api` is `handbook`."""

from api.cli import main

main()
