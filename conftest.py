"""What all test folders share: how hypothesis behaves."""

from hypothesis import settings

# the machine is shared and slow at times: an example may take long, a test has its timeout
settings.register_profile("sealine", deadline=None, print_blob=True)
settings.load_profile("sealine")
