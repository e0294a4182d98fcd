"""PlatformIO's targets, each handed to firmware/Makefile: the environment's name is the board's name."""

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
make = "make -C $PROJECT_DIR "

image = env.Alias("firmware", None, make + "firmware")
upload = env.Alias("upload", image, make + "install")
AlwaysBuild(image, upload)
Default(image)
