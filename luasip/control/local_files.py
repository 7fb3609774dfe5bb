"""Sockets and FIFOs as files: making them so that nobody but their owner gets at them, and removing them.

The permissions are set before the file has its name; there is no moment in which others may open it.
"""

import contextlib
import errno
import os
import shutil
import socket
import stat

from luasip.errors import TransportError

LONGEST_PATH = 107
"""Bytes the name of a UNIX socket may have on Linux."""


def open_socket(path: str, kind: socket.SocketKind, mode: int, group: str) -> socket.socket:
    """A bound UNIX socket; its folder is made, the file that an ended server left removed. Raises TransportError."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise TransportError(f"{path}: a socket's path may have {LONGEST_PATH} bytes")
    _make_folder(path)
    _make_way(path, kind)
    made = socket.socket(socket.AF_UNIX, kind)
    try:
        os.fchmod(made.fileno(), mode)
        made.bind(path)
        _open_to(path, mode, group)
    except OSError as error:
        made.close()
        raise TransportError(f"{path}: {error.strerror}") from None
    made.setblocking(False)
    return made


def _make_folder(path: str) -> None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise TransportError(f"{path}: its folder cannot be made: {error.strerror}") from None


def _make_way(path: str, kind: socket.SocketKind) -> None:
    """Remove the socket of a server that has ended. Raises TransportError when it lives or the file is another one."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise TransportError(f"{path}: there is a file that is no socket")
        if _is_answered(path, kind):
            raise TransportError(f"{path}: another server uses it")
        os.unlink(path)


def _is_answered(path: str, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_UNIX, kind) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno not in (errno.ECONNREFUSED, errno.ENOENT)
        return True


def open_fifo(path: str, mode: int, group: str) -> int:
    """A new FIFO, open for reading and, so that it never ends, for writing. Raises TransportError."""
    _make_folder(path)
    try:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISFIFO(os.lstat(path).st_mode):
                raise TransportError(f"{path}: there is a file that is no FIFO")
            os.unlink(path)
        os.mkfifo(path, mode)
        _open_to(path, mode, group)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        raise TransportError(f"{path}: {error.strerror}") from None


def _open_to(path: str, mode: int, group: str) -> None:
    """Give a file to its group, and give what the process's umask has taken away."""
    os.chmod(path, mode)
    if group:
        try:
            shutil.chown(path, group=group)
        except LookupError:
            raise TransportError(f"{path}: there is no group {group!r}") from None


def open_reply_fifo(folder: str, name: str) -> int:
    """A client's FIFO, open for writing. Raises OSError; ENXIO as long as the client does not read.

    Only a FIFO right in `folder` that has no other name is written to, whatever the client says.
    """
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise PermissionError(errno.EPERM, "not a plain name", name)
    path = os.path.join(folder, name)
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    found = os.fstat(descriptor)
    if not stat.S_ISFIFO(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise PermissionError(errno.EPERM, "not a FIFO, or one with several names", path)
    return descriptor


def remove(path: str) -> None:
    """Remove a socket or FIFO of ours."""
    with contextlib.suppress(OSError):
        os.unlink(path)
