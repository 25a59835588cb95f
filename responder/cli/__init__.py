"""The command `responder`: parse, call, print. Each subcommand is a module here."""

try:
    from responder.cli.main import main
except KeyboardInterrupt:
    # Ctrl-C while we are still loading is no reason for pages of traces.
    raise SystemExit(130) from None

__all__ = ["main"]
