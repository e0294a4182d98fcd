"""Hardware in the loop: the device interface, the board model and the fixtures of a facility."""
