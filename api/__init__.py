"""How one asks: HTTP, identity, the cache, sync, the worker, the command line."""
