"""luasip/server/settings_reference.py: every section and every field is on the page, documented."""

from luasip.kemi.field_docs import field_documentation
from luasip.server.settings_base import Section
from luasip.server.settings_reference import render_settings_page
from luasip.server.settings_sections import Document


def sections() -> list[type[Section]]:
    found: list[type[Section]] = [Document]
    for section in found:
        for field in section.model_fields.values():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                found.append(field.annotation)
    return found


def test_every_field_is_documented() -> None:
    for section in sections():
        plain = {
            name
            for name, field in section.model_fields.items()
            if not (isinstance(field.annotation, type) and issubclass(field.annotation, Section))
        }
        assert plain <= set(field_documentation(section)), section.__name__


def test_page() -> None:
    page = render_settings_page()
    for heading in (
        "server",
        "server.tcp",
        "server.log",
        "script",
        "kemi",
        "pools.http",
        "define",
        "modules",
    ):
        assert f"\n## [{heading}]\n" in page
    http = page[page.index("## [pools.http]") : page.index("## [pools.lua]")]
    assert "HTTP requests." in http
    assert "| `threads` | integer | `16` |" in http
    assert "| `path` ↻ | string | required |" in page
