"""One of SIPVicious' tools with another User-Agent, which it has no option for.

usage: python -m security.disguised svmap|svwar|svcrack USER-AGENT [OPTION…]
"""

import importlib
import sys
from collections.abc import Sequence

OWN_AGENT = "friendly-scanner"
"""What the tools send by themselves."""


def main(arguments: Sequence[str]) -> None:
    """Run a tool; it ends the process itself."""
    tool, agent, *options = arguments
    helper = importlib.import_module("sipvicious.libs.svhelper")
    made_by = helper.makeRequest
    made_by.__defaults__ = tuple(agent if value == OWN_AGENT else value for value in made_by.__defaults__)
    sys.argv = [tool, *options]
    importlib.import_module(f"sipvicious.{tool}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
