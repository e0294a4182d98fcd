"""`python -m sealine_gateway` is `sealine-gateway`."""

from sealine_gateway.cli import main

main()
