"""What the operating system can keep a process from doing, asked for in the process itself, once and for good.

Each step is tried, and what this system does not have is left out; `confine` and `separate` return what is in force.
Linux has all of it; macOS has the bounds of `resource` alone, Windows none of them.
"""

import ctypes
import os
import struct
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

from rnn_course.grading.limits import Limits

NEW_USER, NEW_PID, NEW_NET, NEW_IPC, NEW_MOUNTS = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x00020000
DEATH_SIGNAL, SUBREAPER, NO_NEW_PRIVILEGES = 1, 36, 38  # of prctl
RECURSIVE_PRIVATE, NO_SUID_NO_DEVICES = 0x4000 | 0x40000, 2 | 4  # of mount
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # Landlock, the same numbers on every processor
READ = 1 << 2 | 1 << 3
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
OF_ABI = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 5: 1 << 16}  # from this version on, all rights are below this bit


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Be killed when the parent ends."""
    if libc := _libc():
        libc.prctl(DEATH_SIGNAL, 9, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none gets away."""
    if libc := _libc():
        libc.prctl(SUBREAPER, 1, 0, 0, 0)


def separate() -> list[str]:
    """Let the next child be the first of a world of its own: it sees and reaches no other process, and no network."""
    libc = _libc()
    user, group = os.getuid(), os.getgid()
    if libc is None or libc.unshare(NEW_USER | NEW_PID | NEW_NET | NEW_IPC) != 0:
        return []
    with suppress(OSError):
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return ["processes", "network"]


def confine(folder: Path, limits: Limits, readable: tuple[Path, ...]) -> list[str]:
    """Bound what this process and its children can use, write and read: files in `folder` only, `readable` besides."""
    return [*_own_disk(folder, limits), *_rlimits(limits), *_landlock(folder, readable)]


def _own_disk(folder: Path, limits: Limits) -> list[str]:
    """A small file system in memory over `folder`, which vanishes with the process."""
    libc = _libc()
    if libc is None or libc.unshare(NEW_MOUNTS) != 0:
        return []
    libc.mount(b"none", b"/", None, RECURSIVE_PRIVATE, None)
    libc.mount(b"proc", b"/proc", b"proc", NO_SUID_NO_DEVICES, None)
    size = f"size={limits.disk_mb}m,nr_inodes=10000,mode=700".encode()
    if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", NO_SUID_NO_DEVICES, size) != 0:
        return []
    os.chdir(folder)
    return ["disk"]


def _rlimits(limits: Limits) -> list[str]:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return []

    def bound(name: str, value: int) -> bool:
        kind = getattr(resource, name, None)
        if kind is None:
            return False
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))
            return True
        return False

    bound("RLIMIT_CORE", 0)
    bound("RLIMIT_NOFILE", 256)
    bounded = {
        "time": bound("RLIMIT_CPU", int(2 * limits.seconds) + 2),
        "file size": bound("RLIMIT_FSIZE", limits.disk_mb * 2**20),
        "memory": sys.platform == "linux" and bound("RLIMIT_AS", _address_space() + limits.memory_mb * 2**20),
    }
    return [name for name, done in bounded.items() if done]


def _address_space() -> int:
    """How much is in use already, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _landlock(folder: Path, readable: tuple[Path, ...]) -> list[str]:
    """No writing but in `folder`, no reading but there and in `readable`, no signals to processes outside."""
    libc = _libc()
    if libc is None:
        return []
    abi = libc.syscall(CREATE_RULESET, None, 0, 1)
    if abi < 1:
        return []
    rights = (OF_ABI[max(k for k in OF_ABI if k <= abi)] - 1) & ~1  # all but to run programs
    scopes = 3 if abi >= 6 else 0
    attributes = struct.pack("=QQQ", rights, 0, scopes)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    rules = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return []
    to_a_file = WRITE_FILE | 1 << 2 | (TRUNCATE if abi >= 3 else 0)
    for path, allowed in [(folder, rights), (Path("/dev/null"), to_a_file), *((p, READ) for p in readable)]:
        with suppress(OSError):
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = allowed if path.is_dir() else allowed & to_a_file
            libc.syscall(ADD_RULE, rules, 1, struct.pack("=Qi", allowed, opened), 0)
            os.close(opened)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done = libc.syscall(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return ["files"] if done else []


def readable_paths() -> tuple[Path, ...]:
    """What a notebook has to read: Python, the packages, the system's libraries, the data of the course."""
    from rnn_course.data import mnist

    package = Path(__file__).parents[1]
    found = [Path(entry) for entry in sysconfig.get_paths().values()]
    found += [Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    found += [Path(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    found += [Path(p) for p in ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev")]
    data = os.environ.get(mnist.VARIABLE)
    found += [package, Path(data).expanduser() if data else mnist.cache_folder()]
    return tuple(dict.fromkeys(path.resolve() for path in found if path.exists()))
