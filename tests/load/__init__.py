"""Load on real servers: what the promises about speed are measured with."""
