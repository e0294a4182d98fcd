"""What of this folder is frozen into an image; MicroPython's manifest language."""

for room in ("wire", "store", "call", "panel", "sync"):
    package(room)
for name in ("station", "console", "main"):
    module(name + ".py")
