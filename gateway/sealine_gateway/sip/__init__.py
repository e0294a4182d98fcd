"""The SIP trunk: a small user agent of our own, calls to real telephone equipment."""
