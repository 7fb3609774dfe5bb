import io
import logging
from pathlib import Path

from luasip.server.log_floods import made_record
from luasip.server.log_handlers import FileSink, StreamSink
from luasip.server.logs import setup
from luasip.server.settings_sections import LogSettings


class Disk(io.StringIO):
    """A stream that is full while `full` is set."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_sink_says_once_that_it_fails_and_once_that_it_works_again() -> None:
    disk = Disk()
    sink = StreamSink(disk)
    record = made_record("luasip", logging.INFO, "text")
    assert sink.write(record) == ""
    disk.full = True
    assert sink.write(record) == "the log on standard error cannot be written: [Errno 28] No space left on device"
    assert [sink.write(record) for _ in range(5)] == [""] * 5
    disk.full = False
    assert sink.write(record) == "the log on standard error can be written again, 6 records are missing there"
    assert sink.write(record) == ""
    assert disk.getvalue() == "text\n" * 3


def test_the_other_places_tell(tmp_path: Path) -> None:
    disk = Disk()
    file = tmp_path / "luasip.log"
    log = setup(LogSettings(file=str(file)), disk)
    disk.full = True
    for number in range(4):
        logging.getLogger("luasip.x").info("record %d", number)
    log.shutdown()
    text = file.read_text("utf-8")
    assert text.count("cannot be written: [Errno 28]") == 1
    assert "record 3" in text


def test_a_file_that_cannot_be_flushed_can_be_closed(tmp_path: Path) -> None:
    sink = FileSink(str(tmp_path / "x.log"), 0, 0)
    sink.write(made_record("luasip", logging.INFO, "text"))
    sink.close()
    assert (tmp_path / "x.log").read_text("utf-8") == "text\n"
