"""The page in a real Chromium, as a person uses it: with a pointer, with a keyboard, with a screen reader's eyes."""

import re
import time

import pytest
from playwright.sync_api import expect
from sealine_tools.demo.cast import ATTORNEY, MARISOL, SISTER, TOMAS
from sealine_tools.phone.browser import HAND, chromium
from sealine_tools.phone.cast import WORKPLACE
from sealine_tools.phone.handset import GRACE_S
from sealine_tools.phone.person import Visitor

pytestmark = pytest.mark.timeout(120)
SPEECH_SAMPLES = 4000  # half a second of what can be heard
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def browser():
    with chromium("--use-fake-ui-for-media-stream") as context:
        yield context


@pytest.fixture
def visit(browser, running, tmp_path, request):
    """Pages of the phones, closed behind the test; what they look like at the end is kept."""
    visitors, errors = [], []

    def open_page(phone=0):
        page = browser.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith(running.origin) else errors.append(asked.url))
        visitors.append(Visitor(page, running.pages[phone]))
        return visitors[-1]

    yield open_page
    for place, visitor in enumerate(visitors):
        if not visitor.page.is_closed():
            visitor.page.screenshot(path=tmp_path / f"{request.node.name}-{place}.png")
            visitor.page.close()
    assert errors == []


def heard(visitor):
    """Audible samples that the loudspeaker has played since the page was loaded."""
    return int(visitor.page.locator("#level").get_attribute("data-heard") or 0)


def expect_heard(visitor, more=SPEECH_SAMPLES):
    before, end = heard(visitor), time.monotonic() + 15
    while heard(visitor) < before + more:
        assert time.monotonic() < end, f"{heard(visitor) - before} audible samples in 15 s"
        visitor.page.wait_for_timeout(100)


def expect_lamp(visitor, colour, word):
    expect(visitor.page.locator("#lamp")).to_have_class(f"lamp {colour}")
    expect(visitor.page.locator("#lamp-word")).to_have_text(word)


def hang_up(visitor):
    visitor.handset()
    visitor.wait_for("SEALINE")


def test_a_recorded_call_by_pointer(visit, tmp_path):
    visitor = visit()
    assert visitor.page.locator("#card-pin").text_content() == MARISOL.pin
    expect(visitor.page.locator("#handset")).to_have_attribute("aria-pressed", "false")
    expect_lamp(visitor, "off", "off")
    visitor.order(MARISOL, SISTER.dialled)
    expect(visitor.page.locator("#handset")).to_have_attribute("aria-pressed", "true")
    expect(visitor.page.locator("#handset")).to_have_text("Hang up")
    expect(visitor.page.locator("#microphone")).to_have_text("on")
    assert visitor.reads()[0] == "RECORDED"
    assert "a minute" in visitor.reads()[1]
    visitor.press("#")
    visitor.wait_for("Calling")
    expect_heard(visitor)  # the ring-back tone
    visitor.wait_for("Talking")
    expect_lamp(visitor, "red", "recorded")
    expect_heard(visitor)  # speech
    visitor.page.screenshot(path=tmp_path / "recorded.png")
    visitor.page.locator("#drawer summary").click()
    expect(visitor.page.locator("#sealed tr").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    expect(visitor.page.locator("#link-state")).to_have_text("up")
    expect(visitor.page.locator("#console")).to_contain_text("locked")
    expect(visitor.page.locator("#sound")).to_contain_text(re.compile(r"\d{2,} to the ear, \d{2,} from the mouth"))
    visitor.page.screenshot(path=tmp_path / "behind.png")
    visitor.page.locator("#drawer summary").click()
    hang_up(visitor)
    expect_lamp(visitor, "off", "off")
    expect(visitor.page.locator("#microphone")).to_have_text("off")
    expect(visitor.page.locator("#records dl").first).to_contain_text("sealed seconds", timeout=PATIENCE_MS)


def test_a_private_call_by_keyboard_alone(visit):
    visitor = visit()
    before = visitor.page.locator("#records dl").count()
    keyboard = visitor.page.keyboard
    keyboard.press("Space")
    visitor.wait_for("English")
    keyboard.press("1")
    for prompt, typed in (
        ("Your number", MARISOL.person), ("Your PIN", MARISOL.pin), ("Dial, then", ATTORNEY.dialled)
    ):  # fmt: skip
        visitor.wait_for(prompt)
        keyboard.type(f"{typed}#")
    visitor.wait_for("Any key: call")
    keyboard.press("#")
    visitor.wait_for("Talking")
    assert visitor.reads()[0] == "PRIVATE"
    expect_lamp(visitor, "green", "private")
    expect_heard(visitor)
    keyboard.press("Space")
    visitor.wait_for("SEALINE")
    expect(visitor.page.locator("#records dl")).to_have_count(before + 1, timeout=PATIENCE_MS)
    expect(visitor.page.locator("#records dl").first).to_contain_text("none; readers: none")


def test_two_phones_a_reload_and_a_page_that_goes_away(visit):
    english, spanish = visit(0), visit(1)
    for visitor, caller in ((english, MARISOL), (spanish, TOMAS)):
        visitor.page.bring_to_front()
        visitor.order(caller, SISTER.dialled)
        visitor.press("#")
    english.wait_for("Talking")
    spanish.wait_for("Hablando")
    for visitor in (english, spanish):
        expect_heard(visitor)
    closed = time.monotonic()
    spanish.page.close()
    english.page.reload()
    english.wait_for("Talking")
    expect(english.page.locator("#handset")).to_have_attribute("aria-pressed", "true")
    expect_heard(english)
    english.page.wait_for_timeout(max(0, closed + GRACE_S + 1 - time.monotonic()) * 1000)
    again = visit(1)
    expect(again.page.locator("#handset")).to_have_attribute("aria-pressed", "false")
    assert "Talking" in english.reads()[1]
    hang_up(english)


def test_a_busy_line_is_told_on_the_display(visit):
    visitor = visit(1)
    visitor.order(TOMAS, WORKPLACE.dialled)
    visitor.press("#")
    visitor.wait_for("Ocupado")
    hang_up(visitor)


def test_a_phone_that_another_window_takes(visit):
    first = visit()
    second = visit()
    expect(first.page.locator("#banner")).to_contain_text("another window")
    expect(second.page.locator("#banner")).to_be_hidden()


def test_a_screen_reader_finds_its_way(visit):
    page = visit().page
    expect(page.get_by_role("button", name="Lift the handset", exact=True)).to_be_visible()
    for name in [*"1234567890", "star", "pound"]:
        expect(page.get_by_role("group", name="Keypad").get_by_role("button", name=name, exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Display")).to_contain_text("SEALINE")
    expect(page.locator("#announce")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#announce")).to_contain_text("SEALINE. Lift the handset")
    expect(page.get_by_role("heading", level=1)).to_have_text("Wall phone wing-a-1")
    expect(page.get_by_role("meter", name="You hear")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.title() == "Wall phone wing-a-1"
    assert page.evaluate(
        """() => {
            const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
            const doubled = ids.filter((id, at) => ids.indexOf(id) !== at);
            const lost = [...document.querySelectorAll('[aria-labelledby],[for]')]
                .map((e) => e.getAttribute('aria-labelledby') ?? e.getAttribute('for'))
                .filter((id) => !document.getElementById(id));
            const nameless = [...document.querySelectorAll('button,a,summary')]
                .filter((e) => !(e.getAttribute('aria-label') ?? e.textContent).trim()).map((e) => e.outerHTML);
            return [...doubled, ...lost, ...nameless];
        }"""
    ) == []  # fmt: skip


def test_tab_goes_from_the_handset_over_the_keys_to_the_drawer(visit):
    page = visit().page
    seen = []
    for _ in range(20):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(e => e.dataset?.key ?? (e.id || e.tagName))(document.activeElement)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", seen
        if seen[-1] == "SUMMARY":
            break
    assert seen == ["handset", *"123456789*0#", "A", "SUMMARY"]


def test_space_on_a_focused_key_presses_that_key_only(visit):
    visitor = visit()
    visitor.page.keyboard.press("Space")
    visitor.wait_for("English")
    visitor.page.locator('.key[data-key="2"]').focus()
    visitor.page.keyboard.press("Space")
    visitor.wait_for("Su numero")
    hang_up(visitor)


def test_texts_have_contrast_and_motion_can_be_reduced(visit):
    page = visit().page
    page.emulate_media(reduced_motion="reduce")
    for place in (".receiver", ".key"):
        assert page.locator(place).first.evaluate("e => getComputedStyle(e).transitionDuration") in ("0s", "")
    page.locator("#drawer summary").click()
    # the darkest and lightest steel of the plate, the paper, the drawer, the display
    pairs = [
        (".brand", "#b3b9bb"), ("#lamp-word", "#b3b9bb"), (".senses span", "#b3b9bb"), (".key small", "#b9bfc1"),
        (".note p", "#fbf7e6"), (".numbers span", "#fbf7e6"), ("#others a", "#fbf7e6"), (".handset-label", "#22282c"),
        (".drawer small", "#1d2327"), (".drawer pre", "#0a0d0f"), (".shelves p", "#14181b"), (".scroll th", "#0a0d0f"),
    ]  # fmt: skip
    for place, ground in pairs:
        ink = page.locator(place).first.evaluate("e => getComputedStyle(e).color")
        assert contrast(rgb(ink), rgb(ground)) >= 4.5, place
    assert contrast(rgb("#17230c"), rgb("#a9b785")) >= 4.5


@pytest.mark.parametrize("size", [HAND, (320, 700), (1280, 800)])
def test_nothing_is_cut_off_at_any_size(visit, size):
    page = visit().page
    page.set_viewport_size({"width": size[0], "height": size[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    for place in ("#dots", "#handset", '.key[data-key="#"]', "#lamp-word"):
        box = page.locator(place).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
    if size != (320, 700):
        last = page.locator('.key[data-key="#"]').bounding_box()
        assert last["y"] + last["height"] < size[1] - 50


def rgb(text):
    if text.startswith("#"):
        return tuple(int(text[at : at + 2], 16) for at in (1, 3, 5))
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def contrast(one, other):
    """WCAG 2.2: contrast ratio of two colours in sRGB."""

    def luminance(colour):
        parts = [(c / 255 / 12.92) if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
