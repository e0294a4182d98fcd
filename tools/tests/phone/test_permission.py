"""A browser that gives no microphone; one of its own, since a permission is the browser's."""

import pytest
from playwright.sync_api import expect
from sealine_tools.phone.browser import chromium
from sealine_tools.phone.person import Visitor


@pytest.mark.timeout(60)
def test_without_a_microphone_one_can_listen(running):
    with chromium() as context:
        context.grant_permissions([], origin=running.origin)
        visitor = Visitor(context.pages[0], running.pages[0])
        visitor.handset()
        visitor.wait_for("English")
        expect(visitor.page.locator("#microphone")).to_contain_text("you can listen only")
        visitor.handset()
        visitor.wait_for("SEALINE")
