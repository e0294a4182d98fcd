# What of this folder is frozen into an image.
for room in ("wire", "store", "call", "panel", "sync"):
    package(room)
for name in ("station", "console", "main"):
    module(name + ".py")
