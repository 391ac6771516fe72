"""Horizon's newer pages, which the browser makes of what it asks for: their lists, and forms with steps and tables."""

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


def turn(dashboard: Dashboard, step: str) -> None:
    """Turn to a step of the form."""
    dashboard.click(f"//div[contains(@class, 'wizard-nav')]//a[span[normalize-space()='{step}']]")


def take(dashboard: Dashboard, row: str) -> None:
    """Move a row from those there are to those that are wanted."""
    dashboard.click(f"//available//tr[td[normalize-space()='{row}']]//button[.//span[contains(@class, 'fa-arrow-up')]]")


def put_back(dashboard: Dashboard, row: str) -> None:
    """Move it back."""
    dashboard.click(
        f"//allocated//tr[td[normalize-space()='{row}']]//button[.//span[contains(@class, 'fa-arrow-down')]]"
    )


def finish(dashboard: Dashboard, button: str, message: str) -> None:
    """Send the form by its button, and wait for this message."""
    dashboard.click(f"//div[contains(@class, 'modal-footer')]//button[normalize-space()='{button}']")
    dashboard.told(message)
