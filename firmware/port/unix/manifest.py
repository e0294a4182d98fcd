# The tests load the program from its sources (MICROPYPATH); only asyncio is frozen.
include("$(MPY_DIR)/extmod/asyncio")
