# Frozen into every image of the board: asyncio, and the start-up file. The program has a manifest of its own.
include("$(MPY_DIR)/extmod/asyncio")
freeze("frozen")
