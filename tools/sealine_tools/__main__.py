"""`python -m sealine_tools` is `sealine`."""

from sealine_tools.cli import main

main()
