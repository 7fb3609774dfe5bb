"""Lines of text appended to files in a folder: what must outlive the process before somebody else has it.

A line belongs to the operating system when `append` returns, so that it outlives the process however that ends; a
power failure may cost what was appended since the last `sync`. A folder holds segments, files whose names sort in the
order of their making; only the newest one grows, and each process begins one of its own, because the last line of
a process that was killed may be cut short. Who reads says which segments are not needed any more. Knows nothing of
what the lines mean. Every method may be called from any thread.
"""

import contextlib
import fcntl
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Final

from luasip.errors import StorageError

SUFFIX: Final = ".journal"
SEGMENT_BYTES: Final = 4_194_304
"""Size at which a new segment is begun."""

_LONGEST_READ: Final = 1_048_576


class Journal:
    """One folder of segments, for this process only."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open the folder, making it if need be. Raises StorageError, also when another process has it."""
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._file = -1
        self._current = ""
        self._size = 0
        self._unsynced = False
        self._ended: list[int] = []
        """Files of segments that grow no more, until the next sync."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._folder_file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise StorageError(f"journal {folder}: {error}") from error
        try:
            fcntl.flock(self._folder_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._folder_file)
            raise StorageError(f"journal {folder}: another process uses it") from error

    def append(self, line: str) -> str:
        """Write an ASCII line without line end; returns its segment. Raises StorageError: then it is not written."""
        data = line.encode("ascii") + b"\n"
        with self._lock:
            try:
                if self._file < 0 or self._size >= self._segment_bytes:
                    self._begin_segment()
                self._write(data)
            except OSError as error:
                raise StorageError(f"journal {self.folder}: {error}") from error
            self._size += len(data)
            self._unsynced = True
            return self._current

    def segments(self) -> list[str]:
        """The names of all segments, oldest first. Raises StorageError."""
        try:
            return sorted(file.name for file in self.folder.iterdir() if file.suffix == SUFFIX)
        except OSError as error:
            raise StorageError(f"journal {self.folder}: {error}") from error

    def read(self, segment: str, offset: int = 0, most: int = 0) -> list[tuple[int, str]]:
        """Lines from `offset` on, each with the offset of the next; `most` lines, 0 for as many as one read brings.

        Empty at the end. A line cut short is not there. Raises StorageError.
        """
        try:
            with open(self.folder / segment, "rb") as file:
                file.seek(offset)
                data = file.read(_LONGEST_READ)
                if b"\n" not in data:  # one very long line, or the end
                    data += file.readline()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"journal {self.folder}: {error}") from error
        found: list[tuple[int, str]] = []
        for part in data.split(b"\n")[:-1]:
            offset += len(part) + 1
            found.append((offset, part.decode("latin-1")))
            if len(found) == most:
                break
        return found

    def remove(self, segment: str, at_offset: int = -1) -> bool:
        """Delete a segment, with `at_offset` only when it ends there; the one that grows needs that.

        Returns False when it stays. Raises StorageError.
        """
        with self._lock:
            if at_offset >= 0 and at_offset != self.size(segment):
                return False
            if segment == self._current:
                if at_offset < 0:
                    return False
                self._unsynced = False
                self._end_segment()
            try:
                (self.folder / segment).unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(f"journal {self.folder}: {error}") from error
            return True

    def grows(self, segment: str) -> bool:
        """Whether lines may still come in this segment."""
        with self._lock:
            return segment == self._current

    def size(self, segment: str) -> int:
        """Bytes of a segment, 0 when there is none."""
        try:
            return (self.folder / segment).stat().st_size
        except OSError:
            return 0

    def seal(self) -> None:
        """End the segment that grows; the next line begins a new one."""
        with self._lock:
            self._end_segment()

    def sync(self) -> None:
        """Have the disk keep what was appended so far, through a power failure. Raises StorageError."""
        with self._lock:
            files, self._ended = self._ended, []
            if self._unsynced:
                self._unsynced = False
                files.append(os.dup(self._file))
        if not files:
            return
        try:
            for file in files:
                os.fsync(file)
            os.fsync(self._folder_file)
        except OSError as error:
            raise StorageError(f"journal {self.folder}: {error}") from error
        finally:
            for file in files:
                os.close(file)

    def close(self) -> None:
        """Let go of the folder; what is in it stays."""
        self.seal()
        with contextlib.suppress(StorageError):
            self.sync()
        os.close(self._folder_file)

    def _begin_segment(self) -> None:
        self._end_segment()
        newest = max((int(name.partition("-")[0]) for name in self.segments()), default=0)
        number = max(int(time.time() * 1000), newest + 1)
        name = f"{number:015d}-{secrets.token_hex(4)}{SUFFIX}"
        self._file = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._current, self._size = name, 0

    def _end_segment(self) -> None:
        if self._unsynced:
            self._ended.append(self._file)
        elif self._file >= 0:
            os.close(self._file)
        self._file, self._current, self._size, self._unsynced = -1, "", 0, False

    def _write(self, data: bytes) -> None:
        """Write all of it or nothing; a segment that holds half a line grows no more."""
        written = 0
        try:
            while written < len(data):
                written += os.write(self._file, data[written:])
        except OSError:
            if written:
                self._end_segment()
            raise
