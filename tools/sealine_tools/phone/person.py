"""A person at the page: presses its buttons and reads its display, for pictures and tests."""

from typing import Final

from playwright.sync_api import Page, expect
from sealine_hil.phone import PROMPTS

from sealine_tools.demo.cast import Caller

SHOWS_MS: Final = 20_000  # a notice in two languages has some 10 s


class Visitor:
    """By pointer; what is typed on a keyboard goes through `page.keyboard`."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.goto(address)
        self.wait_for("SEALINE")

    def wait_for(self, text: str) -> None:
        """Until the display holds the text."""
        expect(self.page.locator("#display")).to_contain_text(text, timeout=SHOWS_MS)

    def reads(self) -> list[str]:
        """The display's rows."""
        return self.page.locator("#display p").all_text_contents()

    def handset(self) -> None:
        """Lift it, or put it back."""
        self.page.locator("#handset").click()

    def press(self, keys: str) -> None:
        """Key after key of the keypad."""
        for key in keys:
            self.page.locator(f'.key[data-key="{key}"]').click()

    def order(self, caller: Caller, dialled: str) -> None:
        """Lift, choose the language, tell who one is, dial; ends with the price on the display."""
        prompts = PROMPTS[caller.language]
        self.handset()
        self.wait_for("English")
        self.press(prompts.key)
        for prompt, typed in ((prompts.person, caller.person), (prompts.pin, caller.pin), (prompts.dial, dialled)):
            self.wait_for(prompt)
            self.press(f"{typed}#")
        self.wait_for(prompts.quote)
