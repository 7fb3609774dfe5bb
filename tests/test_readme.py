"""What README.md and conf/ show works as it stands there."""

import re
from pathlib import Path

import pytest

from luasip.__main__ import main
from luasip.server.settings import load_settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The only code block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_first_script_is_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "route.lua").write_text(block("lua"))
    (tmp_path / "luasip.toml").write_text(block("toml"))
    code = main(["check", "-c", str(tmp_path / "luasip.toml")])
    assert (code, capsys.readouterr().err) == (0, "")


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.toml")), ids=lambda file: file.name)
def test_shipped_settings_load(file: Path) -> None:
    assert load_settings(file).script.path.is_file()


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
