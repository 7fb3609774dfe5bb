"""An attack on a private server of this machine: what it tells, and what it lets through; see docs/security.md."""
