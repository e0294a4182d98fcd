"""Makes firmware/app/call/prompt_data.py: the spoken notices as mu-law samples, by espeak-ng and sox.

usage: prompts.py; run by hand when a text changes, since the samples depend on the version of espeak-ng.
"""

import subprocess
import tempfile
from pathlib import Path

# Short on purpose: 8000 bytes of flash a second.
TEXTS = {
    "en_recorded": ("en-us", "This call is recorded."),
    "en_private": ("en-us", "This call is not recorded."),
    "es_recorded": ("es-419", "Esta llamada se graba."),
    "es_private": ("es-419", "Esta llamada no se graba."),
}
WORDS_PER_MINUTE = "170"
FRAME_BYTES = 160
ULAW_SILENCE = b"\xff"
BYTES_PER_LINE = 24
TARGET = Path(__file__).parent / "app/call/prompt_data.py"


def speak(voice: str, text: str) -> bytes:
    """The text as whole 20 ms frames of mu-law at 8 kHz, without silence round it."""
    with tempfile.TemporaryDirectory() as folder:
        wav, ulaw = f"{folder}/speech.wav", f"{folder}/speech.ul"
        subprocess.run(["espeak-ng", "-v", voice, "-s", WORDS_PER_MINUTE, "-w", wav, text], check=True)
        trim = ["silence", "1", "0.01", "0.5%", "reverse", "silence", "1", "0.01", "0.5%", "reverse"]
        subprocess.run(["sox", "-D", wav, "-r", "8000", "-c", "1", ulaw, *trim, "norm", "-6"], check=True)
        samples = Path(ulaw).read_bytes()
    return samples + ULAW_SILENCE * (-len(samples) % FRAME_BYTES)


def literal(name: str, samples: bytes) -> str:
    """A module constant that the compiler keeps in flash."""
    pieces = [samples[i : i + BYTES_PER_LINE] for i in range(0, len(samples), BYTES_PER_LINE)]
    lines = "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in piece) + '"' for piece in pieces)
    return f"{name.upper()} = (\n{lines}\n)\n"


def main() -> None:
    """Write the module."""
    head = '"""Spoken notices, mu-law at 8 kHz in whole frames of 160 samples. Made by firmware/prompts.py."""\n\n'
    TARGET.write_text(head + "\n".join(literal(name, speak(*text)) for name, text in TEXTS.items()))


if __name__ == "__main__":
    main()
