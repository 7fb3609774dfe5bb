"""What a REGISTER was told survives the death of the server."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

_SERVER = """
import sys
from tests.bench import FakeServices, context, settle
from tests.modules.test_registrar import register
from luasip.modules.registrar import Registrar, RegistrarSettings
from luasip.modules.usrloc import Usrloc, UsrlocSettings
from luasip.storage import Databases

services = FakeServices(databases=Databases())
usrloc = Usrloc(UsrlocSettings(db_mode=1, db_url=sys.argv[1]), services)
registrar = Registrar(RegistrarSettings(), services, usrloc=usrloc)
usrloc.start()
for number in range(100000):
    ctx = context(register(f"<sip:{number}@h>", to=f"sip:{number}@example.com"), services)
    assert settle(registrar.save(ctx, "location", 0), lambda call: call.function()) == 1
    print(number, services.replies[-1][0], flush=True)
"""


def test_an_answered_contact_survives_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    command = [sys.executable, "-c", _SERVER, f"sqlite:///{file}"]
    answered: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        for line in server.stdout:
            number, status = line.split()
            assert status == "200"
            answered.append(number)
            if len(answered) == 25:
                server.send_signal(signal.SIGKILL)
                break
        # What it said before it died counts too.
        answered += [line.split()[0] for line in server.stdout if line.endswith("\n")]
    with sqlite3.connect(file) as connection:
        rows = {row[0] for row in connection.execute("select username from location")}
    assert set(answered) <= rows
    assert len(rows) <= len(answered) + 1
