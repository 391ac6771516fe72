"""Horizon's newer pages, which the browser makes of what it asks for: their lists and forms."""

from tests.conformance.horizon.dashboard import Dashboard


def act(dashboard: Dashboard, row: str, action: str) -> None:
    """Choose what is done to a row of the list, by the name it shows."""
    place = f"//tr[.//hz-cell[normalize-space()='{row}']]"
    wanted = f"{place}//*[self::button or self::a][normalize-space()='{action}']"
    if not any(each.is_shown for each in dashboard.wait_for(wanted)):
        dashboard.click(f"{place}//button[contains(@class, 'dropdown-toggle')]")
    dashboard.note(action)
    dashboard.click(wanted)


def press(dashboard: Dashboard, action: str) -> None:
    """Choose what is done above the list."""
    dashboard.note(action)
    dashboard.press(action)


def choose(dashboard: Dashboard, row: str) -> None:
    """Check the box of a row."""
    dashboard.click(f"//tr[.//hz-cell[normalize-space()='{row}']]//td[contains(@class, 'multi_select_column')]//label")


def finish(dashboard: Dashboard, button: str, message: str) -> None:
    """Send the form by its button, and wait for this message."""
    dashboard.click(f"//div[contains(@class, 'modal-footer')]//button[normalize-space()='{button}']")
    dashboard.told(message)
