"""The spoken notices: which samples a call needs, and their hash as the record names it."""

from wire.hashes import blake2b256

from call import prompt_data


def notice(language: str, recorded: bool) -> bytes:
    """Mu-law samples in whole frames of 160, saying whether the call is recorded; English by default."""
    if language == "es":
        return prompt_data.ES_RECORDED if recorded else prompt_data.ES_PRIVATE
    return prompt_data.EN_RECORDED if recorded else prompt_data.EN_PRIVATE


def prompt_hash(samples: bytes) -> bytes:
    """BLAKE2b-256 of a prompt's samples."""
    return blake2b256(samples)
